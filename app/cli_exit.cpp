#include "app/cli_exit.h"

namespace graft::cli {

int exitCodeFor(ErrorCode code) {
    switch (code) {
        case ErrorCode::Cancelled:
            return kExitInterrupted;
        case ErrorCode::NotFound:
            return kExitNotFound;
        case ErrorCode::PermissionDenied:
            return kExitPermission;
        case ErrorCode::DiskFull:
        case ErrorCode::Io:
            return kExitDisk;
        case ErrorCode::BadFormat:
        case ErrorCode::Unsupported:
        case ErrorCode::TooLarge:
        case ErrorCode::Mismatch:
        case ErrorCode::NewerVersion:
        case ErrorCode::InvalidArgument:
            return kExitBadInput;
        case ErrorCode::Busy:
            return kExitBusy;
        case ErrorCode::OutOfMemory:
            return kExitMemory;
        case ErrorCode::Network:
            return kExitNetwork;
        case ErrorCode::Diverged:
            return kExitDiverged;
        case ErrorCode::Internal:
            break;
    }
    return kExitInternal;
}

std::string exitCodeHelp() {
    return "Exit codes:\n"
           "  0    done\n"
           "  1    a defect of Graft\n"
           "  2    wrong usage, or input that cannot be used (damaged, of another kind, newer)\n"
           "  3    a file, folder or run that is not there\n"
           "  4    no permission to read or write\n"
           "  5    the disk is full or failed; what was saved before is intact\n"
           "  6    the training diverged (infinite loss); its last good state is kept\n"
           "  7    the project is open elsewhere\n"
           "  8    not enough memory\n"
           "  9    a download failed; what has arrived is kept and need not come again\n"
           "  130  interrupted (Ctrl+C); a training was saved, a download kept: both can go on\n";
}

}  // namespace graft::cli
