// Control of the preloaded fault-injection library (fail_io.cpp) from within a process. Without
// LD_PRELOAD, failIoLoaded() is false and the rest does nothing. Thread: any.
#pragma once

#include <dlfcn.h>

#include <cerrno>
#include <string>

namespace graft::testing {

inline bool failIoLoaded() {
    return ::dlsym(RTLD_DEFAULT, "graft_fail_io_arm") != nullptr;
}

/// From now on the `call`-th writing call (1-based) on files below `folder` fails with
/// `errnoValue`; with `sticky` all later ones too. Counting starts anew.
inline void armFailIo(const std::string& folder, long call, int errnoValue = ENOSPC,
                      bool sticky = false) {
    using Arm = void (*)(const char*, long, int, int);
    if (const auto arm = reinterpret_cast<Arm>(::dlsym(RTLD_DEFAULT, "graft_fail_io_arm"))) {
        arm(folder.c_str(), call, errnoValue, sticky ? 1 : 0);
    }
}

/// Everything works again. Returns how many calls were made to fail since armFailIo; 0 means that
/// the work is done with fewer calls than the armed number, so every one of them was tried.
inline long disarmFailIo() {
    using Disarm = long (*)();
    const auto disarm = reinterpret_cast<Disarm>(::dlsym(RTLD_DEFAULT, "graft_fail_io_disarm"));
    return disarm ? disarm() : 0;
}

/// Name of the call that failed last ("pwrite64"), "" before the first.
inline std::string lastFailedCall() {
    using Last = const char* (*)();
    const auto last = reinterpret_cast<Last>(::dlsym(RTLD_DEFAULT, "graft_fail_io_last"));
    return last ? last() : "";
}

}  // namespace graft::testing
