// Preprocess: how a decoded picture becomes the network's input, one struct that comes with the
// weights and drives training, preview, evaluation and export. Thread: any.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <array>

namespace graft {

/// How pixels between pixels are computed; both antialiased, as PIL does.
enum class Interpolation { Bilinear, Bicubic };
const char* interpolationName(Interpolation interpolation);  ///< "bilinear", "bicubic"
/// Error BadFormat for another name.
Result<Interpolation> interpolationFrom(const std::string& name);

struct Preprocess {
    int inputSize = 224;   ///< px, the square that the network sees
    int resizeSize = 256;  ///< px, the shorter side is resized to this, then the centre is cropped
    Interpolation interpolation = Interpolation::Bilinear;  ///< of the resize
    std::array<double, 3> mean{0.485, 0.456, 0.406};  ///< RGB, of values in 0..1
    std::array<double, 3> std{0.229, 0.224, 0.225};
    bool operator==(const Preprocess&) const = default;
};

nlohmann::json toJson(const Preprocess& preprocess);
Result<Preprocess> preprocessFromJson(const nlohmann::json& json);

/// Antialiased resize, equal to PIL's.
Image resizeImage(const Image& image, int width, int height,
                  Interpolation interpolation = Interpolation::Bilinear);
/// Shorter side to resizeSize, centre crop to inputSize: [inputSize, inputSize] RGB.
Image evaluationView(const Image& image, const Preprocess& preprocess);
/// Writes (pixel/255 - mean)/std as planes R, G, B: `out` holds 3 x height x width float32.
void normalizeTo(const Image& image, const Preprocess& preprocess, float* out);

}  // namespace graft
