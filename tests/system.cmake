graft_test(tst_layering LABEL system SOURCES system/tst_layering.cpp)
graft_test(tst_cli_text LABEL unit SOURCES unit/tst_cli_text.cpp LINK graft_cli_lib)

# Tests of the real program, as a process.
foreach(name tst_cli tst_cli_bad_input tst_cli_interrupt tst_cli_cost tst_cli_pretrain tst_launcher)
    graft_test(${name} LABEL system TIMEOUT 1800 SOURCES system/${name}.cpp LINK graft_base)
    add_dependencies(${name} graft-cli)
endforeach()
target_compile_definitions(tst_launcher PRIVATE GRAFT_OPENBLAS_OPENMP="${GRAFT_OPENBLAS_OPENMP}")
graft_test(tst_cli_quick LABEL system TIMEOUT 900 SOURCES system/tst_cli_quick.cpp LINK graft_train)
add_dependencies(tst_cli_quick graft-cli)
graft_test(tst_cli_weights LABEL system SOURCES system/tst_cli_weights.cpp LINK graft_nn)
add_dependencies(tst_cli_weights graft-cli)

add_executable(tst_acceptance system/tst_acceptance.cpp)
target_include_directories(tst_acceptance PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(tst_acceptance PRIVATE QT_NO_KEYWORDS
    GRAFT_SOURCE_DIR="${PROJECT_SOURCE_DIR}" GRAFT_BINARY_DIR="${PROJECT_BINARY_DIR}")
target_link_libraries(tst_acceptance PRIVATE graft_base Qt6::Test)
add_dependencies(tst_acceptance graft-cli)
# One seed; medians of three seeds with all rounds take more than an hour and are a benchmark.
add_test(NAME tst_acceptance COMMAND tst_acceptance)
set_tests_properties(tst_acceptance PROPERTIES LABELS system TIMEOUT 1800
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT}")
add_test(NAME bench_acceptance COMMAND tst_acceptance)
set_tests_properties(bench_acceptance PROPERTIES LABELS bench TIMEOUT 7200
    ENVIRONMENT "${GRAFT_TEST_ENVIRONMENT};GRAFT_SEEDS=3")
