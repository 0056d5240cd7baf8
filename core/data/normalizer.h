// Normalizer: from 8-bit pixels to the numbers that a network takes, straight into a batch. Apart from
// preprocess.h because only what fills batches needs it. Thread: any (read only once made).
#pragma once

#include "core/base/image.h"
#include "core/data/preprocess.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace graft {

using ValueTables = std::array<std::array<float, 256>, 3>;
/// (byte/255 - mean)/std for every byte, by channel.
ValueTables valueTables(const Preprocess& preprocess);

/// How the numbers of a batch are kept.
enum class PixelFormat { Float32, Bfloat16 };
/// Bytes of one number.
std::size_t bytesOf(PixelFormat format);

/// normalizeTo's values by table, channels last: [height, width, 3].
class Normalizer {
 public:
    explicit Normalizer(const Preprocess& preprocess);
    /// `out` holds height x width x 3 numbers of the format. Bfloat16 is the float rounded to the
    /// nearest, halves to even.
    void write(const Image& image, PixelFormat format, void* out) const;

 private:
    ValueTables m_floats{};
    std::array<std::array<std::uint16_t, 256>, 3> m_bfloats{};
};

}  // namespace graft
