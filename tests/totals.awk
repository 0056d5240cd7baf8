# Reads CTest's LastTest.log and counts test functions from the "Totals:" lines that each Qt Test
# program prints. A program that failed without a failed function (a crash, a time-out, a leak) counts
# as one failure. Prints what was skipped, with its reason, and what failed; exit code 1 on a failure.
function close_test() {
    if (name != "" && !failed_here && (bad || !totals)) {
        failures[++failure_count] = name (totals ? " (failed after its last function)" : \
            " (ended without a result: not started, crashed or timed out)")
        failed++
    }
}
/^[0-9]+\/[0-9]+ Testing: / {
    close_test()
    name = $0
    sub(/^[0-9]+\/[0-9]+ Testing: /, "", name)
    bad = 0; totals = 0; failed_here = 0
}
/^Totals: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/ {
    passed += $2; failed += $4; skipped += $6
    failed_here += $4; totals++
}
/^SKIP   : / { skips[++skip_count] = substr($0, 10) }
/^FAIL!  : / || /^XPASS  : / { failures[++failure_count] = substr($0, 10) }
/^Test Failed\./ { bad = 1 }
END {
    close_test()
    if (skip_count) {
        print "\nSkipped:"
        for (i = 1; i <= skip_count; i++) print "  " skips[i]
    }
    if (failure_count) {
        print "\nFailed:"
        for (i = 1; i <= failure_count; i++) print "  " failures[i]
    }
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
}
