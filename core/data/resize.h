// Antialiased resize of a part of a picture: bilinear with the arithmetic of LibTorch's
// _upsample_bilinear2d_aa on float32 followed by rounding, bicubic as PIL does it. An exported model
// repeats both.
// Own code because the loader threads must not start OpenMP teams and because only the part that
// survives the centre crop is computed. Thread: any (pure functions).
#pragma once

#include "core/data/preprocess.h"

namespace graft {

struct PixelRect {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
};

/// Resizes `source` of the image (nothing outside it is looked at) to width x height and returns
/// `window` of the result.
Image resizePart(const Image& image, const PixelRect& source, int width, int height,
                 const PixelRect& window, Interpolation interpolation);

}  // namespace graft
