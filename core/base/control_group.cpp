// The limits of control groups, read from their files (kernel documentation: cgroup-v2,
// cgroup-v1/memory, scheduler/sched-bwc).
#include "core/base/machine.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace graft {
namespace {
namespace fs = std::filesystem;

template <class T>
void keepLeast(std::optional<T>& least, T value) {
    least = least ? std::min(*least, value) : value;
}

// The first number of a file; nothing for "max", "-1" and files that are not there.
std::optional<std::uint64_t> numberIn(const fs::path& file) {
    std::ifstream in(file);
    std::int64_t number = 0;
    return in >> number && number >= 0 ? std::optional(std::uint64_t(number)) : std::nullopt;
}

// A value of memory.stat, 0 if it is not there.
std::uint64_t statistic(const fs::path& file, const std::string& wanted) {
    std::ifstream in(file);
    std::string key;
    std::uint64_t value = 0;
    while (in >> key >> value) {
        if (key == wanted) {
            return value;
        }
    }
    return 0;
}

// Cached files that nobody has touched lately are given up before anything is refused.
void takeMemory(GroupLimits& limits, std::optional<std::uint64_t> limit,
                std::optional<std::uint64_t> usage, std::uint64_t reclaimable) {
    // Version 1 says "no limit" with a number near the largest there is.
    constexpr std::uint64_t kNoLimit = std::uint64_t(1) << 60;
    if (!limit || !usage || *limit >= kNoLimit) {
        return;
    }
    const std::uint64_t used = *usage - std::min(*usage, reclaimable);
    keepLeast(limits.memoryLeft, *limit - std::min(*limit, used));
}

void takeVersion2(GroupLimits& limits, const fs::path& group) {
    takeMemory(limits, numberIn(group / "memory.max"), numberIn(group / "memory.current"),
               statistic(group / "memory.stat", "inactive_file"));
    std::ifstream quota(group / "cpu.max");  // "150000 100000" or "max 100000"
    double time = 0;
    double period = 0;
    if (quota >> time >> period && time > 0 && period > 0) {
        keepLeast(limits.cpus, time / period);
    }
}

void takeVersion1(GroupLimits& limits, const fs::path& group) {
    takeMemory(limits, numberIn(group / "memory.limit_in_bytes"),
               numberIn(group / "memory.usage_in_bytes"),
               statistic(group / "memory.stat", "total_inactive_file"));
    const auto time = numberIn(group / "cpu.cfs_quota_us");
    const auto period = numberIn(group / "cpu.cfs_period_us");
    if (time && period && *time > 0 && *period > 0) {
        keepLeast(limits.cpus, double(*time) / double(*period));
    }
}

// The group below `mount`, then every group around it. Inside a container the path may be that of
// the host, which is not there: the mount itself is then the group.
std::vector<fs::path> groupAndAround(const fs::path& mount, const std::string& path) {
    std::vector<fs::path> folders;
    fs::path group = fs::path(path).relative_path();
    while (!group.empty()) {
        folders.push_back(mount / group);
        group = group.parent_path();
    }
    folders.push_back(mount);
    return folders;
}

bool listed(const std::string& controllers, const std::string& wanted) {
    std::istringstream in(controllers);
    for (std::string one; std::getline(in, one, ',');) {
        if (one == wanted) {
            return true;
        }
    }
    return false;
}

}  // namespace

GroupLimits controlGroupLimits(const std::string& root) {
    GroupLimits limits;
    const fs::path mounts = root + "/sys/fs/cgroup";
    std::ifstream groups(root + "/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {  // number:controllers:path
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            for (const fs::path& mount : {mounts, mounts / "unified"}) {
                for (const fs::path& group : groupAndAround(mount, path)) {
                    takeVersion2(limits, group);
                }
            }
        }
        for (const char* controller : {"memory", "cpu"}) {
            if (listed(controllers, controller)) {
                for (const fs::path& mount : {mounts / controllers, mounts / controller}) {
                    for (const fs::path& group : groupAndAround(mount, path)) {
                        takeVersion1(limits, group);
                    }
                }
            }
        }
    }
    return limits;
}

}  // namespace graft
