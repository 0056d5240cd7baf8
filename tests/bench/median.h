// The middle of a few measurements, the upper one of two. Thread: any.
#pragma once

#include <algorithm>
#include <vector>

namespace graft::bench {

/// 0 where there are none.
inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace graft::bench
