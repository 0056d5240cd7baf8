// ModelSpec and friends: what network to build, described without torch, so that the window, the
// project and the command line can hold it. Thread: any (plain values).
#pragma once

#include "core/base/result.h"
#include "core/data/preprocess.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace graft {

/// One backbone that Graft can build.
struct BackboneInfo {
    std::string id;                      ///< torchvision's name, "resnet18"
    std::string title;                   ///< "ResNet-18"
    std::string summary;                 ///< one plain sentence: what it is good for
    std::int64_t parameters = 0;         ///< without the head
    int defaultImageSize = 224;          ///< px
    int minImageSize = 32;               ///< px
    double relativeCost = 1;             ///< multiply-adds per picture, squeezenet1_1 at 224 px = 1
    double resizeRatio = 256.0 / 224.0;  ///< shorter side before the centre crop / image size
    /// Published weights take pixels in -1..1 (mean and std 0.5 for every channel) whatever their
    /// description says: torchvision's `transform_input`.
    bool pixelsAroundZero = false;
    bool classToken = false;  ///< the head reads one token instead of the mean over the picture
    /// Paths of the stages before the picture gets smaller for the last time: what they look for
    /// serves most photos, so few pictures need not teach it anew. Empty: not known to hold.
    std::vector<std::string> earlyStages = {};
};

/// A node in the tree of stages, blocks and layers. `path` is the torchvision parameter prefix
/// ("layer1.0.conv1"); stage nodes of networks without such a prefix use the stage's name
/// ("features.0" ...). The root has path "" and the name of the backbone.
struct LayerNode {
    std::string path;
    std::string label;            ///< "Stage 1", "Block 2", "Convolution 3x3, 64"
    std::string kind;             ///< "stage", "block", "conv", "norm", "linear", "weights", "head"
    std::int64_t parameters = 0;  ///< of the node and all below
    std::vector<LayerNode> children;
};

struct ModelSpec {
    std::string backbone = "small_cnn";
    std::string weightsPath;          ///< "" = random weights, trained from scratch
    std::string weightsSha256;        ///< of the file when it was chosen; "" where there is none
    int imageSize = 0;                ///< px; 0 = what the weights or the backbone ask for
    double dropout = 0.2;             ///< before the last linear layer
    std::string padding = "auto";     ///< "auto" (from the file), "symmetric", "tf-same"
    std::vector<std::string> frozen;  ///< layer paths; "backbone" stands for all but the head
    std::map<std::string, double> rateFactors;  ///< layer path -> learning-rate multiplier
    bool operator==(const ModelSpec&) const = default;
};

nlohmann::json toJson(const ModelSpec& spec);
Result<ModelSpec> modelSpecFromJson(const nlohmann::json& json);

/// True when `path` is `group` or below it. "" holds everything, "backbone" all but "head",
/// "features.4-6" the three numbers, "a+b" what is in one of the two.
bool layerIsInside(const std::string& path, const std::string& group);

/// How a weight file fits a network.
struct WeightReport {
    bool usable = false;
    std::string sentence;  ///< plain language: "Fits: all 52 tensors ... new head for 2 classes"
    std::string architecture;  ///< from the file's metadata, "" if it does not say
    std::string license;
    std::string padding;  ///< "symmetric" or "tf-same"
    std::string sha256;
    int inputChannels = 3;                ///< of the pictures that the file was made for
    std::int64_t matched = 0;             ///< tensors taken over
    std::vector<std::string> missing;     ///< in the network, not in the file
    std::vector<std::string> unexpected;  ///< in the file, not in the network
    std::vector<std::string> mismatched;  ///< "name: file [64, 3, 7, 7], network [64, 3, 3, 3]"
    Preprocess preprocess;                ///< as the file asks for, else the backbone's default
    std::map<std::string, std::string> metadata;
};

}  // namespace graft
