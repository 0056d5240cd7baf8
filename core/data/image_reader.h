// Image reader: the one door by which pictures come in, for training, preview and prediction
// alike. Gates by magic bytes and by the size in the header before anything is decoded; applies
// EXIF orientation; everything becomes 8-bit RGB. Thread: any.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <cstdint>
#include <string_view>

namespace graft {

struct ReadOptions {
    std::uint64_t maxPixels = 100'000'000;  ///< refused above, read from the header
    /// > 0: the picture may come smaller (JPEG's reduced DCT), its shorter side at least this.
    int minShorterSide = 0;
};

struct ImageHeader {
    std::string format;  ///< "jpeg", "png", "bmp", "tiff", "webp", "idx"
    int width = 0;       ///< pixels as stored, before EXIF orientation
    int height = 0;
    int orientation = 1;  ///< EXIF 1..8
};

/// Reads magic bytes and header only. Errors: Unsupported (GIF and others, named), BadFormat,
/// TooLarge, NotFound, PermissionDenied.
Result<ImageHeader> probeImage(const ImageRef& ref, const ReadOptions& options = {});

/// Decodes to RGB. 16-bit pictures are scaled by their own range (0 and the largest value to 0
/// and 255), alpha is put on white, CMYK is converted. Errors as probeImage; BadFormat also for
/// truncated JPEGs (libjpeg's own warning).
Result<Image> readImage(const ImageRef& ref, const ReadOptions& options = {});
/// The same from memory.
Result<Image> decodeImage(std::string_view bytes, const ReadOptions& options = {});

}  // namespace graft
