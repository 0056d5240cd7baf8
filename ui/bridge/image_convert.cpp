#include "ui/bridge/image_convert.h"

namespace graft::ui {

QImage toQImage(const Image& image) {
    if (image.empty() || image.width <= 0 || image.height <= 0) {
        return {};
    }
    QImage out(image.width, image.height, QImage::Format_RGB32);
    for (int y = 0; y < image.height; ++y) {
        const std::uint8_t* from = image.row(y);
        auto* to = reinterpret_cast<QRgb*>(out.scanLine(y));
        for (int x = 0; x < image.width; ++x, from += 3) {
            to[x] = qRgb(from[0], from[1], from[2]);
        }
    }
    return out;
}

}  // namespace graft::ui
