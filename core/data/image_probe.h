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
#include <string_view>

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

/// "jpeg", "png", "bmp", "tiff", "webp", or "" from a file's first bytes.
std::string_view supportedFormat(std::string_view start);
/// "GIF", "HEIC", ... for picture formats that Graft knows of but does not read; else "".
std::string_view otherPictureFormat(std::string_view start);
/// Bytes that the two functions above want to see.
inline constexpr std::size_t kMagicBytes = 160;

}  // namespace graft
