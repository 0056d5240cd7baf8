// Max-pool, for kernels_code.h only. Where there is a way back, each output remembers which place
// of its window was taken, and each input gathers from the windows that hold it. Thread: any.
#pragma once

#include "core/nn/fast/vec.h"

namespace graft::fast {
namespace {

template <bool MayFall, bool Remembers>
void maxPoolOf(const Bf16* x, const float* falling, const Window& w, Bf16* y, std::uint8_t* taken) {
    for (std::int64_t oy = 0; oy < w.outHeight; ++oy) {
        const Taps down = tapsInside(oy, w.height, w.kernel, w.stride, w.padTop);
        for (std::int64_t ox = 0; ox < w.outWidth; ++ox) {
            const Taps across = tapsInside(ox, w.width, w.kernel, w.stride, w.padLeft);
            const std::int64_t out = (oy * w.outWidth + ox) * w.channels;
            overChannels(w.channels, [&](std::int64_t c, auto lanes) {
                Vec sign = all(1.0F);
                if constexpr (MayFall) {
                    sign = lanes.get(falling + c) < 0.0F ? all(-1.0F) : sign;
                }
                Vec best = all(-__builtin_inff());
                Mask where{};
                for (std::int64_t ky = down.first; ky < down.last; ++ky) {
                    for (std::int64_t kx = across.first; kx < across.last; ++kx) {
                        const std::int64_t iy = oy * w.stride - w.padTop + ky;
                        const std::int64_t ix = ox * w.stride - w.padLeft + kx;
                        Vec v = lanes.get(x + (iy * w.width + ix) * w.channels + c);
                        if constexpr (MayFall) {
                            v *= sign;
                        }
                        // Not a number wins, as in torch.
                        const Mask better = (v > best) | (v != v);
                        best = better ? v : best;
                        if constexpr (Remembers) {
                            where = better ? Mask{} + std::int32_t(ky * w.kernel + kx) : where;
                        }
                    }
                }
                lanes.put(y + out + c, MayFall ? best * sign : best);
                if constexpr (Remembers) {
                    const Bytes bytes = lowBytes(where);
                    std::memcpy(taken + out + c, &bytes, std::size_t(lanesOf(lanes)));
                }
            });
        }
    }
}

void maxPool(const Bf16* x, const float* falling, const Window& w, Bf16* y, std::uint8_t* taken) {
    if (taken == nullptr) {
        maxPoolOf<false, false>(x, nullptr, w, y, nullptr);
    } else if (falling != nullptr) {
        maxPoolOf<true, true>(x, falling, w, y, taken);
    } else {
        maxPoolOf<false, true>(x, nullptr, w, y, taken);
    }
}

/// Where the windows lie that hold one input pixel: rows [top, bottom], columns [left, right].
struct Holders {
    std::int64_t top, bottom, left, right;
};

/// Sums for `Count` vectors of one pixel: a window's numbers are looked up once for all of them.
template <int Count, class Lanes>
inline void gatherPooled(const Bf16* gradY, const std::uint8_t* taken, const Window& w,
                         const Holders& holders, std::int64_t iy, std::int64_t ix, std::int64_t c,
                         Lanes lanes, Bf16* to) {
    Vec sums[Count] = {};
    for (std::int64_t oy = holders.top; oy <= holders.bottom; ++oy) {
        const std::int64_t row = (iy + w.padTop - oy * w.stride) * w.kernel + ix + w.padLeft;
        for (std::int64_t ox = holders.left; ox <= holders.right; ++ox) {
            const std::int32_t tap = std::int32_t(row - ox * w.stride);
            const std::int64_t out = (oy * w.outWidth + ox) * w.channels + c;
            for (int i = 0; i < Count; ++i) {
                Bytes bytes{};
                std::memcpy(&bytes, taken + out + i * kLanes, std::size_t(lanesOf(lanes)));
                const Mask hit = lengthen(bytes) == tap;
                sums[i] += hit ? lanes.get(gradY + out + i * kLanes) : Vec{};
            }
        }
    }
    for (int i = 0; i < Count; ++i) {
        lanes.put(to + i * kLanes, sums[i]);
    }
}

void maxPoolBackward(const Bf16* gradY, const std::uint8_t* taken, const Window& w,
                     std::int64_t first, std::int64_t last, Bf16* gradX) {
    constexpr int kTogether = 4;
    for (std::int64_t iy = first; iy < last; ++iy) {
        Holders holders{};
        // oy * stride - pad <= iy < that + kernel
        holders.bottom = smallest(w.outHeight - 1, (iy + w.padTop) / w.stride);
        holders.top = largest(0, (iy + w.padTop - w.kernel + w.stride) / w.stride);
        for (std::int64_t ix = 0; ix < w.width; ++ix) {
            holders.right = smallest(w.outWidth - 1, (ix + w.padLeft) / w.stride);
            holders.left = largest(0, (ix + w.padLeft - w.kernel + w.stride) / w.stride);
            Bf16* to = gradX + ((iy - first) * w.width + ix) * w.channels;
            std::int64_t c = 0;
            for (; c + kTogether * kLanes <= w.channels; c += kTogether * kLanes) {
                gatherPooled<kTogether>(gradY, taken, w, holders, iy, ix, c, Whole{}, to + c);
            }
            overChannels(w.channels - c, [&](std::int64_t rest, auto lanes) {
                gatherPooled<1>(gradY, taken, w, holders, iy, ix, c + rest, lanes, to + c + rest);
            });
        }
    }
}

}  // namespace
}  // namespace graft::fast
