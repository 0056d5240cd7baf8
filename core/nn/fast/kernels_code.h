// The loops of kernels.h, included by kernels_portable.cpp and kernels_avx512.cpp, which are
// compiled for different processors. Everything has internal linkage, so that neither takes the
// other's. Thread: any.
#pragma once

#include "core/nn/fast/vec.h"

namespace graft::fast {
namespace {

/// Calls pass.template operator()<A>() with A = act.
template <class Pass>
inline void withAct(Act act, Pass pass) {
    switch (act) {
        case Act::Relu:
            return pass.template operator()<Act::Relu>();
        case Act::Relu6:
            return pass.template operator()<Act::Relu6>();
        case Act::Silu:
            return pass.template operator()<Act::Silu>();
        case Act::Hardswish:
            return pass.template operator()<Act::Hardswish>();
        case Act::None:
            break;
    }
    pass.template operator()<Act::None>();
}

/// So many rows fit in half of the first cache; sums over them stay in registers.
inline std::int64_t rowsAtOnce(std::int64_t channels) {
    const std::int64_t rows = 16384 / channels;
    return rows < 32 ? 32 : rows;
}

inline void addTo(double* sums, Vec vec, std::int64_t count) {
    float values[kLanes];
    store(values, vec);
    for (std::int64_t i = 0; i < count; ++i) {
        sums[i] += double(values[i]);
    }
}
inline std::int64_t lanesOf(Whole) {
    return kLanes;
}
inline std::int64_t lanesOf(Part part) {
    return part.count;
}

/// Sums of `Vectors` vectors from channel c on, over rows [begin, end). Some rows at once where there
/// are few vectors: each addition would wait for the one before it.
template <int Vectors, class Lanes, class Body>
inline void sumStrip(std::int64_t begin, std::int64_t end, std::int64_t c, Lanes lanes,
                     double* first, double* second, Body body) {
    constexpr int kRows = 4 / Vectors;
    Vec a[kRows][Vectors] = {};
    Vec b[kRows][Vectors] = {};
    const auto take = [&](std::int64_t from, int rows) {
        for (int r = 0; r < rows; ++r) {
            for (int i = 0; i < Vectors; ++i) {
                body(from + r, c + i * kLanes, lanes, &a[r][i], &b[r][i]);
            }
        }
    };
    std::int64_t row = begin;
    for (; row + kRows <= end; row += kRows) {
        take(row, kRows);
    }
    take(row, int(end - row));
    for (int r = 0; r < kRows; ++r) {
        for (int i = 0; i < Vectors; ++i) {
            addTo(first + c + i * kLanes, a[r][i], lanesOf(lanes));
            addTo(second + c + i * kLanes, b[r][i], lanesOf(lanes));
        }
    }
}

/// Two sums per channel over all rows: body(row, channel, lanes, &sum1, &sum2).
template <class Body>
inline void sumRows(Rows size, double* first, double* second, Body body) {
    const std::int64_t step = rowsAtOnce(size.channels);
    for (std::int64_t begin = 0; begin < size.rows; begin += step) {
        const std::int64_t end = begin + step < size.rows ? begin + step : size.rows;
        std::int64_t c = 0;
        for (; c + 4 * kLanes <= size.channels; c += 4 * kLanes) {
            sumStrip<4>(begin, end, c, Whole{}, first, second, body);
        }
        for (; c + 2 * kLanes <= size.channels; c += 2 * kLanes) {
            sumStrip<2>(begin, end, c, Whole{}, first, second, body);
        }
        overChannels(size.channels - c, [&](std::int64_t rest, auto lanes) {
            sumStrip<1>(begin, end, c + rest, lanes, first, second, body);
        });
    }
}

void toBf16(const float* from, Bf16* to, std::int64_t count) {
    overChannels(count, [&](std::int64_t i, auto lanes) { lanes.put(to + i, lanes.get(from + i)); });
}

void toFloat(const Bf16* from, float* to, std::int64_t count) {
    overChannels(count, [&](std::int64_t i, auto lanes) { lanes.put(to + i, lanes.get(from + i)); });
}

void interleave(const float* from, std::int64_t planes, std::int64_t planeSize,
                std::int64_t pixels, std::int64_t channels, Bf16* to) {
    if (channels > planes) {
        std::memset(to, 0, std::size_t(pixels * channels) * sizeof *to);
    }
    for (std::int64_t plane = 0; plane < planes; ++plane) {
        overChannels(pixels, [&](std::int64_t i, auto lanes) {
            Bf16 values[kLanes];
            store(values, lanes.get(from + plane * planeSize + i));
            for (std::int64_t k = 0; k < lanesOf(lanes); ++k) {
                to[(i + k) * channels + plane] = values[k];
            }
        });
    }
}

void toBlocks(const Bf16* from, Rows size, Bf16* to) {
    for (std::int64_t row = 0; row < size.rows; ++row) {
        for (std::int64_t c = 0; c < size.channels; c += kLanes) {
            std::memcpy(to + c * size.rows + row * kLanes, from + row * size.channels + c,
                        std::size_t(kLanes) * sizeof *to);
        }
    }
}

void pairOutputs(const float* weight, std::int64_t taps, std::int64_t inputs, Bf16* to) {
    const std::int64_t output = taps * inputs;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
        for (std::int64_t i = 0; i < inputs; i += kLanes) {
            const float* from = weight + tap * inputs + i;
            Bf16* block = to + (i * taps + tap * kLanes) * kLanes;
            for (std::int64_t pair = 0; pair < kLanes / 2; ++pair) {
                const Bits both =
                    paired(load(from + 2 * pair * output), load(from + (2 * pair + 1) * output));
                std::memcpy(block + pair * 2 * kLanes, &both, sizeof both);
            }
        }
    }
}

void normSums(const Bf16* x, Rows size, const float* origin, double* sums, double* squares) {
    sumRows(size, sums, squares,
            [&](std::int64_t row, std::int64_t c, auto lanes, Vec* sum, Vec* square) {
                const Vec away = lanes.get(x + row * size.channels + c) - lanes.get(origin + c);
                *sum += away;
                *square = fma(away, away, *square);
            });
}

template <Act A, bool Residual>
void normForwardRows(const NormForward& pass) {
    const std::int64_t channels = pass.size.channels;
    constexpr std::int64_t kRows = 4;
    const auto rowsFrom = [&](std::int64_t row, std::int64_t count) {
        overChannels(channels, [&](std::int64_t c, auto lanes) {
            const Vec scale = lanes.get(pass.scale + c);
            const Vec shift = lanes.get(pass.shift + c);
            for (std::int64_t r = row; r < row + count; ++r) {
                const std::int64_t at = r * channels + c;
                Vec z = fma(lanes.get(pass.x + at), scale, shift);
                if constexpr (Residual) {
                    z += lanes.get(pass.residual + at);
                }
                lanes.put(pass.y + at, activated<A>(z));
            }
        });
    };
    std::int64_t row = 0;
    for (; row + kRows <= pass.size.rows; row += kRows) {
        rowsFrom(row, kRows);
    }
    rowsFrom(row, pass.size.rows - row);
}

void normForward(const NormForward& pass) {
    withAct(pass.act, [&]<Act A>() {
        if (pass.residual != nullptr) {
            normForwardRows<A, true>(pass);
        } else {
            normForwardRows<A, false>(pass);
        }
    });
}

/// Gradient before the activation.
template <Act A, bool FromY, class Lanes>
inline Vec gradientAt(const NormBackward& pass, std::int64_t at, std::int64_t c, Vec x,
                      Lanes lanes) {
    const Vec gradient = lanes.get(pass.gradY + at);
    if constexpr (A == Act::None) {
        return gradient;
    } else if constexpr (FromY) {
        return activatedBackward<A>(lanes.get(pass.y + at), gradient);
    } else {
        const Vec z = fma(x, lanes.get(pass.scale + c), lanes.get(pass.shift + c));
        return activatedBackward<A>(z, gradient);
    }
}

template <Act A, bool FromY>
void normBackwardSumsOf(const NormBackward& pass, double* sums, double* products) {
    sumRows(pass.size, sums, products,
            [&](std::int64_t row, std::int64_t c, auto lanes, Vec* sum, Vec* product) {
                const std::int64_t at = row * pass.size.channels + c;
                const Vec x = lanes.get(pass.x + at);
                const Vec g = gradientAt<A, FromY>(pass, at, c, x, lanes);
                *sum += g;
                *product = fma(g, x - lanes.get(pass.mean + c), *product);
            });
}

void normBackwardSums(const NormBackward& pass, double* sums, double* products) {
    withAct(pass.act, [&]<Act A>() {
        if (pass.y != nullptr) {
            normBackwardSumsOf<A, true>(pass, sums, products);
        } else {
            normBackwardSumsOf<A, false>(pass, sums, products);
        }
    });
}

template <Act A, bool FromY>
void normBackwardRows(const NormBackward& pass) {
    const std::int64_t channels = pass.size.channels;
    const std::int64_t step = 4;
    for (std::int64_t begin = 0; begin < pass.size.rows; begin += step) {
        const std::int64_t end = begin + step < pass.size.rows ? begin + step : pass.size.rows;
        overChannels(channels, [&](std::int64_t c, auto lanes) {
            const Vec a = lanes.get(pass.a + c);
            const Vec b = lanes.get(pass.b + c);
            const Vec offset = lanes.get(pass.c + c);
            const Vec mean = lanes.get(pass.mean + c);
            for (std::int64_t row = begin; row < end; ++row) {
                const std::int64_t at = row * channels + c;
                const Vec x = lanes.get(pass.x + at);
                const Vec g = gradientAt<A, FromY>(pass, at, c, x, lanes);
                lanes.put(pass.gradX + at, fma(a, g, fma(b, x - mean, offset)));
                if constexpr (FromY) {
                    if (pass.gradResidual != nullptr) {
                        lanes.put(pass.gradResidual + at, g);
                    }
                }
            }
        });
    }
}

void normBackward(const NormBackward& pass) {
    withAct(pass.act, [&]<Act A>() {
        if (pass.y != nullptr) {
            normBackwardRows<A, true>(pass);
        } else {
            normBackwardRows<A, false>(pass);
        }
    });
}

void activate(const Bf16* x, Bf16* y, std::int64_t count, Act act) {
    withAct(act, [&]<Act A>() {
        overChannels(count, [&](std::int64_t i, auto lanes) {
            lanes.put(y + i, activated<A>(lanes.get(x + i)));
        });
    });
}

void activateBackward(const Bf16* x, const Bf16* gradY, Bf16* gradX, std::int64_t count, Act act) {
    withAct(act, [&]<Act A>() {
        overChannels(count, [&](std::int64_t i, auto lanes) {
            lanes.put(gradX + i,
                      activatedBackward<A>(lanes.get(x + i), lanes.get(gradY + i)));
        });
    });
}

inline std::int64_t largest(std::int64_t a, std::int64_t b) {
    return a > b ? a : b;
}
inline std::int64_t smallest(std::int64_t a, std::int64_t b) {
    return a < b ? a : b;
}

/// Positions of a window that lie inside the picture.
struct Taps {
    std::int64_t first, last;  ///< [first, last)
};
inline Taps tapsInside(std::int64_t out, std::int64_t size, int kernel, int stride, int pad) {
    const std::int64_t start = out * stride - pad;
    return {largest(0, -start), smallest(kernel, size - start)};
}

void mean(const Bf16* x, Rows size, float* result) {
    overChannels(size.channels, [&](std::int64_t c, auto lanes) {
        Vec sum{};
        for (std::int64_t row = 0; row < size.rows; ++row) {
            sum += lanes.get(x + row * size.channels + c);
        }
        lanes.put(result + c, sum * (1.0F / float(size.rows)));
    });
}

void scaleRows(const Bf16* x, Rows size, const float* factor, const float* offset, Bf16* y) {
    overChannels(size.channels, [&](std::int64_t c, auto lanes) {
        const Vec times = lanes.get(factor + c);
        const Vec plus = offset != nullptr ? lanes.get(offset + c) : Vec{};
        for (std::int64_t row = 0; row < size.rows; ++row) {
            const std::int64_t at = row * size.channels + c;
            lanes.put(y + at, fma(lanes.get(x + at), times, plus));
        }
    });
}

void dotRows(const Bf16* x, const Bf16* gradY, Rows size, float* products) {
    overChannels(size.channels, [&](std::int64_t c, auto lanes) {
        Vec sum{};
        for (std::int64_t row = 0; row < size.rows; ++row) {
            const std::int64_t at = row * size.channels + c;
            sum = fma(lanes.get(x + at), lanes.get(gradY + at), sum);
        }
        lanes.put(products + c, sum);
    });
}

}  // namespace
}  // namespace graft::fast

#include "core/nn/fast/depthwise_code.h"
#include "core/nn/fast/pool_code.h"
#include "core/nn/fast/update_code.h"
#include "core/nn/fast/winograd_gradient_code.h"

namespace graft::fast {
namespace {

constexpr Kernels tableNamed(const char* name) {
    return {name,
            toBf16,
            toFloat,
            interleave,
            toBlocks,
            pairOutputs,
            normSums,
            normForward,
            normBackwardSums,
            normBackward,
            activate,
            activateBackward,
            maxPool,
            maxPoolBackward,
            depthwise,
            depthwiseBackward,
            depthwiseWeights,
            winograd<Bf16>,
            winograd<float>,
            winogradWeights<Bf16>,
            winogradWeights<float>,
            winogradTurned,
            winogradGradient,
            winogradGradientEnd,
            mean,
            scaleRows,
            dotRows,
            sgd,
            adam};
}

}  // namespace
}  // namespace graft::fast
