#include "core/nn/preprocess_choice.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace graft {
namespace {

constexpr int kLargestImageSize = 2048;

// Shorter side before the crop.
int resizeFor(const BackboneInfo& backbone, int inputSize) {
    return int(std::lround(inputSize * backbone.resizeRatio));
}

bool readThree(const nlohmann::json& json, std::array<double, 3>* values) {
    if (!json.is_array() || json.size() != 3) {
        return false;
    }
    for (std::size_t i = 0; i < 3; ++i) {
        if (!json[i].is_number() || !std::isfinite(json[i].get<double>())) {
            return false;
        }
        (*values)[i] = json[i].get<double>();
    }
    return true;
}

// The value of a key as JSON; null where it is absent, discarded where it is no JSON.
nlohmann::json jsonValue(const FileMetadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? nlohmann::json()
                                   : nlohmann::json::parse(found->second, nullptr, false);
}

void readScale(const FileMetadata& metadata, Preprocess* preprocess,
               std::vector<std::string>* notes) {
    const nlohmann::json mean = jsonValue(metadata, "mean");
    const nlohmann::json std = jsonValue(metadata, "std");
    if (mean.is_null() && std.is_null()) {
        return;
    }
    Preprocess read = *preprocess;
    const bool positive =
        readThree(std, &read.std) && read.std[0] > 0 && read.std[1] > 0 && read.std[2] > 0;
    if (!positive || !readThree(mean, &read.mean)) {
        notes->push_back("Its mean and std cannot be understood; ImageNet's are used.");
        return;
    }
    *preprocess = read;
}

}  // namespace

Preprocess defaultPreprocess(const BackboneInfo& backbone) {
    Preprocess preprocess;
    preprocess.inputSize = backbone.defaultImageSize;
    preprocess.resizeSize = resizeFor(backbone, preprocess.inputSize);
    if (backbone.pixelsAroundZero) {
        preprocess.mean = {0.5, 0.5, 0.5};
        preprocess.std = {0.5, 0.5, 0.5};
    }
    return preprocess;
}

Preprocess filePreprocess(const BackboneInfo& backbone, const FileMetadata& metadata,
                          std::vector<std::string>* notes) {
    Preprocess preprocess = defaultPreprocess(backbone);
    readScale(metadata, &preprocess, notes);
    if (backbone.pixelsAroundZero && preprocess.mean == Preprocess().mean &&
        preprocess.std == Preprocess().std) {
        // torchvision describes them with ImageNet's scale, which its own network undoes.
        preprocess = defaultPreprocess(backbone);
    }
    const nlohmann::json size = jsonValue(metadata, "input_size");
    if (size.is_null()) {
        return preprocess;
    }
    std::array<double, 3> sides{};
    if (readThree(size, &sides) && sides[0] == 3 && sides[1] == sides[2] &&
        sides[1] == std::floor(sides[1]) && sides[1] >= backbone.minImageSize &&
        sides[1] <= kLargestImageSize) {
        preprocess.inputSize = int(sides[1]);
        preprocess.resizeSize = resizeFor(backbone, preprocess.inputSize);
    } else {
        notes->push_back("Its input size cannot be used; " + std::to_string(preprocess.inputSize) +
                         " px are taken.");
    }
    return preprocess;
}

Result<Preprocess> atImageSize(const BackboneInfo& backbone, Preprocess base, int imageSize) {
    if (imageSize == 0) {
        return base;
    }
    if (imageSize < backbone.minImageSize || imageSize > kLargestImageSize) {
        return Error{ErrorCode::InvalidArgument,
                     backbone.title + " cannot work at " + std::to_string(imageSize) + " px.",
                     {},
                     "Choose an image size from " + std::to_string(backbone.minImageSize) + " to " +
                         std::to_string(kLargestImageSize) + " px, or 0 for the usual " +
                         std::to_string(backbone.defaultImageSize) + " px."};
    }
    base.inputSize = imageSize;
    base.resizeSize = resizeFor(backbone, imageSize);
    return base;
}

Result<std::string> choosePadding(const std::string& wish, const FileMetadata& metadata) {
    if (wish == kPaddingSymmetric || wish == kPaddingTfSame) {
        return wish;
    }
    if (wish != kPaddingAuto) {
        return Error{ErrorCode::InvalidArgument,
                     "The padding \"" + wish + "\" is unknown.",
                     {},
                     "Choose auto, symmetric or tf-same."};
    }
    const auto found = metadata.find("padding");
    return std::string(found != metadata.end() && found->second == kPaddingTfSame
                           ? kPaddingTfSame
                           : kPaddingSymmetric);
}

}  // namespace graft
