// Depthwise convolution of kernels.h: each channel has a kernel of its own, so that 16 channels
// are one vector and nothing is ever summed across lanes. A tile of neighbouring outputs shares
// what it loads. For kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/vec.h"

namespace graft::fast {
namespace {

constexpr int kTile = 4;  ///< outputs side by side; their sums and inputs fill the registers

template <int K, int S>
struct Tile {
    static constexpr int kInputs = (kTile - 1) * S + K;
};

/// Outputs [first, last) of a row whose whole window, tile by tile, lies inside.
struct Inside {
    std::int64_t first, last;
};
inline Inside insideOf(const Window& w) {
    std::int64_t first = (w.padLeft + w.stride - 1) / w.stride;
    std::int64_t last = (w.width + w.padLeft - w.kernel) / w.stride + 1;
    first = smallest(first, w.outWidth);
    last = smallest(largest(last, first), w.outWidth);
    return {first, last};
}

/// One output at the edge, or of any kernel.
template <class Lanes>
inline Vec depthwiseAt(const Bf16* x, const float* weight, const Window& w, std::int64_t oy,
                       std::int64_t ox, std::int64_t c, Lanes lanes) {
    const Taps down = tapsInside(oy, w.height, w.kernel, w.stride, w.padTop);
    const Taps across = tapsInside(ox, w.width, w.kernel, w.stride, w.padLeft);
    Vec sum{};
    for (std::int64_t ky = down.first; ky < down.last; ++ky) {
        const std::int64_t iy = oy * w.stride - w.padTop + ky;
        for (std::int64_t kx = across.first; kx < across.last; ++kx) {
            const std::int64_t ix = ox * w.stride - w.padLeft + kx;
            sum = fma(lanes.get(x + (iy * w.width + ix) * w.channels + c),
                      lanes.get(weight + (ky * w.kernel + kx) * w.channels + c), sum);
        }
    }
    return sum;
}

template <int K, int S, class Lanes>
inline void depthwiseTile(const Bf16* x, const float* weight, const Window& w, std::int64_t oy,
                          std::int64_t ox, std::int64_t c, Lanes lanes, Bf16* y) {
    const Taps down = tapsInside(oy, w.height, K, S, w.padTop);
    Vec sums[kTile] = {};
    for (std::int64_t ky = down.first; ky < down.last; ++ky) {
        const Bf16* row =
            x + ((oy * S - w.padTop + ky) * w.width + ox * S - w.padLeft) * w.channels + c;
        Vec inputs[Tile<K, S>::kInputs];
        for (int i = 0; i < Tile<K, S>::kInputs; ++i) {
            inputs[i] = lanes.get(row + i * w.channels);
        }
        for (int kx = 0; kx < K; ++kx) {
            const Vec factor = lanes.get(weight + (ky * K + kx) * w.channels + c);
            for (int i = 0; i < kTile; ++i) {
                sums[i] = fma(inputs[i * S + kx], factor, sums[i]);
            }
        }
    }
    for (int i = 0; i < kTile; ++i) {
        lanes.put(y + (oy * w.outWidth + ox + i) * w.channels + c, sums[i]);
    }
}

template <int K, int S>
void depthwiseRows(const Bf16* x, const float* weight, const Window& w, std::int64_t first,
                   std::int64_t last, Bf16* y) {
    const Inside inside = insideOf(w);
    for (std::int64_t oy = first; oy < last; ++oy) {
        overChannels(w.channels, [&](std::int64_t c, auto lanes) {
            std::int64_t ox = 0;
            const auto single = [&](std::int64_t end) {
                for (; ox < end; ++ox) {
                    lanes.put(y + (oy * w.outWidth + ox) * w.channels + c,
                              depthwiseAt(x, weight, w, oy, ox, c, lanes));
                }
            };
            single(inside.first);
            if constexpr (K > 0) {
                for (; ox + kTile <= inside.last; ox += kTile) {
                    depthwiseTile<K, S>(x, weight, w, oy, ox, c, lanes, y);
                }
            }
            single(w.outWidth);
        });
    }
}

void depthwise(const Bf16* x, const float* weight, const Window& w, std::int64_t first,
               std::int64_t last, Bf16* y) {
    const int shape = w.kernel * 10 + w.stride;
    switch (shape) {
        case 31:
            return depthwiseRows<3, 1>(x, weight, w, first, last, y);
        case 32:
            return depthwiseRows<3, 2>(x, weight, w, first, last, y);
        case 51:
            return depthwiseRows<5, 1>(x, weight, w, first, last, y);
        case 52:
            return depthwiseRows<5, 2>(x, weight, w, first, last, y);
        default:
            return depthwiseRows<0, 0>(x, weight, w, first, last, y);
    }
}

void depthwiseBackward(const Bf16* gradY, const float* weight, const Window& w, std::int64_t first,
                       std::int64_t last, Bf16* gradX) {
    for (std::int64_t iy = first; iy < last; ++iy) {
        const std::int64_t bottom = smallest(w.outHeight - 1, (iy + w.padTop) / w.stride);
        const std::int64_t top = largest(0, (iy + w.padTop - w.kernel + w.stride) / w.stride);
        overChannels(w.channels, [&](std::int64_t c, auto lanes) {
            for (std::int64_t ix = 0; ix < w.width; ++ix) {
                const std::int64_t right = smallest(w.outWidth - 1, (ix + w.padLeft) / w.stride);
                const std::int64_t left =
                    largest(0, (ix + w.padLeft - w.kernel + w.stride) / w.stride);
                Vec sum{};
                for (std::int64_t oy = top; oy <= bottom; ++oy) {
                    const std::int64_t ky = iy + w.padTop - oy * w.stride;
                    for (std::int64_t ox = left; ox <= right; ++ox) {
                        const std::int64_t kx = ix + w.padLeft - ox * w.stride;
                        sum = fma(lanes.get(gradY + (oy * w.outWidth + ox) * w.channels + c),
                                  lanes.get(weight + (ky * w.kernel + kx) * w.channels + c), sum);
                    }
                }
                lanes.put(gradX + (iy * w.width + ix) * w.channels + c, sum);
            }
        });
    }
}

/// Adds one output's share to the sums of the positions of its window.
template <class Lanes>
inline void weightsAt(const Bf16* x, const Bf16* gradY, const Window& w, std::int64_t oy,
                      std::int64_t ox, std::int64_t c, Lanes lanes, float* gradWeight) {
    const Taps down = tapsInside(oy, w.height, w.kernel, w.stride, w.padTop);
    const Taps across = tapsInside(ox, w.width, w.kernel, w.stride, w.padLeft);
    const Vec gradient = lanes.get(gradY + (oy * w.outWidth + ox) * w.channels + c);
    for (std::int64_t ky = down.first; ky < down.last; ++ky) {
        const std::int64_t iy = oy * w.stride - w.padTop + ky;
        for (std::int64_t kx = across.first; kx < across.last; ++kx) {
            const std::int64_t ix = ox * w.stride - w.padLeft + kx;
            float* to = gradWeight + (ky * w.kernel + kx) * w.channels + c;
            lanes.put(to, fma(lanes.get(x + (iy * w.width + ix) * w.channels + c), gradient,
                              lanes.get(to)));
        }
    }
}

/// The outputs of one row that lie inside, for one row of the kernel: K sums in registers.
template <int K, int S, class Lanes>
inline void weightsOfRow(const Bf16* x, const Bf16* gradY, const Window& w, std::int64_t tiles,
                         std::int64_t c, Lanes lanes, float* gradWeight) {
    Vec sums[K] = {};
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        const Bf16* row = x + tile * kTile * S * w.channels + c;
        Vec inputs[Tile<K, S>::kInputs];
        for (int i = 0; i < Tile<K, S>::kInputs; ++i) {
            inputs[i] = lanes.get(row + i * w.channels);
        }
        for (int i = 0; i < kTile; ++i) {
            const Vec gradient = lanes.get(gradY + (tile * kTile + i) * w.channels + c);
            for (int kx = 0; kx < K; ++kx) {
                sums[kx] = fma(inputs[i * S + kx], gradient, sums[kx]);
            }
        }
    }
    for (int kx = 0; kx < K; ++kx) {
        float* to = gradWeight + kx * w.channels + c;
        lanes.put(to, lanes.get(to) + sums[kx]);
    }
}

template <int K, int S>
void weightsOfRows(const Bf16* x, const Bf16* gradY, const Window& w, std::int64_t first,
                   std::int64_t last, float* gradWeight) {
    const Inside inside = insideOf(w);
    const std::int64_t tiles = K > 0 ? (inside.last - inside.first) / kTile : 0;
    for (std::int64_t oy = first; oy < last; ++oy) {
        overChannels(w.channels, [&](std::int64_t c, auto lanes) {
            for (std::int64_t ox = 0; ox < w.outWidth; ++ox) {
                if (ox == inside.first) {
                    ox += tiles * kTile;
                    if (ox >= w.outWidth) {
                        break;
                    }
                }
                weightsAt(x, gradY, w, oy, ox, c, lanes, gradWeight);
            }
            if constexpr (K > 0) {
                const Taps down = tapsInside(oy, w.height, K, S, w.padTop);
                for (std::int64_t ky = down.first; ky < down.last && tiles > 0; ++ky) {
                    const std::int64_t iy = oy * S - w.padTop + ky;
                    const std::int64_t ix = inside.first * S - w.padLeft;
                    weightsOfRow<K, S>(x + (iy * w.width + ix) * w.channels,
                                       gradY + (oy * w.outWidth + inside.first) * w.channels, w,
                                       tiles, c, lanes, gradWeight + ky * K * w.channels);
                }
            }
        });
    }
}

void depthwiseWeights(const Bf16* x, const Bf16* gradY, const Window& w, std::int64_t first,
                      std::int64_t last, float* gradWeight) {
    const int shape = w.kernel * 10 + w.stride;
    switch (shape) {
        case 31:
            return weightsOfRows<3, 1>(x, gradY, w, first, last, gradWeight);
        case 32:
            return weightsOfRows<3, 2>(x, gradY, w, first, last, gradWeight);
        case 51:
            return weightsOfRows<5, 1>(x, gradY, w, first, last, gradWeight);
        case 52:
            return weightsOfRows<5, 2>(x, gradY, w, first, last, gradWeight);
        default:
            return weightsOfRows<0, 0>(x, gradY, w, first, last, gradWeight);
    }
}

}  // namespace
}  // namespace graft::fast
