// PNG, BMP, TIFF and WebP by OpenCV's decoders, after the gate, and the way from whatever they
// give (palette, alpha, 16 bit, float) to 8-bit RGB. Thread: any.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"
#include "core/data/image_probe.h"

#include <string_view>

namespace graft {

/// RGB as stored, orientation not applied.
Result<Image> decodeWithOpenCv(std::string_view bytes, const PictureProbe& probe);

/// OpenCV's own threads and log lines off, once: our threads decode several pictures at a time.
void quietOpenCv();

}  // namespace graft
