// Builds the classifier that a checkpoint holds. Includes torch; for core only.
// Thread: any, blocking.
#pragma once

#include "core/nn/classifier.h"
#include "core/train/checkpoint.h"

namespace graft {

struct LoadedModel {
    std::shared_ptr<Classifier> classifier;  ///< in eval mode
    CheckpointInfo info;
};

Result<LoadedModel> loadCheckpointModel(const std::string& path);

}  // namespace graft
