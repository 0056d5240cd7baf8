#include "core/base/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace graft {

namespace {

// Address space that glibc's malloc takes for each thread, before the thread needs any of it.
constexpr std::uint64_t kArena = std::uint64_t(64) << 20;

// Pages of this process: address space and resident ("statm").
struct PageCounts {
    std::uint64_t mapped = 0;
    std::uint64_t resident = 0;
};

PageCounts ownPages() {
    std::ifstream in("/proc/self/statm");
    PageCounts pages;
    in >> pages.mapped >> pages.resident;
    return pages;
}

std::uint64_t pageBytes() {
    return std::uint64_t(std::max(1L, sysconf(_SC_PAGESIZE)));
}

std::uint64_t memAvailable() {
    std::ifstream info("/proc/meminfo");
    std::string key;
    std::uint64_t kilobytes = 0;
    std::string unit;
    while (info >> key >> kilobytes) {
        std::getline(info, unit);
        if (key == "MemAvailable:") {
            return kilobytes * 1024;
        }
    }
    return 0;
}

}  // namespace

int hardwareThreads() {
    int cores = int(sysconf(_SC_NPROCESSORS_ONLN));
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        cores = CPU_COUNT(&allowed);
    }
    // Rounded up: two threads on a quota of 1.5 do the work of 1.5, one does that of 1.
    const GroupLimits limits = controlGroupLimits();
    if (limits.cpus && *limits.cpus < double(cores)) {
        cores = int(std::ceil(*limits.cpus - 0.05));
    }
    return std::max(1, cores);
}

std::uint64_t availableMemory() {
    std::uint64_t available = memAvailable();
    const auto atMost = [&available](std::uint64_t limit) {
        limit = std::max<std::uint64_t>(1, limit);  // 0 would say "unknown"
        available = available == 0 ? limit : std::min(available, limit);
    };
    if (const GroupLimits limits = controlGroupLimits(); limits.memoryLeft) {
        atMost(*limits.memoryLeft);
    }
    rlimit space{};
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
        const std::uint64_t used =
            ownPages().mapped * pageBytes() + kArena * 2 * std::uint64_t(hardwareThreads());
        atMost(space.rlim_cur - std::min<std::uint64_t>(space.rlim_cur, used));
    }
    return available;
}

std::uint64_t residentMemory() {
    return ownPages().resident * pageBytes();
}

std::uint64_t freeDiskSpace(const std::string& folder) {
    std::error_code failed;
    const auto space = std::filesystem::space(folder, failed);
    return failed ? 0 : space.available;
}

double secondsWithoutCore() {
    double seconds = 0;
    std::error_code failed;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", failed)) {
        std::ifstream file(task.path() / "schedstat");
        std::uint64_t running = 0;
        std::uint64_t waiting = 0;  // ns; Linux, Documentation/scheduler/sched-stats
        if (file >> running >> waiting) {
            seconds += double(waiting) * 1e-9;
        }
    }
    return seconds;
}

void lowerThreadPriority() {
    // Linux applies the nice value to one thread; threads started from it inherit it.
    constexpr int kNice = 10;
    setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), kNice);
}

std::string utcNow() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace graft
