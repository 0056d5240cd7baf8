// JPEG by libjpeg itself, because its warnings are what tells a truncated file from a whole one
// and because it can decode at a reduced size. Thread: any.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"

#include <string_view>

namespace graft {

/// RGB as stored, EXIF orientation not applied. `minShorterSide` as in ReadOptions.
Result<Image> decodeJpeg(std::string_view bytes, int minShorterSide);

}  // namespace graft
