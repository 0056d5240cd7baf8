#include "core/data/normalizer.h"

#include <bit>

namespace graft {
namespace {

/// The upper half of the float, rounded to the nearest, halves to even.
std::uint16_t bfloat16Bits(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::uint16_t((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

template <class T>
void writePixels(const std::uint8_t* from, std::size_t count,
                 const std::array<std::array<T, 256>, 3>& tables, T* to) {
    for (std::size_t i = 0; i < count; ++i, from += 3, to += 3) {
        to[0] = tables[0][from[0]];
        to[1] = tables[1][from[1]];
        to[2] = tables[2][from[2]];
    }
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

Normalizer::Normalizer(const Preprocess& preprocess) : m_floats(valueTables(preprocess)) {
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t v = 0; v < 256; ++v) {
            m_bfloats[c][v] = bfloat16Bits(m_floats[c][v]);
        }
    }
}

void Normalizer::write(const Image& image, PixelFormat format, void* out) const {
    const std::size_t pixels = std::size_t(image.width) * std::size_t(image.height);
    if (format == PixelFormat::Bfloat16) {
        writePixels(image.rgb.data(), pixels, m_bfloats, static_cast<std::uint16_t*>(out));
    } else {
        writePixels(image.rgb.data(), pixels, m_floats, static_cast<float*>(out));
    }
}

}  // namespace graft
