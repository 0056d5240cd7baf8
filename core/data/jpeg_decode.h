// JPEG by libjpeg itself, because its warnings are what tells a truncated file from a whole one
// and because it can decode at a reduced size. Thread: any.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"
#include "core/data/resize.h"

#include <optional>
#include <string_view>

namespace graft {

/// The largest of 8, 4, 2, 1 by which a picture may be divided and still have a shorter side of
/// `minShorterSide`; 1 where that is 0.
int jpegDenominator(int width, int height, int minShorterSide);

/// RGB as stored, EXIF orientation not applied, every side divided by `denominator` (1, 2, 4 or 8)
/// and rounded up. With `part`, a rectangle of that smaller picture, only those pixels are returned,
/// equal to the same pixels of the whole. Errors: BadFormat also where the damage is outside `part`.
Result<Image> decodeJpeg(std::string_view bytes, int denominator = 1,
                         const std::optional<PixelRect>& part = std::nullopt);

}  // namespace graft
