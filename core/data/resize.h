// Antialiased resize of a part of a picture, equal to PIL's to the last bit: weights in whole
// multiples of 2^-22, whole grey levels between the pass along the rows and the one along the
// columns. Whole numbers add up alike on every processor, so an exported model can repeat it.
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
