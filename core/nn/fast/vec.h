// Vec: 16 floats in GCC's vector types, which every processor can have, with loads from and stores
// to bf16. Only what the compiler cannot find by itself is written as instructions. For
// kernels_code.h only. Thread: any.
#pragma once

#include "core/nn/fast/kernels.h"

#include <cstring>
#if defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
#define GRAFT_AVX512 1
#else
#define GRAFT_AVX512 0
#endif

namespace graft::fast {
namespace {

constexpr std::int64_t kLanes = 16;
using Vec = float __attribute__((vector_size(64)));
using Bits = std::uint32_t __attribute__((vector_size(64)));
using Mask = std::int32_t __attribute__((vector_size(64)));
using Half = std::uint16_t __attribute__((vector_size(32)));
using Bytes = std::uint8_t __attribute__((vector_size(16)));

inline Vec all(float value) {
    return Vec{} + value;
}

// GCC 12 converts vectors of different sizes in halves or number by number, so that they need their
// instructions.
inline Bits lengthen(Half half) {
#if GRAFT_AVX512
    __m256i bits;
    std::memcpy(&bits, &half, sizeof bits);
    return Bits(_mm512_cvtepu16_epi32(bits));
#else
    return __builtin_convertvector(half, Bits);
#endif
}

inline Mask lengthen(Bytes bytes) {
#if GRAFT_AVX512
    return Mask(_mm512_cvtepu8_epi32(__m128i(bytes)));
#else
    return __builtin_convertvector(bytes, Mask);
#endif
}

inline Bytes lowBytes(Mask numbers) {
#if GRAFT_AVX512
    return Bytes(_mm512_cvtepi32_epi8(__m512i(numbers)));
#else
    return __builtin_convertvector(numbers, Bytes);
#endif
}

inline Vec widen(Half half) {
    const Bits bits = lengthen(half) << 16;
    Vec vec;
    std::memcpy(&vec, &bits, sizeof vec);
    return vec;
}

/// To the nearest, ties to even; not a number stays one.
inline Half narrow(Vec vec) {
#if GRAFT_AVX512
    const __m256bh half = _mm512_cvtneps_pbh(__m512(vec));
    Half result;
    std::memcpy(&result, &half, sizeof result);
    return result;
#else
    Bits bits;
    std::memcpy(&bits, &vec, sizeof bits);
    const Bits rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
    const Bits kept = (bits >> 16) | 0x40U;
    const Mask isNumber = vec == vec;
    Bits which;
    std::memcpy(&which, &isNumber, sizeof which);
    return __builtin_convertvector((rounded & which) | (kept & ~which), Half);
#endif
}

/// Two numbers in bf16 as one word: the first in the lower half.
inline Bits paired(Vec first, Vec second) {
#if GRAFT_AVX512
    const __m512bh both = _mm512_cvtne2ps_pbh(__m512(second), __m512(first));
    const __m512i order =
        _mm512_set_epi32(0x001f000f, 0x001e000e, 0x001d000d, 0x001c000c, 0x001b000b, 0x001a000a,
                         0x00190009, 0x00180008, 0x00170007, 0x00160006, 0x00150005, 0x00140004,
                         0x00130003, 0x00120002, 0x00110001, 0x00100000);
    return Bits(_mm512_permutexvar_epi16(order, __m512i(both)));
#else
    return lengthen(narrow(first)) | lengthen(narrow(second)) << 16;
#endif
}

/// Lanes of a (0 to 15) and b (16 to 31).
inline Vec picked(Vec a, Vec b, Mask lanes) {
#if GRAFT_AVX512
    return Vec(_mm512_permutex2var_ps(__m512(a), __m512i(lanes), __m512(b)));
#else
    Vec result;
    for (std::int64_t i = 0; i < kLanes; ++i) {
        result[i] = lanes[i] < kLanes ? a[lanes[i]] : b[lanes[i] - kLanes];
    }
    return result;
#endif
}

/// Blocks of Step x Step change places across the diagonal of each block twice as large.
template <int Step>
inline void exchange(Vec (&rows)[kLanes]) {
    Mask upper{}, lower{};
    for (int lane = 0; lane < kLanes; ++lane) {
        const bool second = (lane & Step) != 0;
        upper[lane] = second ? kLanes + lane - Step : lane;
        lower[lane] = second ? kLanes + lane : lane + Step;
    }
    for (int i = 0; i < kLanes; ++i) {
        if ((i & Step) == 0) {
            const Vec a = rows[i], b = rows[i + Step];
            rows[i] = picked(a, b, upper);
            rows[i + Step] = picked(a, b, lower);
        }
    }
}

/// 16 rows of 16 become columns (Eklundh).
inline void transpose(Vec (&rows)[kLanes]) {
    exchange<1>(rows);
    exchange<2>(rows);
    exchange<4>(rows);
    exchange<8>(rows);
}

inline Vec load(const Bf16* from) {
    Half half;
    std::memcpy(&half, from, sizeof half);
    return widen(half);
}

inline Vec load(const float* from) {
    Vec vec;
    std::memcpy(&vec, from, sizeof vec);
    return vec;
}

inline void store(Bf16* to, Vec vec) {
    const Half half = narrow(vec);
    std::memcpy(to, &half, sizeof half);
}

inline void store(float* to, Vec vec) {
    std::memcpy(to, &vec, sizeof vec);
}

// The last `count` < 16 of a row; the other lanes are 0.
inline Vec load(const Bf16* from, std::int64_t count) {
#if GRAFT_AVX512
    const __m256i half = _mm256_maskz_loadu_epi16(__mmask16((1U << count) - 1U), from);
    Half result;
    std::memcpy(&result, &half, sizeof result);
    return widen(result);
#else
    Half half{};
    std::memcpy(&half, from, std::size_t(count) * sizeof *from);
    return widen(half);
#endif
}

inline Vec load(const float* from, std::int64_t count) {
#if GRAFT_AVX512
    return Vec(_mm512_maskz_loadu_ps(__mmask16((1U << count) - 1U), from));
#else
    Vec vec{};
    std::memcpy(&vec, from, std::size_t(count) * sizeof *from);
    return vec;
#endif
}

inline void store(Bf16* to, Vec vec, std::int64_t count) {
    const Half half = narrow(vec);
#if GRAFT_AVX512
    __m256i bits;
    std::memcpy(&bits, &half, sizeof bits);
    _mm256_mask_storeu_epi16(to, __mmask16((1U << count) - 1U), bits);
#else
    std::memcpy(to, &half, std::size_t(count) * sizeof *to);
#endif
}

inline void store(float* to, Vec vec, std::int64_t count) {
#if GRAFT_AVX512
    _mm512_mask_storeu_ps(to, __mmask16((1U << count) - 1U), __m512(vec));
#else
    std::memcpy(to, &vec, std::size_t(count) * sizeof *to);
#endif
}

/// A whole vector or the end of a row, known when compiled.
struct Whole {
    template <class T>
    Vec get(const T* from) const {
        return load(from);
    }
    template <class T>
    void put(T* to, Vec vec) const {
        store(to, vec);
    }
};
struct Part {
    std::int64_t count;
    template <class T>
    Vec get(const T* from) const {
        return load(from, count);
    }
    template <class T>
    void put(T* to, Vec vec) const {
        store(to, vec, count);
    }
};

/// body(channel, Whole or Part) for each vector of a row.
template <class Body>
inline void overChannels(std::int64_t channels, Body body) {
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
        body(c, Whole{});
    }
    if (c < channels) {
        body(c, Part{channels - c});
    }
}

inline Vec fma(Vec a, Vec b, Vec c) {
#if GRAFT_AVX512
    return Vec(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
#else
    return a * b + c;
#endif
}

/// `low` where a number is below it; what is not a number stays.
inline Vec atLeast(Vec x, float low) {
    return x < low ? all(low) : x;
}
inline Vec atMost(Vec x, float high) {
    return x > high ? all(high) : x;
}

/// e^x to about 2 units in the last place of float. Cody-Waite reduction, then the polynomial of
/// the Cephes library's expf.
inline Vec exponential(Vec x) {
    x = atMost(atLeast(x, -87.0F), 88.0F);
    const Vec magic = all(12582912.0F);  // 1.5 * 2^23: adding it rounds to a whole number
    const Vec n = (x * 1.44269504F + magic) - magic;
    const Vec r = x - n * 0.693359375F + n * 2.12194440e-4F;
    Vec p = fma(all(1.9875691500e-4F), r, all(1.3981999507e-3F));
    p = fma(p, r, all(8.3334519073e-3F));
    p = fma(p, r, all(4.1665795894e-2F));
    p = fma(p, r, all(1.6666665459e-1F));
    p = fma(p, r, all(5.0000001201e-1F));
    p = fma(p * r, r, r + 1.0F);
    const Mask exponent = (__builtin_convertvector(n, Mask) + 127) << 23;
    Vec power;
    std::memcpy(&power, &exponent, sizeof power);
    return p * power;
}

template <Act A>
inline Vec activated(Vec z) {
    if constexpr (A == Act::Relu) {
        return atLeast(z, 0);
    } else if constexpr (A == Act::Relu6) {
        return atMost(atLeast(z, 0), 6);
    } else if constexpr (A == Act::Silu) {
        return z / (1.0F + exponential(-z));
    } else if constexpr (A == Act::Hardswish) {
        return z * atMost(atLeast(z + 3.0F, 0), 6) * (1.0F / 6.0F);
    } else {
        return z;
    }
}

/// gradient * derivative at z, as torch defines it at the corners.
template <Act A>
inline Vec activatedBackward(Vec z, Vec gradient) {
    const Vec zero{};
    if constexpr (A == Act::Relu) {
        return z > 0.0F ? gradient : zero;
    } else if constexpr (A == Act::Relu6) {
        const Mask inside = (z > 0.0F) & (z < 6.0F);
        return inside ? gradient : zero;
    } else if constexpr (A == Act::Silu) {
        const Vec s = 1.0F / (1.0F + exponential(-z));
        return gradient * s * (1.0F + z * (1.0F - s));
    } else if constexpr (A == Act::Hardswish) {
        const Vec middle = gradient * (z * (1.0F / 3.0F) + 0.5F);
        const Vec upper = z >= 3.0F ? gradient : middle;
        return z < -3.0F ? zero : upper;
    } else {
        return gradient;
    }
}

}  // namespace
}  // namespace graft::fast
