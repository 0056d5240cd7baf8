#include "core/base/result.h"

namespace graft {

const char* errorCodeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::Cancelled:
            return "cancelled";
        case ErrorCode::NotFound:
            return "not-found";
        case ErrorCode::PermissionDenied:
            return "permission-denied";
        case ErrorCode::DiskFull:
            return "disk-full";
        case ErrorCode::Io:
            return "io";
        case ErrorCode::Network:
            return "network";
        case ErrorCode::BadFormat:
            return "bad-format";
        case ErrorCode::Unsupported:
            return "unsupported";
        case ErrorCode::TooLarge:
            return "too-large";
        case ErrorCode::Mismatch:
            return "mismatch";
        case ErrorCode::Busy:
            return "busy";
        case ErrorCode::NewerVersion:
            return "newer-version";
        case ErrorCode::InvalidArgument:
            return "invalid-argument";
        case ErrorCode::OutOfMemory:
            return "out-of-memory";
        case ErrorCode::Diverged:
            return "diverged";
        case ErrorCode::Internal:
            break;
    }
    return "internal";
}

}  // namespace graft
