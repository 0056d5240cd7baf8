#include "core/data/resize_rows.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace graft {
namespace {

constexpr std::int32_t kHalf = 1 << (kResizeFractionBits - 1);

/// Half up; what a cubic overshoots is cut.
std::uint8_t greyLevel(std::int32_t sum) {
    return std::uint8_t(std::clamp(sum >> kResizeFractionBits, 0, 255));
}

void narrowRowPlain(const std::uint8_t* from, const ResizeAxis& axis, std::uint8_t* to) {
    for (std::size_t i = 0; i < axis.length(); ++i, to += 3) {
        const std::uint8_t* pixel = from + std::size_t(axis.first[i]) * 3;
        const std::int32_t* weights = axis.weightsOf(i);
        std::int32_t r = kHalf;
        std::int32_t g = kHalf;
        std::int32_t b = kHalf;
        for (int k = 0; k < axis.count[i]; ++k, pixel += 3) {
            r += pixel[0] * weights[k];
            g += pixel[1] * weights[k];
            b += pixel[2] * weights[k];
        }
        to[0] = greyLevel(r);
        to[1] = greyLevel(g);
        to[2] = greyLevel(b);
    }
}

void mixRowsPlain(const std::uint8_t* rows, std::size_t stride, const std::int32_t* weights,
                  int count, std::size_t from, std::size_t values, std::uint8_t* to) {
    for (std::size_t i = from; i < values; ++i) {
        std::int32_t sum = kHalf;
        for (int k = 0; k < count; ++k) {
            sum += rows[std::size_t(k) * stride + i] * weights[k];
        }
        to[i] = greyLevel(sum);
    }
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) inline __m256i eight(const std::int32_t* values) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
}

/// Every weight four times.
void spreadWhole(ResizeAxis& axis) {
    axis.spread.resize(axis.weights.size() * 4);
    std::int32_t* to = axis.spread.data();
    for (const std::int32_t weight : axis.weights) {
        std::fill_n(to, 4, weight);
        to += 4;
    }
}

/// r g b 0 of two pixels in each register: all four sums of an output pixel at once.
__attribute__((target("avx2"))) inline __m128i pixelSum(const std::uint8_t* pixel,
                                                        const std::int32_t* weights, int groups) {
    const char z = char(0x80);  // gives 0
    const __m256i firstTwo = _mm256_setr_epi8(0, z, z, z, 1, z, z, z, 2, z, z, z, z, z, z, z,  //
                                              3, z, z, z, 4, z, z, z, 5, z, z, z, z, z, z, z);
    const __m256i lastTwo = _mm256_setr_epi8(6, z, z, z, 7, z, z, z, 8, z, z, z, z, z, z, z,  //
                                             9, z, z, z, 10, z, z, z, 11, z, z, z, z, z, z, z);
    __m256i sums = _mm256_setzero_si256();
    for (int g = 0; g < groups; ++g, pixel += 12, weights += 16) {
        const __m256i bytes = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixel)));
        sums = _mm256_add_epi32(
            sums, _mm256_mullo_epi32(_mm256_shuffle_epi8(bytes, firstTwo), eight(weights)));
        sums = _mm256_add_epi32(
            sums, _mm256_mullo_epi32(_mm256_shuffle_epi8(bytes, lastTwo), eight(weights + 8)));
    }
    return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

__attribute__((target("avx2"))) inline __m256i levels(__m128i low, __m128i high) {
    const __m256i sums = _mm256_add_epi32(_mm256_set_m128i(high, low), _mm256_set1_epi32(kHalf));
    return _mm256_srai_epi32(sums, kResizeFractionBits);
}

/// Four output pixels at a time; 12 bytes of each 16 that are stored count.
__attribute__((target("avx2"))) void narrowRowAvx2(const std::uint8_t* from,
                                                   const ResizeAxis& axis, std::uint8_t* to) {
    const int groups = axis.taps / 4;
    const char z = char(0x80);
    const __m128i packed =
        _mm_setr_epi8(0, 1, 2, 8, 9, 10, 4, 5, 6, 12, 13, 14, z, z, z, z);
    const std::size_t length = axis.length();
    for (std::size_t i = 0; i < length; i += 4, to += 12) {
        __m128i sums[4];
        for (std::size_t p = 0; p < 4; ++p) {
            const std::size_t at = std::min(i + p, length - 1);
            sums[p] = pixelSum(from + std::size_t(axis.first[at]) * 3,
                               axis.spread.data() + at * std::size_t(groups) * 16, groups);
        }
        const __m256i words =
            _mm256_packs_epi32(levels(sums[0], sums[1]), levels(sums[2], sums[3]));
        // What overshoots is cut by the packing; the order is 0 2 1 3.
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words),
                                               _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(bytes, packed));
    }
}

