#include "core/nn/preprocess_choice.h"

#include "core/nn/weights/weight_catalogue.h"

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
    if (!json.is_array() || (json.size() != 3 && json.size() != 1)) {
        return false;
    }
    for (std::size_t i = 0; i < 3; ++i) {
        const nlohmann::json& value = json[json.size() == 1 ? 0 : i];
        if (!value.is_number() || !std::isfinite(value.get<double>())) {
            return false;
        }
        (*values)[i] = value.get<double>();
    }
    return true;
}

// The value of a key as JSON; null where it is absent, discarded where it is no JSON.
nlohmann::json jsonValue(const FileMetadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? nlohmann::json()
                                   : nlohmann::json::parse(found->second, nullptr, false);
}

void readResize(const FileMetadata& metadata, Preprocess* preprocess,
                std::vector<std::string>* notes) {
    const auto name = metadata.find("interpolation");
    if (name != metadata.end()) {
        if (const auto interpolation = interpolationFrom(name->second)) {
            preprocess->interpolation = *interpolation;
        } else {
            notes->push_back("It asks for the interpolation " + name->second.substr(0, 20) +
                             "; bilinear is taken.");
        }
    }
    const nlohmann::json size = jsonValue(metadata, "resize_size");
    if (size.is_number_integer() && size.get<std::int64_t>() >= preprocess->inputSize &&
        size.get<std::int64_t>() <= 2 * kLargestImageSize) {
        preprocess->resizeSize = size.get<int>();
    }
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

FileMetadata knownMetadata(FileMetadata own, const std::string& sha256) {
    if (own.count("mean") > 0 || own.count("input_size") > 0 || sha256.empty()) {
        return own;
    }
    const Result<WeightCatalogue> catalogue = WeightCatalogue::open();
    const WeightEntry* entry = catalogue ? catalogue->findBySha256(sha256) : nullptr;
    if (entry == nullptr) {
        return own;
    }
    const Preprocess& input = entry->preprocess;
    own["architecture"] = entry->backbone;
    own["license"] = entry->license;
    own["mean"] = nlohmann::json(input.mean).dump();
    own["std"] = nlohmann::json(input.std).dump();
    own["input_size"] = nlohmann::json({3, input.inputSize, input.inputSize}).dump();
    own["resize_size"] = std::to_string(input.resizeSize);
    own["interpolation"] = entry->interpolation;
    return own;
}

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
        readResize(metadata, &preprocess, notes);
        return preprocess;
    }
    std::array<double, 3> sides{};
    if (size.size() == 3 && readThree(size, &sides) && sides[0] >= 1 && sides[1] == sides[2] &&
        sides[1] == std::floor(sides[1]) && sides[1] >= backbone.minImageSize &&
        sides[1] <= kLargestImageSize) {
        preprocess.inputSize = int(sides[1]);
        preprocess.resizeSize = resizeFor(backbone, preprocess.inputSize);
    } else {
        notes->push_back("Its input size cannot be used; " + std::to_string(preprocess.inputSize) +
                         " px are taken.");
    }
    readResize(metadata, &preprocess, notes);
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
    // The share that the centre crop keeps stays.
    const bool usual = base.resizeSize == resizeFor(backbone, base.inputSize);
    base.resizeSize = usual ? resizeFor(backbone, imageSize)
                            : int(std::lround(double(imageSize) * double(base.resizeSize) /
                                              double(base.inputSize)));
    base.inputSize = imageSize;
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
