// The small program in bin that a person starts. It sets what has to stand in the environment before
// any library of the real program is loaded, then becomes that program, libexec/graft/NAME: same
// process, same arguments, signals and exit code. OpenMP's runtime and malloc read their settings
// while they are loaded, before main(), and before anything that the program itself could run:
// setting them there is too late. Uses neither LibTorch nor the C++ library, so that it costs a
// millisecond.
// Thread: the only one.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

// How often a thread that waits for the others looks again before it sleeps (some tens of
// microseconds). libgomp's own choice is to spin on for milliseconds, which is lost time for
// everyone as soon as a core has something else to do. See resources/docs/costs.md.
constexpr char kSpinCount[] = "10000";

// A setting of the user, whatever it says, is left alone.
void chooseWaiting() {
    if (!getenv("OMP_WAIT_POLICY") && !getenv("GOMP_SPINCOUNT")) {
        setenv("GOMP_SPINCOUNT", kSpinCount, 0);
    }
}

// Decoded pictures come and go by the hundred: from memory that is kept and has large pages. By
// itself malloc would ask the system for each, or not, depending on what was freed before. Systems
// with another libc do not know the variable. See resources/docs/costs.md.
constexpr char kMallocTunables[] =
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:"
    "glibc.malloc.trim_threshold=67108864";

void chooseMemory() {
    setenv("GLIBC_TUNABLES", kMallocTunables, 0);
}

// FOLDER/bin/NAME -> FOLDER/libexec/graft/NAME; false when it does not fit.
bool programPath(char (&path)[PATH_MAX]) {
    char self[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        return false;
    }
    self[length] = '\0';
    char* name = strrchr(self, '/');
    if (!name) {
        return false;
    }
    *name++ = '\0';
    const int written = snprintf(path, sizeof path, "%s/../libexec/graft/%s", self, name);
    return written > 0 && size_t(written) < sizeof path;
}

}  // namespace

int main(int, char** argv) {
    chooseWaiting();
    chooseMemory();
    char path[PATH_MAX];
    if (!programPath(path)) {
        fputs("Graft cannot find out where it is installed (is /proc mounted?).\n", stderr);
        return 1;
    }
    execv(path, argv);
    fprintf(stderr, "Graft is not complete: %s: %s\nInstall it again.\n", path, strerror(errno));
    return 1;
}
