#include "core/nn/model_spec.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace graft {
namespace {

bool isAtOrBelow(const std::string& path, const std::string& prefix) {
    return path.compare(0, prefix.size(), prefix) == 0 &&
           (path.size() == prefix.size() || path[prefix.size()] == '.');
}

bool readNumber(const std::string& text, std::size_t* position, int* number) {
    const std::size_t start = *position;
    int value = 0;
    while (*position < text.size() && *position < start + 6 && text[*position] >= '0' &&
           text[*position] <= '9') {
        value = value * 10 + (text[(*position)++] - '0');
    }
    *number = value;
    return *position > start;
}

// "features.4-6" stands for features.4, features.5 and features.6.
bool isInRange(const std::string& path, const std::string& group) {
    const std::size_t dash = group.rfind('-');
    const std::size_t dot = group.rfind('.', dash);
    if (dash == std::string::npos || dot == std::string::npos) {
        return false;
    }
    std::size_t position = dot + 1;
    int first = 0;
    int last = 0;
    if (!readNumber(group, &position, &first) || position++ != dash ||
        !readNumber(group, &position, &last) || position != group.size()) {
        return false;
    }
    int number = 0;
    position = dot + 1;
    return path.compare(0, dot + 1, group, 0, dot + 1) == 0 &&
           readNumber(path, &position, &number) && number >= first && number <= last &&
           (position == path.size() || path[position] == '.');
}

template <class T>
void readField(const nlohmann::json& json, const char* key, T* value) {
    if (const auto found = json.find(key); found != json.end()) {
        found->get_to(*value);
    }
}

}  // namespace

nlohmann::json toJson(const ModelSpec& spec) {
    return {{"backbone", spec.backbone},
            {"weights_path", spec.weightsPath},
            {"weights_sha256", spec.weightsSha256},
            {"image_size", spec.imageSize},
            {"dropout", spec.dropout},
            {"padding", spec.padding},
            {"frozen", spec.frozen},
            {"rate_factors", spec.rateFactors}};
}

Result<ModelSpec> modelSpecFromJson(const nlohmann::json& json) {
    const Error broken{ErrorCode::BadFormat,
                       "The description of the model cannot be understood.",
                       {},
                       "Choose the backbone again."};
    if (!json.is_object()) {
        return broken;
    }
    try {
        ModelSpec spec;
        readField(json, "backbone", &spec.backbone);
        readField(json, "weights_path", &spec.weightsPath);
        readField(json, "weights_sha256", &spec.weightsSha256);
        readField(json, "image_size", &spec.imageSize);
        readField(json, "dropout", &spec.dropout);
        readField(json, "padding", &spec.padding);
        readField(json, "frozen", &spec.frozen);
        readField(json, "rate_factors", &spec.rateFactors);
        return spec;
    } catch (const nlohmann::json::exception& fault) {
        Error error = broken;
        error.detail = fault.what();
        return error;
    }
}

bool layerIsInside(const std::string& path, const std::string& group) {
    if (group.empty()) {
        return true;
    }
    if (group == "backbone") {
        return !path.empty() && !isAtOrBelow(path, "head");
    }
    if (const std::size_t plus = group.find('+'); plus != std::string::npos) {
        return path == group || layerIsInside(path, group.substr(0, plus)) ||
               layerIsInside(path, group.substr(plus + 1));
    }
    // ResNet's first layers have no common prefix of their own.
    if (group == "stem" && (isAtOrBelow(path, "conv1") || isAtOrBelow(path, "bn1"))) {
        return true;
    }
    return isAtOrBelow(path, group) || isInRange(path, group);
}

}  // namespace graft
