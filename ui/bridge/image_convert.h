// From core's Image to Qt's: the only place where pixels change hands. Thread: any.
#pragma once

#include "core/base/image.h"

#include <QImage>

namespace graft::ui {

/// A copy in QImage::Format_RGB32, the format that raster windows draw fastest. Null for an empty
/// image.
QImage toQImage(const Image& image);

}  // namespace graft::ui
