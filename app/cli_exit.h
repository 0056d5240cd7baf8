// Exit codes of graft-cli: what a script can tell apart. Thread: any.
#pragma once

#include "core/base/result.h"

#include <string>

namespace graft::cli {

enum ExitCode {
    kExitDone = 0,
    kExitInternal = 1,
    kExitBadInput = 2,
    kExitNotFound = 3,
    kExitPermission = 4,
    kExitDisk = 5,
    kExitDiverged = 6,
    kExitBusy = 7,
    kExitMemory = 8,
    kExitNetwork = 9,
    kExitInterrupted = 130,
};

int exitCodeFor(ErrorCode code);
std::string exitCodeHelp();  ///< the table for --help

}  // namespace graft::cli