__attribute__((target("avx2"))) void mixRowsAvx2(const std::uint8_t* rows, std::size_t stride,
                                                 const std::int32_t* weights, int count,
                                                 std::size_t values, std::uint8_t* to) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    std::size_t i = 0;
    for (; i + 32 <= values; i += 32) {
        __m256i sums[4];
        for (__m256i& sum : sums) {
            sum = _mm256_set1_epi32(kHalf);
        }
        const std::uint8_t* row = rows + i;
        for (int k = 0; k < count; ++k, row += stride) {
            const __m256i weight = _mm256_set1_epi32(weights[k]);
            for (int part = 0; part < 4; ++part) {
                const __m256i bytes = _mm256_cvtepu8_epi32(
                    _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + 8 * part)));
                sums[part] = _mm256_add_epi32(sums[part], _mm256_mullo_epi32(bytes, weight));
            }
        }
        for (__m256i& sum : sums) {
            sum = _mm256_srai_epi32(sum, kResizeFractionBits);
        }
        const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(sums[0], sums[1]),
                                                  _mm256_packs_epi32(sums[2], sums[3]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                            _mm256_permutevar8x32_epi32(bytes, order));
    }
    mixRowsPlain(rows, stride, weights, count, i, values, to);
}

#define GRAFT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")))
constexpr std::size_t kVector = 64;  // bytes

/// Four weights as signed bytes whose sum, each times 2^0, 2^8 and 2^16, is the weight: the low
/// bytes of all four, the middle ones, the high ones.
GRAFT_AVX512 inline std::array<std::int32_t, 3> partsOf(const std::int32_t* weights) {
    const __m128i whole = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
    const __m128i low = _mm_srai_epi32(_mm_slli_epi32(whole, 24), 24);
    const __m128i rest = _mm_srai_epi32(_mm_sub_epi32(whole, low), 8);
    const __m128i middle = _mm_srai_epi32(_mm_slli_epi32(rest, 24), 24);
    const __m128i high = _mm_srai_epi32(_mm_sub_epi32(rest, middle), 8);
    return {_mm_cvtsi128_si32(_mm_cvtepi32_epi8(low)), _mm_cvtsi128_si32(_mm_cvtepi32_epi8(middle)),
            _mm_cvtsi128_si32(_mm_cvtepi32_epi8(high))};
}

/// For every four output pixels: where r r r r g g g g b b b b of their first four taps lie,
/// counted from the first pixel of all; then, for every four taps, the parts of the weights. False
/// where those taps do not lie within one vector, which takes a ratio over five and a half.
GRAFT_AVX512 bool spreadParts(ResizeAxis& axis) {
    constexpr std::size_t kWords = kVector / 4;
    const std::size_t groups = std::size_t(axis.taps) / 4;
    const std::size_t blocks = (axis.length() + 3) / 4;
    axis.spread.assign(blocks * (1 + groups) * kWords, 0);
    std::int32_t* to = axis.spread.data();
    for (std::size_t first = 0; first < axis.length(); first += 4, to += (1 + groups) * kWords) {
        for (std::size_t p = 0; p < 4; ++p) {
            const std::size_t i = std::min(first + p, axis.length() - 1);
            const int away = 3 * (axis.first[i] - axis.first[first]);
            if (away < 0 || away + 12 > int(kVector)) {
                return false;
            }
            for (int channel = 0; channel < 3; ++channel) {
                to[4 * p + std::size_t(channel)] = (away + channel) * 0x01010101 + 0x09060300;
            }
            for (std::size_t g = 0; g < groups; ++g) {
                const auto parts = partsOf(axis.weightsOf(i) + 4 * g);
                std::copy(parts.begin(), parts.end(), to + (1 + g) * kWords + 4 * p);
            }
        }
    }
    return true;
}

