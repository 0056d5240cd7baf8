// What the machine has and how background threads behave on it. Thread: any.
#pragma once

#include <cstdint>
#include <string>

namespace graft {

int hardwareThreads();             ///< cores this process may run on, at least 1
std::uint64_t availableMemory();   ///< bytes, from MemAvailable; 0 if unknown
std::uint64_t freeDiskSpace(const std::string& folder);  ///< bytes; 0 if unknown

/// Lowers the priority of the calling thread, and of the threads that it starts later (OpenMP's
/// among them), so that the window always gets its time slice.
void lowerThreadPriority();

/// The wall clock as ISO 8601 in UTC ("2026-03-01T12:00:00Z").
std::string utcNow();

}  // namespace graft
