// Normalizer: from 8-bit pixels to the numbers that a network takes, straight into a batch. Apart from
// preprocess.h because only what fills batches needs it. Thread: any (read only once made).
#pragma once

#include "core/base/image.h"
#include "core/data/preprocess.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace graft {

/// A number for every byte, by channel.
template <class T>
using ByteTables = std::array<std::array<T, 256>, 3>;
using ValueTables = ByteTables<float>;
/// (byte/255 - mean)/std for every byte, by channel.
ValueTables valueTables(const Preprocess& preprocess);

/// How the numbers of a batch are kept.
enum class PixelFormat { Float32, Bfloat16 };
/// Bytes of one number.
std::size_t bytesOf(PixelFormat format);

/// normalizeTo's values, channels last: [height, width, 3]; by table, or reckoned eight at a time
/// where the processor has AVX2 and FMA and that gives the very same numbers.
class Normalizer {
 public:
    explicit Normalizer(const Preprocess& preprocess);
    /// `out` holds height x width x 3 numbers of the format. Bfloat16 is the float rounded to the
    /// nearest, halves to even.
    void write(const Image& image, PixelFormat format, void* out) const;
    bool vectorised() const { return m_vectorised; }

    /// For eight values from a pixel's first, third and second channel on: 24 in all.
    struct Lanes {
        std::array<std::array<float, 8>, 3> mean, std, inverse;
    };

 private:
    template <class T>
    void writeAs(const Image& image, const ByteTables<T>& tables, T* out) const;

    Lanes m_lanes{};
    bool m_vectorised = false;
    ValueTables m_floats{};
    ByteTables<std::uint16_t> m_bfloats{};
};

}  // namespace graft
