// The flags of `train`: one per row of the options tables, and those of model and augmentation.
// They change what the project has stored, so that the window shows the same. Thread: main.
#pragma once

#include "core/project/project.h"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <vector>

namespace graft::cli {

struct TrainFlags {
    std::map<std::string, std::string> options;  ///< key of trainFields() -> text, those given
    std::string backbone;
    std::string weights;
    int imageSize = -1;
    double dropout = -1;
    std::string padding;
    std::vector<std::string> freeze;
    std::vector<std::string> rateFactors;  ///< "PATH=X"
    std::string augment;
    std::vector<std::string> augmentSet;  ///< "key=value"
};

void addTrainFlags(CLI::App& command, TrainFlags& flags);

/// What the flags make of stored values; errors name the flag and what is allowed.
Result<TrainOptions> changedOptions(TrainOptions options, const TrainFlags& flags);
Result<AugmentSpec> changedAugment(AugmentSpec augment, const TrainFlags& flags);
/// Whether a flag says which network or weights.
bool choosesNetwork(const TrainFlags& flags);
/// Another backbone drops the weights and frozen layers of the old one. `notices`: sentences on
/// what was chosen along with it.
Result<ModelSpec> changedModel(ModelSpec model, const TrainFlags& flags, int classCount,
                               std::vector<std::string>& notices);

}  // namespace graft::cli
