// Gradients of weights by Winograd's F(2x2, 3x3) of kernels.h. Two tiles make a word, so that
// products sum over tiles; points lie in panels of as many channels as are multiplied at a time:
// [panel][pairs][channels][2]. For kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/winograd_code.h"

namespace graft::fast {
namespace {

inline Square<2, Bf16> gradientsOf(const Tiles& tiles, std::int64_t tile, const Bf16* gradY,
                                   std::int64_t channels, const Bf16* zeros) {
    const TileAt at = tileAt(tiles, tile);
    return {gradY + at.picture * tiles.outHeight * tiles.outWidth * channels,
            tiles.outHeight,
            tiles.outWidth,
            channels,
            at.y,
            at.x,
            zeros};
}

/// The points of two rows of A g A^T, A = [1 0; 1 1; 1 -1; 0 -1]: the upper or the lower half.
template <int Half>
inline void halfOfGradient(const Square<2, Bf16>& g, std::int64_t c, Vec (&points)[8]) {
    Vec rows[2][2];
    for (int j = 0; j < 2; ++j) {
        const Vec upper = load(g.at[0][j] + c);
        const Vec lower = load(g.at[1][j] + c);
        rows[0][j] = Half == 0 ? upper : upper - lower;
        rows[1][j] = Half == 0 ? upper + lower : -lower;
    }
    for (int i = 0; i < 2; ++i) {
        points[4 * i] = rows[i][0];
        points[4 * i + 1] = rows[i][0] + rows[i][1];
        points[4 * i + 2] = rows[i][0] - rows[i][1];
        points[4 * i + 3] = -rows[i][1];
    }
}

/// The points of two rows of B^T d B.
template <int Half>
inline void halfOfInput(const Square<4, Bf16>& d, std::int64_t c, Vec (&points)[8]) {
    Vec rows[2][4];
    for (int j = 0; j < 4; ++j) {
        // What a half does not take the compiler does not load.
        const Vec d0 = load(d.at[0][j] + c), d1 = load(d.at[1][j] + c), d2 = load(d.at[2][j] + c),
                  d3 = load(d.at[3][j] + c);
        rows[0][j] = inputRow<2 * Half>(d0, d1, d2, d3);
        rows[1][j] = inputRow<2 * Half + 1>(d0, d1, d2, d3);
    }
    for (int i = 0; i < 2; ++i) {
        inputPoints(rows[i], [&](int j, Vec vec) { points[4 * i + j] = vec; });
    }
}

/// to[point * apart ...] = the points of two tiles side by side.
inline void storePairs(const Vec (&first)[8], const Vec (&second)[8], Bf16* to,
                       std::int64_t apart) {
    for (int point = 0; point < 8; ++point) {
        const Bits both = paired(first[point], second[point]);
        std::memcpy(to + point * apart, &both, sizeof both);
    }
}

template <int Half>
inline void spreadPair(const WinogradGradient& pass, std::int64_t tile, std::int64_t last,
                       std::int64_t pair) {
    const Tiles& tiles = pass.tiles;
    const std::int64_t next = smallest(tile + 1, last - 1);
    const Square<4, Bf16> d0 = inputsOf(tiles, tile, pass.x, pass.inputs, pass.zeros);
    const Square<2, Bf16> g0 = gradientsOf(tiles, tile, pass.gradY, pass.outputs, pass.zeros);
    Square<4, Bf16> d1 = inputsOf(tiles, next, pass.x, pass.inputs, pass.zeros);
    Square<2, Bf16> g1 = gradientsOf(tiles, next, pass.gradY, pass.outputs, pass.zeros);
    if (next == tile) {  // there is none
        d1.clear(pass.zeros);
        g1.clear(pass.zeros);
    }
    Vec first[8], second[8];
    for (std::int64_t c = 0; c < pass.inputs; c += kLanes) {
        const std::int64_t panel = c / kWinogradBlock * kWinogradBlock;
        const std::int64_t width = smallest(kWinogradBlock, pass.inputs - panel);
        halfOfInput<Half>(d0, c, first);
        halfOfInput<Half>(d1, c, second);
        storePairs(first, second,
                   pass.inputScratch + panel * pass.atOnce + 2 * (pair * width + c - panel),
                   pass.atOnce * pass.inputs);
    }
    for (std::int64_t c = pass.firstOutput; c < pass.endOutput; c += kLanes) {
        halfOfGradient<Half>(g0, c, first);
        halfOfGradient<Half>(g1, c, second);
        storePairs(first, second, pass.gradientScratch + c * pass.atOnce + 2 * pair * kLanes,
                   pass.atOnce * pass.outputs);
    }
}

inline void multiplyPairs(const WinogradGradient& pass, std::int64_t pairs, bool adds) {
    constexpr int kRows = 4;
    for (std::int64_t point = 0; point < 8; ++point) {
        const Bf16* inputs = pass.inputScratch + point * pass.atOnce * pass.inputs;
        const Bf16* gradients = pass.gradientScratch + point * pass.atOnce * pass.outputs;
        float* sums = pass.sums + point * pass.outputs * pass.inputs;
        for (std::int64_t c = 0; c < pass.inputs; c += kWinogradBlock) {
            const std::int64_t width = smallest(kWinogradBlock, pass.inputs - c);
            for (std::int64_t o = pass.firstOutput; o < pass.endOutput; o += kLanes) {
                const Matrices<Bf16> matrices{gradients + o * pass.atOnce, 2,           2 * kLanes,
                                              inputs + c * pass.atOnce,    2 * width,   pairs,
                                              sums + o * pass.inputs + c,  pass.inputs, adds};
                multiply<kRows>(matrices, kLanes, width);
            }
        }
    }
}

template <int Half>
inline void winogradGradientHalf(const WinogradGradient& pass, std::int64_t first,
                                 std::int64_t last) {
    for (std::int64_t begin = first; begin < last; begin += pass.atOnce) {
        const std::int64_t end = smallest(begin + pass.atOnce, last);
        const std::int64_t pairs = (end - begin + 1) / 2;
        for (std::int64_t pair = 0; pair < pairs; ++pair) {
            spreadPair<Half>(pass, begin + 2 * pair, last, pair);
        }
        multiplyPairs(pass, pairs, begin > first);
    }
}

void winogradGradient(const WinogradGradient& pass, std::int64_t first, std::int64_t last) {
    if (pass.lowerHalf) {
        winogradGradientHalf<1>(pass, first, last);
    } else {
        winogradGradientHalf<0>(pass, first, last);
    }
}

/// G^T s G, the way back through weightPoints.
void winogradGradientEnd(const float* sums, std::int64_t parts, std::int64_t inputs,
                         std::int64_t outputs, std::int64_t first, std::int64_t last,
                         float* gradWeight) {
    const std::int64_t point = outputs * inputs;
    const auto three = [](Vec s0, Vec s1, Vec s2, Vec s3, Vec* to) {
        const Vec even = (s1 + s2) * 0.5F;
        to[0] = s0 + even;
        to[1] = (s1 - s2) * 0.5F;
        to[2] = even + s3;
    };
    for (std::int64_t i = first * inputs; i < last * inputs; i += kLanes) {
        Vec rows[4][3];
        for (int row = 0; row < 4; ++row) {
            Vec s[4] = {};
            for (std::int64_t part = 0; part < parts; ++part) {
                for (int j = 0; j < 4; ++j) {
                    s[j] += load(sums + (part * kWinogradPoints + 4 * row + j) * point + i);
                }
            }
            three(s[0], s[1], s[2], s[3], rows[row]);
        }
        float* to = gradWeight + i / inputs * 9 * inputs + i % inputs;
        for (int j = 0; j < 3; ++j) {
            Vec taps[3];
            three(rows[0][j], rows[1][j], rows[2][j], rows[3][j], taps);
            for (int k = 0; k < 3; ++k) {
                store(to + (3 * k + j) * inputs, taps[k]);
            }
        }
    }
}

}  // namespace
}  // namespace graft::fast