/// Four output pixels at a time, of which one instruction adds four taps. `Groups`: how many times
/// four, 0 where that is known to the axis only.
template <int Groups>
GRAFT_AVX512 void narrowRowAvx512(const std::uint8_t* from, const ResizeAxis& axis,
                                  std::uint8_t* to) {
    const int groups = Groups > 0 ? Groups : axis.taps / 4;
    const std::size_t length = axis.length();
    const int* const first = axis.first.data();
    const char z = char(0x80);
    const __m128i packed = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, z, z, z, z);
    const std::int32_t* spread = axis.spread.data();
    for (std::size_t i = 0; i < length; i += 4, to += 12) {
        const std::uint8_t* pixels = from + std::size_t(first[i]) * 3;
        const __m512i places = _mm512_loadu_si512(spread);
        spread += kVector / 4;
        __m512i low = _mm512_set1_epi32(kHalf);
        __m512i middle = _mm512_setzero_si512();
        __m512i high = _mm512_setzero_si512();
        for (int g = 0; g < groups; ++g, pixels += 12, spread += kVector / 4) {
            const __m512i bytes = _mm512_permutexvar_epi8(places, _mm512_loadu_si512(pixels));
            const __m512i weights = _mm512_loadu_si512(spread);
            low = _mm512_dpbusd_epi32(low, bytes, _mm512_shuffle_epi32(weights, _MM_PERM_AAAA));
            middle =
                _mm512_dpbusd_epi32(middle, bytes, _mm512_shuffle_epi32(weights, _MM_PERM_BBBB));
            high = _mm512_dpbusd_epi32(high, bytes, _mm512_shuffle_epi32(weights, _MM_PERM_CCCC));
        }
        const __m512i upper = _mm512_add_epi32(middle, _mm512_slli_epi32(high, 8));
        const __m512i sums = _mm512_add_epi32(low, _mm512_slli_epi32(upper, 8));
        const __m512i positive =
            _mm512_max_epi32(_mm512_srai_epi32(sums, kResizeFractionBits), _mm512_setzero_si512());
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                         _mm_shuffle_epi8(_mm512_cvtusepi32_epi8(positive), packed));
    }
}

#undef GRAFT_AVX512

#endif

}  // namespace

const std::vector<ResizeVariant>& resizeVariants() {
    static const std::vector<ResizeVariant> variants = [] {
        std::vector<ResizeVariant> found{ResizeVariant::Plain};
#if defined(__x86_64__)
        if (!__builtin_cpu_supports("avx2")) {
            return found;
        }
        found.push_back(ResizeVariant::Avx2);
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni")) {
            found.push_back(ResizeVariant::Avx512);
        }
#endif
        return found;
    }();
    return variants;
}

void spreadWeights(ResizeVariant variant, ResizeAxis& axis) {
    axis.variant = variant;
#if defined(__x86_64__)
    if (variant == ResizeVariant::Avx512 && !spreadParts(axis)) {
        axis.variant = ResizeVariant::Avx2;
    }
    if (axis.variant == ResizeVariant::Avx2) {
        spreadWhole(axis);
    }
#endif
}

void narrowRow(const std::uint8_t* from, const ResizeAxis& axis, std::uint8_t* to) {
#if defined(__x86_64__)
    if (axis.variant == ResizeVariant::Avx512) {
        (axis.taps == 4 ? narrowRowAvx512<1> : narrowRowAvx512<0>)(from, axis, to);
        return;
    }
    if (axis.variant == ResizeVariant::Avx2) {
        narrowRowAvx2(from, axis, to);
        return;
    }
#endif
    narrowRowPlain(from, axis, to);
}

void mixRows(ResizeVariant variant, const std::uint8_t* rows, std::size_t stride,
             const std::int32_t* weights, int count, std::size_t values, std::uint8_t* to) {
#if defined(__x86_64__)
    if (variant != ResizeVariant::Plain) {
        mixRowsAvx2(rows, stride, weights, count, values, to);
        return;
    }
#endif
    (void)variant;
    mixRowsPlain(rows, stride, weights, count, 0, values, to);
}

}  // namespace graft
