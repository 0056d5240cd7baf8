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

/// A rectangle whose sides may lie between pixels; px, (0, 0) is the outer corner of the first.
struct PixelBox {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;
};

/// Resizes `source` of the image (no pixel that lies wholly outside it is looked at) to width x
/// height and writes `window` of the result to `out`, whose memory is used again.
void resizeInto(const Image& image, const PixelBox& source, int width, int height,
                const PixelRect& window, Interpolation interpolation, Image& out);
/// The same for whole pixels, as a new picture.
Image resizePart(const Image& image, const PixelRect& source, int width, int height,
                 const PixelRect& window, Interpolation interpolation);

/// The size to which evaluationView() resizes a width x height picture, and what it cuts out.
struct ViewGeometry {
    int width = 0;   ///< px
    int height = 0;  ///< px
    int x = 0;       ///< left of the square
    int y = 0;       ///< top of the square
};
ViewGeometry viewGeometry(int width, int height, const Preprocess& preprocess);

}  // namespace graft
