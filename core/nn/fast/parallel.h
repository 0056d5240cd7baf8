// How a pass over memory is split among the run's threads: into equal parts whose number depends
// on the sizes and the thread count alone, so that sums are the same each time. Includes torch;
// private to core/nn/fast. Thread: the run's.
#pragma once

#include "core/nn/fast/kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace graft::fast {

constexpr std::int64_t kWorthAThread = 1 << 15;  ///< numbers; below, waking one costs more

inline std::int64_t partsFor(std::int64_t numbers, std::int64_t most) {
    return std::clamp<std::int64_t>(numbers / kWorthAThread, 1,
                                    std::min<std::int64_t>(at::get_num_threads(), most));
}

/// body(part, begin, end) over `count` items of `width` numbers each.
template <class Body>
void overParts(std::int64_t count, std::int64_t parts, const Body& body) {
    const auto run = [&](std::int64_t part) {
        body(part, part * count / parts, (part + 1) * count / parts);
    };
    if (parts == 1) {
        run(0);
        return;
    }
    at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = begin; part < end; ++part) {
            run(part);
        }
    });
}

template <class Body>
void overItems(std::int64_t count, std::int64_t width, const Body& body) {
    if (count > 0) {
        overParts(count, partsFor(count * width, count),
                  [&](std::int64_t, std::int64_t begin, std::int64_t end) { body(begin, end); });
    }
}

/// Two sums per channel over all rows, each part's added in order.
struct ChannelSums {
    std::vector<double> first, second;
};

/// pass(first row, rows, first sums, second sums) adds what it finds.
template <class Pass>
ChannelSums sumOver(Rows size, const Pass& pass) {
    const auto channels = std::size_t(size.channels);
    const std::int64_t parts = partsFor(size.rows * size.channels, size.rows);
    std::vector<double> sums(std::size_t(parts) * 2 * channels, 0.0);
    overParts(size.rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        double* own = sums.data() + std::size_t(part) * 2 * channels;
        pass(begin, Rows{end - begin, size.channels}, own, own + channels);
    });
    ChannelSums total{std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
    for (std::size_t part = 0; part < std::size_t(parts); ++part) {
        for (std::size_t c = 0; c < channels; ++c) {
            total.first[c] += sums[2 * part * channels + c];
            total.second[c] += sums[(2 * part + 1) * channels + c];
        }
    }
    return total;
}

}  // namespace graft::fast
