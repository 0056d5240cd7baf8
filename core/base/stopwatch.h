// Elapsed time for measurements inside the program. Thread: any.
#pragma once

#include <chrono>

namespace graft {

inline double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace graft
