// Fault injection: a library to preload (LD_PRELOAD) that makes the k-th writing call on files
// below a folder fail, so that a test can walk through every call of a save. Nothing outside the
// folder is touched, and reading always works.
//
// By environment, from the start of the process:
//   GRAFT_FAIL_FOLDER  files below this folder are meant (compared as text, so give the real path)
//   GRAFT_FAIL_CALL    the 1-based number of the call that fails
//   GRAFT_FAIL_ERRNO   with this errno; 28 (ENOSPC) if unset
//   GRAFT_FAIL_STICKY  1: that call and all later ones, until the process ends
//   GRAFT_FAIL_REPORT  file that gets one line "CALL PATH" for each failure that happened; without
//                      it a clean run and a run with a fault cannot be told apart
// Within a process: fail_io.h.
//
// Counted: write, writev, pwrite, pwritev, fsync, fdatasync, ftruncate, fallocate, rename, link,
// mkdir, and open with write access. Calls that libc makes to itself (fopen, fwrite) are not seen.
#include "tests/support/fail_io.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

struct Plan {
    std::mutex mutex;
    char folder[PATH_MAX] = {};
    char report[PATH_MAX] = {};
    long failCall = 0;  ///< 0: never
    int errnoValue = ENOSPC;
    bool sticky = false;
    long calls = 0;
    long failures = 0;
    char lastFailed[32] = {};
};

Plan& plan() {
    static Plan* shared = [] {
        auto* made = new Plan;  // lives to the end: other destructors still write
        const char* folder = std::getenv("GRAFT_FAIL_FOLDER");
        const char* call = std::getenv("GRAFT_FAIL_CALL");
        const char* value = std::getenv("GRAFT_FAIL_ERRNO");
        const char* sticky = std::getenv("GRAFT_FAIL_STICKY");
        const char* report = std::getenv("GRAFT_FAIL_REPORT");
        std::snprintf(made->folder, sizeof made->folder, "%s", folder ? folder : "");
        std::snprintf(made->report, sizeof made->report, "%s", report ? report : "");
        made->failCall = folder && call ? std::atol(call) : 0;
        made->errnoValue = value ? std::atoi(value) : ENOSPC;
        made->sticky = sticky && *sticky == '1';
        return made;
    }();
    return *shared;
}

bool isBelow(const char* path, const char* folder) {
    const std::size_t length = std::strlen(folder);
    return length > 0 && std::strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

void report(const Plan& now, const char* call, const char* path) {
    if (now.report[0] == '\0') {
        return;
    }
    char line[PATH_MAX + 64];
    const int length = std::snprintf(line, sizeof line, "%s %s\n", call, path);
    // Straight to the kernel, past this library.
    const long descriptor = ::syscall(SYS_openat, AT_FDCWD, now.report,
                                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
        ::syscall(SYS_write, descriptor, line, std::size_t(length));
        ::syscall(SYS_close, descriptor);
    }
}

// True: this call shall fail, and errno is set.
bool failsOnPath(const char* call, const char* path) {
    Plan& now = plan();
    const std::lock_guard lock(now.mutex);
    if (now.failCall == 0 || !path || !isBelow(path, now.folder)) {
        return false;
    }
    ++now.calls;
    if (now.calls < now.failCall || (!now.sticky && now.calls > now.failCall)) {
        return false;
    }
    ++now.failures;
    std::snprintf(now.lastFailed, sizeof now.lastFailed, "%s", call);
    report(now, call, path);
    errno = now.errnoValue;
    return true;
}

bool failsOnDescriptor(const char* call, int descriptor) {
    char link[64];
    char path[PATH_MAX];
    const int saved = errno;
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = ::readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    return failsOnPath(call, path);
}

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int openFile(const char* name, int folder, const char* path, int flags, mode_t mode) {
    if ((flags & O_ACCMODE) != O_RDONLY && failsOnPath("open", path)) {
        return -1;
    }
    if (folder == AT_FDCWD) {
        static const auto plain = next<int (*)(const char*, int, ...)>("open");
        (void)name;
        return plain(path, flags, mode);
    }
    static const auto at = next<int (*)(int, const char*, int, ...)>("openat");
    return at(folder, path, flags, mode);
}

mode_t modeFrom(int flags, va_list& list) {
    return (flags & (O_CREAT | O_TMPFILE)) ? mode_t(va_arg(list, int)) : mode_t(0);
}

}  // namespace

