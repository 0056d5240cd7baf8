#include "core/data/normalizer.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace graft {
namespace {

/// The upper half of the float, rounded to the nearest, halves to even.
std::uint16_t bfloat16Bits(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::uint16_t((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

template <class T>
void writePixels(const std::uint8_t* from, std::size_t count, const ByteTables<T>& tables, T* to) {
    for (std::size_t i = 0; i < count; ++i, from += 3, to += 3) {
        to[0] = tables[0][from[0]];
        to[1] = tables[1][from[1]];
        to[2] = tables[2][from[2]];
    }
}

#if defined(__x86_64__)

#define GRAFT_AVX2 __attribute__((target("avx2,fma")))

/// number / divisor by the reciprocal and one correction, a third faster than the instruction.
/// Nearly always rounded as that rounds; vectorsAgree() tells. Source: Markstein, Computation of
/// elementary functions on the IBM RISC System/6000, 1990.
GRAFT_AVX2 inline __m256 divided(__m256 number, __m256 divisor, __m256 reciprocal) {
    const __m256 near = _mm256_mul_ps(number, reciprocal);
    return _mm256_fmadd_ps(_mm256_fnmadd_ps(near, divisor, number), reciprocal, near);
}

GRAFT_AVX2 inline void store(__m256 values, float* to) {
    _mm256_storeu_ps(to, values);
}

GRAFT_AVX2 inline void store(__m256 values, std::uint16_t* to) {
    const __m256i bits = _mm256_castps_si256(values);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_srli_epi32(
        _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd), 16);
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(to),
        _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1)));
}

/// Eight pixels at a time, 24 values; returns how many pixels it wrote.
template <class T>
GRAFT_AVX2 std::size_t writeVectors(const std::uint8_t* from, std::size_t count,
                                    const Normalizer::Lanes& lanes, T* to) {
    const __m256 largest = _mm256_set1_ps(255.0f);
    const __m256 inverse = _mm256_set1_ps(1.0f / 255.0f);
    __m256 mean[3], std[3], inverseStd[3];
    for (std::size_t k = 0; k < 3; ++k) {
        mean[k] = _mm256_loadu_ps(lanes.mean[k].data());
        std[k] = _mm256_loadu_ps(lanes.std[k].data());
        inverseStd[k] = _mm256_loadu_ps(lanes.inverse[k].data());
    }
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (std::size_t k = 0; k < 3; ++k, from += 8, to += 8) {
            const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
            const __m256 share =
                divided(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), largest, inverse);
            store(divided(_mm256_sub_ps(share, mean[k]), std[k], inverseStd[k]), to);
        }
    }
    return i;
}

#undef GRAFT_AVX2

#endif

/// As writeVectors(), which writes none on other processors.
template <class T>
std::size_t writeFast([[maybe_unused]] const std::uint8_t* from, [[maybe_unused]] std::size_t count,
                      [[maybe_unused]] const Normalizer::Lanes& lanes, [[maybe_unused]] T* to) {
#if defined(__x86_64__)
    static const bool possible = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (possible) {
        return writeVectors(from, count, lanes, to);
    }
#endif
    return 0;
}

Normalizer::Lanes lanesOf(const Preprocess& preprocess) {
    Normalizer::Lanes lanes;
    for (std::size_t i = 0; i < 24; ++i) {
        lanes.mean[i / 8][i % 8] = float(preprocess.mean[i % 3]);
        lanes.std[i / 8][i % 8] = float(preprocess.std[i % 3]);
        lanes.inverse[i / 8][i % 8] = 1.0f / float(preprocess.std[i % 3]);
    }
    return lanes;
}

/// Whether the vectors give the numbers of the tables, for every byte in every channel.
bool vectorsAgree(const Normalizer::Lanes& lanes, const ValueTables& tables) {
    std::array<std::uint8_t, 3 * 256> grey{};
    std::array<float, 3 * 256> expected{}, got{};
    for (std::size_t i = 0; i < grey.size(); ++i) {
        grey[i] = std::uint8_t(i / 3);
        expected[i] = tables[i % 3][i / 3];
    }
    return writeFast(grey.data(), 256, lanes, got.data()) == 256 &&
           std::memcmp(expected.data(), got.data(), sizeof got) == 0;
}

}  // namespace

ValueTables valueTables(const Preprocess& preprocess) {
    ValueTables tables;
    for (std::size_t c = 0; c < 3; ++c) {
        const float mean = float(preprocess.mean[c]);
        const float std = float(preprocess.std[c]);
        for (std::size_t v = 0; v < 256; ++v) {
            tables[c][v] = (float(v) / 255.0f - mean) / std;
        }
    }
    return tables;
}

std::size_t bytesOf(PixelFormat format) {
    return format == PixelFormat::Bfloat16 ? sizeof(std::uint16_t) : sizeof(float);
}

Normalizer::Normalizer(const Preprocess& preprocess)
    : m_lanes(lanesOf(preprocess)), m_floats(valueTables(preprocess)) {
    m_vectorised = vectorsAgree(m_lanes, m_floats);
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t v = 0; v < 256; ++v) {
            m_bfloats[c][v] = bfloat16Bits(m_floats[c][v]);
        }
    }
}

void Normalizer::write(const Image& image, PixelFormat format, void* out) const {
    if (format == PixelFormat::Bfloat16) {
        writeAs(image, m_bfloats, static_cast<std::uint16_t*>(out));
    } else {
        writeAs(image, m_floats, static_cast<float*>(out));
    }
}

template <class T>
void Normalizer::writeAs(const Image& image, const ByteTables<T>& tables, T* out) const {
    const std::size_t pixels = std::size_t(image.width) * std::size_t(image.height);
    const std::uint8_t* from = image.rgb.data();
    const std::size_t done = m_vectorised ? writeFast(from, pixels, m_lanes, out) : 0;
    writePixels(from + 3 * done, pixels - done, tables, out + 3 * done);
}

}  // namespace graft
