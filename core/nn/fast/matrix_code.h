// Matrix products whose sums stay in registers, of numbers that lie as the caller laid them. For
// kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/vec.h"

namespace graft::fast {
namespace {

/// How numbers of a type are multiplied: two bf16 side by side make one word, a float is one.
template <class T>
struct Word;

template <>
struct Word<float> {
    static constexpr std::int64_t kNumbers = 1;
    using Row = Vec;
    static Vec repeated(const float* from) { return all(*from); }
    static Vec plusProduct(Vec sum, Vec a, Vec b) { return fma(a, b, sum); }
};

template <>
struct Word<Bf16> {
    static constexpr std::int64_t kNumbers = 2;
    using Row = Bits;
    static Bits repeated(const Bf16* from) {
        std::uint32_t word;
        std::memcpy(&word, from, sizeof word);
        return Bits{} + word;
    }
    static Vec plusProduct(Vec sum, Bits a, Bits b) {
#if GRAFT_AVX512
        return Vec(_mm512_dpbf16_ps(__m512(sum), __m512bh(a), __m512bh(b)));
#else
        const auto number = [](Bits bits) {
            Vec vec;
            std::memcpy(&vec, &bits, sizeof vec);
            return vec;
        };
        sum += number(a & 0xffff0000U) * number(b & 0xffff0000U);
        return sum + number(a << 16) * number(b << 16);
#endif
    }
};

/// c[row][0..16 * Vectors) = or += the sum over k of a(row, k) * b(k, column).
template <class T>
struct Matrices {
    const T* a;
    std::int64_t aRow, aWord;  ///< from one row, one word to the next
    const T* b;
    std::int64_t bWord;
    std::int64_t words;
    float* c;
    std::int64_t cRow;
    bool adds;
};

// Sums are registers only where every loop over them is unrolled.
#if defined(__clang__)
#define GRAFT_UNROLLED _Pragma("unroll")
#else
#define GRAFT_UNROLLED _Pragma("GCC unroll 8")
#endif

template <int Rows, int Vectors, bool Adds, class T>
inline void multiplyBlock(const Matrices<T>& m) {
    using W = Word<T>;
    Vec sums[Rows][Vectors];
    GRAFT_UNROLLED
    for (int i = 0; i < Rows; ++i) {
        GRAFT_UNROLLED
        for (int j = 0; j < Vectors; ++j) {
            sums[i][j] = Vec{};
        }
    }
    const T* a = m.a;
    const T* b = m.b;
    for (std::int64_t k = 0; k < m.words; ++k, a += m.aWord, b += m.bWord) {
        typename W::Row columns[Vectors];
        GRAFT_UNROLLED
        for (int j = 0; j < Vectors; ++j) {
            std::memcpy(&columns[j], b + j * kLanes * W::kNumbers, sizeof columns[j]);
        }
        GRAFT_UNROLLED
        for (int i = 0; i < Rows; ++i) {
            const typename W::Row row = W::repeated(a + i * m.aRow);
            GRAFT_UNROLLED
            for (int j = 0; j < Vectors; ++j) {
                sums[i][j] = W::plusProduct(sums[i][j], row, columns[j]);
            }
        }
    }
    GRAFT_UNROLLED
    for (int i = 0; i < Rows; ++i) {
        float* to = m.c + i * m.cRow;
        GRAFT_UNROLLED
        for (int j = 0; j < Vectors; ++j) {
            store(to + j * kLanes, Adds ? sums[i][j] + load(to + j * kLanes) : sums[i][j]);
        }
    }
}
#undef GRAFT_UNROLLED

template <int Rows, int Vectors, class T>
inline void multiplyRows(Matrices<T> m, std::int64_t rows) {
    for (std::int64_t row = 0; row < rows; row += Rows) {
        if (m.adds) {
            multiplyBlock<Rows, Vectors, true>(m);
        } else {
            multiplyBlock<Rows, Vectors, false>(m);
        }
        m.a += Rows * m.aRow;
        m.c += Rows * m.cRow;
    }
}

/// `rows` rows, a multiple of Rows, of 16 to 64 columns.
template <int Rows, class T>
inline void multiply(const Matrices<T>& m, std::int64_t rows, std::int64_t columns) {
    switch (columns / kLanes) {
        case 4:
            return multiplyRows<Rows, 4>(m, rows);
        case 3:
            return multiplyRows<Rows, 3>(m, rows);
        case 2:
            return multiplyRows<Rows, 2>(m, rows);
        default:
            return multiplyRows<Rows, 1>(m, rows);
    }
}

}  // namespace
}  // namespace graft::fast
