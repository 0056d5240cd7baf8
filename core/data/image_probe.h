// What a picture file says of itself, read from magic bytes and header by our own bounds-checked
// parsers. It is the gate before any decoder: only known formats of a sane size are handed on.
// Thread: any.
#pragma once

#include "core/data/byte_source.h"
#include "core/data/image_reader.h"
#include "core/data/tiff_header.h"

#include <array>
#include <cstdint>
#include <optional>

namespace graft {

struct PictureProbe {
    ImageHeader header;
    bool truncated = false;  ///< the header promises more bytes than there are
    bool alpha = false;      ///< BMP: an alpha mask is declared
    /// PNG: the one colour that counts as transparent, in file units (grey thrice for grey).
    std::optional<std::array<std::uint32_t, 3>> colourKey;
    TiffHeader tiff;  ///< TIFF only
};

/// Errors as probeImage().
Result<PictureProbe> probePicture(ByteSource& source, const ReadOptions& options);

}  // namespace graft
