// suggestSettings: network, picture size, random changes, rate, rounds and batch for a data set, by
// published rules, as a function of a few facts. What a person chose is never overridden: see
// adviseSettings(). Free of torch. Thread: any (pure functions but availableNetworks()).
#pragma once

#include "core/base/progress.h"
#include "core/data/augment_spec.h"
#include "core/data/dataset.h"
#include "core/nn/model_spec.h"
#include "core/train/train_options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

/// What the rules look at.
struct DatasetFacts {
    std::int64_t pictures = 0;  ///< usable ones, in any split
    std::int64_t trainPictures = 0;
    std::int64_t smallestClass = 0;  ///< training pictures, of the classes that have any
    std::int64_t largestClass = 0;
    int medianSide = 0;              ///< px, the shorter side; 0: not known
    std::vector<std::string> classes;  ///< names of those with pictures
    bool operator==(const DatasetFacts&) const = default;
};
DatasetFacts datasetFacts(const Dataset& dataset);

/// A network whose pretrained weights are on this machine.
struct AvailableNetwork {
    std::string backbone;
    std::string weightsPath;
    double top1 = 0;          ///< %, as published; 0: not known
    double relativeCost = 1;  ///< as BackboneInfo
};
/// Those of the weight catalogue whose file is here and whole, the best ones that are quick enough
/// first; reads the file of the first. Blocks. Connects to nothing.
std::vector<AvailableNetwork> availableNetworks(Progress& progress);

/// The three that make a run.
struct Settings {
    ModelSpec model;
    AugmentSpec augment;
    TrainOptions options;
    bool operator==(const Settings&) const = default;
};
nlohmann::json toJson(const Settings& settings);
/// What is missing or malformed is as in new projects.
Settings settingsFromJson(const nlohmann::json& json);

struct Suggestion {
    Settings settings;
    std::vector<std::string> reasons;  ///< one plain sentence for each choice
};
/// Sources: BiT-HyperRule (Kolesnikov et al., Big Transfer, 2020: 500 updates up to 20,000
/// pictures, pictures below 96 px at 128 px, no mixing of pictures) and task adaptation with SGD at
/// a tenth of the head's rate. With `own` the network is that, and the rest is for it. Measured
/// here, with the weights at hand: rounds, rate and averaging of small networks, 96 px for few
/// photos, 128 px for many pictures of up to that, frozen early stages.
Suggestion suggestSettings(const DatasetFacts& facts, const std::vector<AvailableNetwork>& networks,
                           const ModelSpec* own = nullptr);

/// Picture size and frozen parts by the same rules for a network that a person chose, where they are
/// not chosen yet (0, none) and it has pretrained weights; gives the reasons.
std::vector<std::string> fitToData(const DatasetFacts& facts, ModelSpec& model);

/// Why mirrored pictures may be wrong here ("6" is no mirrored "2", left is not right); "" where
/// nothing in the classes' names speaks against it.
std::string mirrorWarning(const std::vector<std::string>& classNames);

struct Advice {
    Settings settings;   ///< to be used from here on
    Settings suggested;  ///< what `before` is the next time
    std::vector<std::string> reasons;  ///< of what was suggested, also where a person chose otherwise
};
/// The suggestion for what is still as in `before` (the last suggestion, or a new project's): what
/// differs in `now` was chosen by a person and stays. Network, weights, picture size and frozen
/// parts go together; with `keepNetwork` they stay whatever they are.
Advice adviseSettings(const DatasetFacts& facts, const std::vector<AvailableNetwork>& networks,
                      const Settings& before, const Settings& now, bool keepNetwork = false);

}  // namespace graft
