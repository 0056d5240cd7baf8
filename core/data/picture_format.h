// Which kind of picture a file is, told by its first bytes and not by its name. Thread: any.
#pragma once

#include <cstddef>
#include <string_view>

namespace graft {

/// "jpeg", "png", "bmp", "tiff", "webp", or "" from a file's first bytes.
std::string_view supportedFormat(std::string_view start);
/// "GIF", "HEIC photo", ... for formats that Graft knows of but does not read; else "".
std::string_view otherPictureFormat(std::string_view start);
/// Bytes that the two functions above want to see.
inline constexpr std::size_t kMagicBytes = 160;

}  // namespace graft
