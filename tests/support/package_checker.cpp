// The second process of the parity check, for tests: `package_checker check-package FOLDER`.
// GRAFT_TEST_CHECKER=crash, wrong, silent or empty makes it misbehave.
#include "core/base/atomic_file.h"
#include "core/deploy/package.h"
#include "core/deploy/parity.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// Makes the first answer of a true result wrong.
graft::Status spoilResult(const std::string& folder) {
    const std::string path = folder + "/" + graft::kCheckResult;
    GRAFT_TRY(const std::string text, graft::readWholeFile(path, 1 << 26));
    nlohmann::json json = nlohmann::json::parse(text);
    auto& row = json["probabilities"][0];
    std::swap(row[0], row[1]);
    return graft::writeFileAtomically(path, json.dump());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 || std::string(argv[1]) != "check-package") {
        std::fputs("check-package FOLDER\n", stderr);
        return 2;
    }
    const char* wish = std::getenv("GRAFT_TEST_CHECKER");
    const std::string mode = wish != nullptr ? wish : "";
    if (mode == "crash") {
        std::fputs("about to crash\n", stderr);
        std::abort();
    }
    if (mode == "silent") {
        std::puts("progress 1 7");
        std::fflush(stdout);
        ::pause();
    }
    if (mode == "empty") {
        return 0;
    }
    graft::Status done = graft::checkPackage(argv[2]);
    if (done && mode == "wrong") {
        done = spoilResult(argv[2]);
    }
    if (!done) {
        std::fputs((done.error().text() + "\n").c_str(), stderr);
        return 1;
    }
    return 0;
}