// Each stands in for the function of libc of that name.
#define GRAFT_ON_DESCRIPTOR(result, name, parameters, arguments)           \
    extern "C" result name parameters {                                    \
        static const auto real = next<result(*) parameters>(#name);        \
        return failsOnDescriptor(#name, descriptor) ? -1 : real arguments; \
    }

GRAFT_ON_DESCRIPTOR(ssize_t, write, (int descriptor, const void* data, size_t count),
                    (descriptor, data, count))
GRAFT_ON_DESCRIPTOR(ssize_t, writev, (int descriptor, const iovec* parts, int count),
                    (descriptor, parts, count))
GRAFT_ON_DESCRIPTOR(ssize_t, pwrite, (int descriptor, const void* data, size_t count, off_t at),
                    (descriptor, data, count, at))
GRAFT_ON_DESCRIPTOR(ssize_t, pwrite64, (int descriptor, const void* data, size_t count, off64_t at),
                    (descriptor, data, count, at))
GRAFT_ON_DESCRIPTOR(ssize_t, pwritev, (int descriptor, const iovec* parts, int count, off_t at),
                    (descriptor, parts, count, at))
GRAFT_ON_DESCRIPTOR(int, fsync, (int descriptor), (descriptor))
GRAFT_ON_DESCRIPTOR(int, fdatasync, (int descriptor), (descriptor))
GRAFT_ON_DESCRIPTOR(int, ftruncate, (int descriptor, off_t size), (descriptor, size))
GRAFT_ON_DESCRIPTOR(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size))
GRAFT_ON_DESCRIPTOR(int, fallocate, (int descriptor, int mode, off_t at, off_t size),
                    (descriptor, mode, at, size))
GRAFT_ON_DESCRIPTOR(int, fallocate64, (int descriptor, int mode, off64_t at, off64_t size),
                    (descriptor, mode, at, size))

#define GRAFT_ON_PATH(name, parameters, arguments, path)         \
    extern "C" int name parameters {                             \
        static const auto real = next<int(*) parameters>(#name); \
        return failsOnPath(#name, path) ? -1 : real arguments;   \
    }

GRAFT_ON_PATH(rename, (const char* from, const char* to) noexcept, (from, to), to)
GRAFT_ON_PATH(renameat, (int a, const char* from, int b, const char* to) noexcept, (a, from, b, to),
              to)
GRAFT_ON_PATH(renameat2, (int a, const char* from, int b, const char* to, unsigned flags) noexcept,
              (a, from, b, to, flags), to)
GRAFT_ON_PATH(link, (const char* from, const char* to) noexcept, (from, to), to)
GRAFT_ON_PATH(mkdir, (const char* path, mode_t mode) noexcept, (path, mode), path)

#define GRAFT_ON_OPEN(name)                                  \
    extern "C" int name(const char* path, int flags, ...) {  \
        va_list list;                                        \
        va_start(list, flags);                               \
        const mode_t mode = modeFrom(flags, list);           \
        va_end(list);                                        \
        return openFile(#name, AT_FDCWD, path, flags, mode); \
    }
#define GRAFT_ON_OPENAT(name)                                           \
    extern "C" int name(int folder, const char* path, int flags, ...) { \
        va_list list;                                                   \
        va_start(list, flags);                                          \
        const mode_t mode = modeFrom(flags, list);                      \
        va_end(list);                                                   \
        return openFile(#name, folder, path, flags, mode);              \
    }

GRAFT_ON_OPEN(open)
GRAFT_ON_OPEN(open64)
GRAFT_ON_OPENAT(openat)
GRAFT_ON_OPENAT(openat64)

extern "C" int creat(const char* path, mode_t mode) {
    return openFile("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

// What glibc's checked headers call when no mode is given.
extern "C" int __open_2(const char* path, int flags) {
    return openFile("open", AT_FDCWD, path, flags, 0);
}

extern "C" int __open64_2(const char* path, int flags) {
    return openFile("open", AT_FDCWD, path, flags, 0);
}

// --- control from within the process (fail_io.h) ------------------------------------------------

extern "C" void graft_fail_io_arm(const char* folder, long failCall, int errnoValue, int sticky) {
    Plan& now = plan();
    const std::lock_guard lock(now.mutex);
    std::snprintf(now.folder, sizeof now.folder, "%s", folder);
    now.failCall = failCall;
    now.errnoValue = errnoValue;
    now.sticky = sticky != 0;
    now.calls = 0;
    now.failures = 0;
}

extern "C" long graft_fail_io_disarm() {
    Plan& now = plan();
    const std::lock_guard lock(now.mutex);
    now.failCall = 0;
    return now.failures;
}

extern "C" const char* graft_fail_io_last() {
    return plan().lastFailed;
}
