// The first image directory of a TIFF structure: a TIFF file, or the EXIF block inside a JPEG, PNG
// or WebP. Bounds-checked and free of any library, because it is read before a file is trusted.
// Source: TIFF Revision 6.0; BigTIFF; EXIF 2.3, 4.6. Thread: any.
#pragma once

#include "core/data/byte_source.h"

#include <cstdint>
#include <vector>

namespace graft {

struct TiffHeader {
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    int orientation = 1;
    std::uint64_t orientationOffset = 0;  ///< of the value in the file; 0: no such tag
    std::uint32_t bitsPerSample = 1;
    std::uint32_t samplesPerPixel = 1;
    std::uint32_t sampleFormat = 1;  ///< 1 unsigned, 2 signed, 3 float
    std::uint32_t photometric = 1;   ///< 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK
    std::uint32_t extraSample = 0;   ///< 0 unspecified or none, 1 premultiplied alpha, 2 alpha
    std::uint64_t tileWidth = 0;
    std::uint64_t tileHeight = 0;
    bool dataComplete = true;  ///< every strip or tile lies inside the file
};

/// `base` is where the TIFF structure starts; its offsets count from there. False when it is not
/// a readable directory.
bool readTiffHeader(ByteSource& source, std::uint64_t base, TiffHeader& header);

/// Orientation 1..8 of an EXIF block that starts with a TIFF header; 1 when it says nothing usable.
int readExifOrientation(std::string_view exif);

}  // namespace graft
