// What the machine has and how background threads behave on it. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace graft {

/// What the control groups of this process (a container, a systemd slice, a batch job) leave it.
struct GroupLimits {
    std::optional<double> cpus;               ///< processors' worth of time, may be 1.5
    std::optional<std::uint64_t> memoryLeft;  ///< bytes until the limit; file caches count as free
};
/// The tightest of the group and those around it, version 1 or 2. `root` stands for "/" in tests.
GroupLimits controlGroupLimits(const std::string& root = {});

/// Threads that can compute at once: the cores this process may run on, and no more than its time
/// quota rounded up; at least 1.
int hardwareThreads();
/// Bytes that can be taken before the system refuses or kills: the least of MemAvailable, what the
/// control groups leave, and what the address-space limit leaves for more than threads' arenas;
/// 0 if unknown.
std::uint64_t availableMemory();
/// Bytes of memory this process has in use now (resident); 0 if unknown.
std::uint64_t residentMemory();
std::uint64_t freeDiskSpace(const std::string& folder);  ///< bytes; 0 if unknown

/// Seconds that the living threads of this process were ready to run but had no core, added up; 0
/// where the system does not tell. The increase over a time says what other programs took away.
double secondsWithoutCore();

/// Lowers the priority of the calling thread, and of the threads that it starts later (OpenMP's
/// among them), so that the window always gets its time slice.
void lowerThreadPriority();

/// The wall clock as ISO 8601 in UTC ("2026-03-01T12:00:00Z").
std::string utcNow();

}  // namespace graft
