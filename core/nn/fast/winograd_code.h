// Winograd's F(2x2, 3x3) of kernels.h: pictures and weights transformed 16 channels at a time. For
// kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/matrix_code.h"

namespace graft::fast {
namespace {

/// Where a tile's outputs begin.
struct TileAt {
    std::int64_t picture, y, x;
};

inline TileAt tileAt(const Tiles& tiles, std::int64_t tile) {
    const std::int64_t inPicture = tile % tiles.perPicture;
    return {tile / tiles.perPicture, inPicture / tiles.perRow * 2, inPicture % tiles.perRow * 2};
}

/// The pixels of a Size x Size square whose corner is at (y, x); `outside` where there is none.
template <int Size, class T>
struct Square {
    const T* at[Size][Size];

    Square(const T* picture, std::int64_t height, std::int64_t width, std::int64_t channels,
           std::int64_t y, std::int64_t x, const T* outside) {
        for (std::int64_t i = 0; i < Size; ++i) {
            for (std::int64_t j = 0; j < Size; ++j) {
                const bool inside = y + i >= 0 && y + i < height && x + j >= 0 && x + j < width;
                at[i][j] = inside ? picture + ((y + i) * width + x + j) * channels : outside;
            }
        }
    }

    void clear(const T* outside) {
        for (auto& row : at) {
            for (const T*& pixel : row) {
                pixel = outside;
            }
        }
    }
};

template <class T>
inline Square<4, T> inputsOf(const Tiles& tiles, std::int64_t tile, const T* x,
                             std::int64_t channels, const T* zeros) {
    const TileAt at = tileAt(tiles, tile);
    return {x + at.picture * tiles.height * tiles.width * channels,
            tiles.height,
            tiles.width,
            channels,
            at.y - tiles.padTop,
            at.x - tiles.padLeft,
            zeros};
}

/// Row I of B^T d, B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
template <int I>
inline Vec inputRow(Vec d0, Vec d1, Vec d2, Vec d3) {
    if constexpr (I == 0) {
        return d0 - d2;
    } else if constexpr (I == 1) {
        return d1 + d2;
    } else if constexpr (I == 2) {
        return d2 - d1;
    } else {
        return d1 - d3;
    }
}

/// put(point, vec) for the four points of a row of B^T d B.
template <class Put>
inline void inputPoints(const Vec (&row)[4], Put put) {
    put(0, inputRow<0>(row[0], row[1], row[2], row[3]));
    put(1, inputRow<1>(row[0], row[1], row[2], row[3]));
    put(2, inputRow<2>(row[0], row[1], row[2], row[3]));
    put(3, inputRow<3>(row[0], row[1], row[2], row[3]));
}

/// put(point, vec) for G w G^T, G = [1 0 0; 0.5 0.5 0.5; 0.5 -0.5 0.5; 0 0 1].
template <class Get, class Put>
inline void weightPoints(Get get, Put put) {
    const auto three = [](Vec a, Vec b, Vec c, Vec* to) {
        const Vec even = (a + c) * 0.5F;
        to[0] = a;
        to[1] = even + b * 0.5F;
        to[2] = even - b * 0.5F;
        to[3] = c;
    };
    Vec columns[3][4];
    for (int j = 0; j < 3; ++j) {
        three(get(j), get(3 + j), get(6 + j), columns[j]);
    }
    for (int i = 0; i < 4; ++i) {
        Vec row[4];
        three(columns[0][i], columns[1][i], columns[2][i], row);
        for (int j = 0; j < 4; ++j) {
            put(4 * i + j, row[j]);
        }
    }
}

template <class T>
inline void transformTile(const WinogradForward<T>& pass, std::int64_t tile, std::int64_t place) {
    const Square<4, T> d = inputsOf(pass.tiles, tile, pass.x, pass.inputs, pass.zeros);
    const std::int64_t point = pass.atOnce * pass.inputs + kWinogradGap;
    T* to = pass.points + place * pass.inputs;
    for (std::int64_t c = 0; c < pass.inputs; c += kLanes) {
        Vec rows[4][4];
        for (int j = 0; j < 4; ++j) {
            const Vec d0 = load(d.at[0][j] + c), d1 = load(d.at[1][j] + c),
                      d2 = load(d.at[2][j] + c), d3 = load(d.at[3][j] + c);
            rows[0][j] = inputRow<0>(d0, d1, d2, d3);
            rows[1][j] = inputRow<1>(d0, d1, d2, d3);
            rows[2][j] = inputRow<2>(d0, d1, d2, d3);
            rows[3][j] = inputRow<3>(d0, d1, d2, d3);
        }
        for (int i = 0; i < 4; ++i) {
            inputPoints(rows[i], [&](int j, Vec vec) { store(to + (4 * i + j) * point + c, vec); });
        }
    }
}

/// A^T m A of one tile, `width` outputs from `block` on, with what follows it.
template <Act A, class T>
inline void finishTile(const WinogradForward<T>& pass, std::int64_t tile, const float* products,
                       std::int64_t block, std::int64_t width) {
    const Tiles& tiles = pass.tiles;
    const TileAt at = tileAt(tiles, tile);
    const std::int64_t point = pass.atOnce * kWinogradBlock + kWinogradGap;
    for (std::int64_t c = 0; c < width; c += kLanes) {
        Vec rows[2][4];
        for (int j = 0; j < 4; ++j) {
            const float* m = products + j * point + c;
            const Vec m0 = load(m), m1 = load(m + 4 * point), m2 = load(m + 8 * point),
                      m3 = load(m + 12 * point);
            rows[0][j] = m0 + m1 + m2;
            rows[1][j] = m1 - m2 - m3;
        }
        const Vec bias = pass.bias == nullptr ? Vec{} : load(pass.bias + block + c);
        for (std::int64_t i = 0; i < 2 && at.y + i < tiles.outHeight; ++i) {
            const Vec* r = rows[i];
            const Vec both[2] = {r[0] + r[1] + r[2] + bias, r[1] - r[2] - r[3] + bias};
            for (std::int64_t j = 0; j < 2 && at.x + j < tiles.outWidth; ++j) {
                const std::int64_t row = at.picture * tiles.outHeight + at.y + i;
                const std::int64_t to =
                    (row * tiles.outWidth + at.x + j) * pass.outputs + block + c;
                const Vec sum =
                    pass.residual == nullptr ? both[j] : both[j] + load(pass.residual + to);
                store(pass.y + to, activated<A>(sum));
            }
        }
    }
}

template <class T>
inline void multiplyPoints(const WinogradForward<T>& pass, const T* weight, std::int64_t tiles,
                           std::int64_t width) {
    // Rows behind the last tile hold anything; nobody reads what comes of them.
    const std::int64_t rows = (tiles + kWinogradRows - 1) / kWinogradRows * kWinogradRows;
    constexpr std::int64_t kNumbers = Word<T>::kNumbers;
    for (std::int64_t point = 0; point < kWinogradPoints; ++point) {
        const Matrices<T> matrices{
            pass.points + point * (pass.atOnce * pass.inputs + kWinogradGap),
            pass.inputs,
            kNumbers,
            weight + point * pass.inputs * width,
            width * kNumbers,
            pass.inputs / kNumbers,
            pass.products + point * (pass.atOnce * kWinogradBlock + kWinogradGap),
            kWinogradBlock,
            false};
        multiply<int(kWinogradRows)>(matrices, rows, width);
    }
}

template <class T>
void winograd(const WinogradForward<T>& pass, std::int64_t first, std::int64_t last) {
    for (; first < last; first += pass.atOnce) {
        const std::int64_t tiles = smallest(pass.atOnce, last - first);
        for (std::int64_t i = 0; i < tiles; ++i) {
            transformTile(pass, first + i, i);
        }
        for (std::int64_t block = 0; block < pass.outputs; block += kWinogradBlock) {
            const std::int64_t width = smallest(kWinogradBlock, pass.outputs - block);
            multiplyPoints(pass, pass.weight + kWinogradPoints * pass.inputs * block, tiles, width);
            withAct(pass.act, [&]<Act A>() {
                for (std::int64_t i = 0; i < tiles; ++i) {
                    finishTile<A>(pass, first + i, pass.products + i * kWinogradBlock, block,
                                  width);
                }
            });
        }
    }
}

/// put(point, vec) where bf16 pairs the points of this and of the next channel that is summed over.
template <class Get, class Store>
inline void weightWords(const Bf16*, Get get, Store put) {
    Vec points[kWinogradPoints];
    weightPoints([&](int tap) { return get(0, tap); },
                 [&](int point, Vec vec) { points[point] = vec; });
    weightPoints([&](int tap) { return get(1, tap); },
                 [&](int point, Vec vec) { put(point, paired(points[point], vec)); });
}
template <class Get, class Store>
inline void weightWords(const float*, Get get, Store put) {
    weightPoints([&](int tap) { return get(0, tap); }, put);
}

template <class T>
void winogradWeights(const float* weight, std::int64_t inputs, std::int64_t first,
                     std::int64_t width, T* to) {
    for (std::int64_t o = 0; o < width; o += kLanes) {
        for (std::int64_t c = 0; c < inputs; c += kLanes) {
            Vec byOutput[9][kLanes];
            for (int tap = 0; tap < 9; ++tap) {
                for (std::int64_t i = 0; i < kLanes; ++i) {
                    byOutput[tap][i] = load(weight + ((first + o + i) * 9 + tap) * inputs + c);
                }
                transpose(byOutput[tap]);
            }
            for (std::int64_t i = 0; i < kLanes; i += Word<T>::kNumbers) {
                weightWords(
                    to, [&](int next, int tap) { return byOutput[tap][i + next]; },
                    [&](int point, auto words) {
                        T* row = to + (point * inputs + c + i) * width + o * Word<T>::kNumbers;
                        std::memcpy(row, &words, sizeof words);
                    });
            }
        }
    }
}

void winogradTurned(const float* weight, std::int64_t inputs, std::int64_t outputs,
                    std::int64_t first, std::int64_t width, Bf16* to) {
    for (std::int64_t o = 0; o < outputs; o += 2) {
        for (std::int64_t c = 0; c < width; c += kLanes) {
            const float* from = weight + o * 9 * inputs + first + c;
            weightWords(
                to, [&](int next, int tap) { return load(from + (next * 9 + 8 - tap) * inputs); },
                [&](int point, Bits words) {
                    std::memcpy(to + (point * outputs + o) * width + 2 * c, &words, sizeof words);
                });
        }
    }
}

}  // namespace
}  // namespace graft::fast
