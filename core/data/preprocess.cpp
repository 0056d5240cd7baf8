#include "core/data/preprocess.h"

#include "core/data/resize.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

constexpr int kMaxSide = 4096;

Error badPreprocess(const std::string& what) {
    return Error{
        ErrorCode::BadFormat, "The preprocessing description is not usable: " + what + ".", {}, {}};
}

Result<std::array<double, 3>> threeNumbers(const nlohmann::json& json, const char* key) {
    std::array<double, 3> values{};
    if (!json.is_array() || json.size() != 3) {
        return badPreprocess(std::string("\"") + key + "\" must be three numbers");
    }
    for (std::size_t i = 0; i < 3; ++i) {
        if (!json[i].is_number() || !std::isfinite(json[i].get<double>())) {
            return badPreprocess(std::string("\"") + key + "\" must be three numbers");
        }
        values[i] = json[i].get<double>();
    }
    return values;
}

Status readSide(const nlohmann::json& json, const char* key, int& side) {
    if (!json.contains(key)) {
        return {};
    }
    const nlohmann::json& value = json.at(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
        value.get<std::int64_t>() > kMaxSide) {
        return badPreprocess(std::string("\"") + key + "\" must be a whole number from 1 to " +
                             std::to_string(kMaxSide));
    }
    side = value.get<int>();
    return {};
}

}  // namespace

const char* interpolationName(Interpolation interpolation) {
    return interpolation == Interpolation::Bicubic ? "bicubic" : "bilinear";
}

Result<Interpolation> interpolationFrom(const std::string& name) {
    for (const Interpolation known : {Interpolation::Bilinear, Interpolation::Bicubic}) {
        if (name == interpolationName(known)) {
            return known;
        }
    }
    return badPreprocess("\"interpolation\" must be bilinear or bicubic");
}

nlohmann::json toJson(const Preprocess& preprocess) {
    return {{"input_size", preprocess.inputSize},
            {"resize_size", preprocess.resizeSize},
            {"interpolation", interpolationName(preprocess.interpolation)},
            {"mean", preprocess.mean},
            {"std", preprocess.std}};
}

Result<Preprocess> preprocessFromJson(const nlohmann::json& json) {
    if (!json.is_object()) {
        return badPreprocess("it is not a JSON object");
    }
    Preprocess preprocess;
    GRAFT_CHECK(readSide(json, "input_size", preprocess.inputSize));
    GRAFT_CHECK(readSide(json, "resize_size", preprocess.resizeSize));
    if (json.contains("interpolation")) {
        const nlohmann::json& name = json.at("interpolation");
        GRAFT_TRY(preprocess.interpolation,
                  interpolationFrom(name.is_string() ? name.get<std::string>() : std::string()));
    }
    if (json.contains("mean")) {
        GRAFT_TRY(preprocess.mean, threeNumbers(json.at("mean"), "mean"));
    }
    if (json.contains("std")) {
        GRAFT_TRY(preprocess.std, threeNumbers(json.at("std"), "std"));
    }
    for (const double value : preprocess.std) {
        if (value <= 0) {
            return badPreprocess("\"std\" must be positive");
        }
    }
    return preprocess;
}

Image resizeImage(const Image& image, int width, int height, Interpolation interpolation) {
    if (image.width == width && image.height == height) {
        return image;
    }
    return resizePart(image, {0, 0, image.width, image.height}, width, height,
                      {0, 0, width, height}, interpolation);
}

Image evaluationView(const Image& image, const Preprocess& preprocess) {
    const int side = preprocess.inputSize;
    if (image.empty()) {
        return Image::blank(side, side);
    }
    // torchvision's Resize(int): the long side is cut down to whole pixels. Never below the crop.
    const int resize = std::max(preprocess.resizeSize, side);
    int width = resize;
    int height = resize;
    if (image.width < image.height) {
        height = int(std::int64_t(resize) * image.height / image.width);
    } else {
        width = int(std::int64_t(resize) * image.width / image.height);
    }
    // CenterCrop rounds as Python does, half to even.
    const int x = int(std::nearbyint(double(width - side) / 2.0));
    const int y = int(std::nearbyint(double(height - side) / 2.0));
    return resizePart(image, {0, 0, image.width, image.height}, width, height, {x, y, side, side},
                      preprocess.interpolation);
}

void normalizeTo(const Image& image, const Preprocess& preprocess, float* out) {
    float table[3][256];
    for (std::size_t c = 0; c < 3; ++c) {
        const float mean = float(preprocess.mean[c]);
        const float std = float(preprocess.std[c]);
        for (int v = 0; v < 256; ++v) {
            table[c][v] = (float(v) / 255.0f - mean) / std;
        }
    }
    const std::size_t plane = std::size_t(image.width) * std::size_t(image.height);
    const std::uint8_t* pixel = image.rgb.data();
    for (std::size_t i = 0; i < plane; ++i, pixel += 3) {
        out[i] = table[0][pixel[0]];
        out[plane + i] = table[1][pixel[1]];
        out[2 * plane + i] = table[2][pixel[2]];
    }
}

}  // namespace graft
