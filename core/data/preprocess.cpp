#include "core/data/preprocess.h"

#include "core/data/normalizer.h"
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

ViewGeometry viewGeometry(int width, int height, const Preprocess& preprocess) {
    const int side = preprocess.inputSize;
    // torchvision's Resize(int): the long side is cut down to whole pixels. Never below the crop.
    const int resize = std::max(preprocess.resizeSize, side);
    ViewGeometry view{resize, resize, 0, 0};
    if (width < height) {
        view.height = int(std::int64_t(resize) * height / width);
    } else {
        view.width = int(std::int64_t(resize) * width / height);
    }
    // CenterCrop rounds as Python does, half to even.
    view.x = int(std::nearbyint(double(view.width - side) / 2.0));
    view.y = int(std::nearbyint(double(view.height - side) / 2.0));
    return view;
}

Image evaluationView(const Image& image, const Preprocess& preprocess) {
    const int side = preprocess.inputSize;
    if (image.empty()) {
        return Image::blank(side, side);
    }
    const ViewGeometry view = viewGeometry(image.width, image.height, preprocess);
    return resizePart(image, {0, 0, image.width, image.height}, view.width, view.height,
                      {view.x, view.y, side, side}, preprocess.interpolation);
}

void normalizeTo(const Image& image, const Preprocess& preprocess, float* out) {
    const auto tables = valueTables(preprocess);
    const std::size_t plane = std::size_t(image.width) * std::size_t(image.height);
    const std::uint8_t* pixel = image.rgb.data();
    for (std::size_t i = 0; i < plane; ++i, pixel += 3) {
        out[i] = tables[0][pixel[0]];
        out[plane + i] = tables[1][pixel[1]];
        out[2 * plane + i] = tables[2][pixel[2]];
    }
}

}  // namespace graft
