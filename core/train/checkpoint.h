// Checkpoint files: safetensors holding the weights, buffers and optimiser state, with everything
// else of the run as JSON in the metadata, so that a file alone is enough to resume, evaluate,
// predict or export. Free of torch. Thread: any.
#pragma once

#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/data/preprocess.h"
#include "core/nn/model_spec.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

/// What a checkpoint says about itself, readable without loading the tensors.
struct CheckpointInfo {
    ModelSpec model;          ///< padding resolved
    Preprocess preprocess;
    std::vector<ClassInfo> classes;
    std::int64_t step = 0;
    std::int64_t epoch = 0;   ///< 1-based; of the finished epoch for "best", 0 for "quick"
    double validationAccuracy = -1;
    nlohmann::json trainer;   ///< the trainer's own state
};

Result<CheckpointInfo> readCheckpointInfo(const std::string& path);

/// The newest of `folder`'s alternating checkpoints that is whole; a damaged newer one is skipped
/// and named in `notice`. Error NotFound when there is none.
Result<std::string> newestCheckpoint(const std::string& folder, std::string* notice);
/// Of the best epoch; there is none as long as the quick model is the best.
std::string bestCheckpointPath(const std::string& folder);
/// Of the quick model, made before the first step.
std::string quickCheckpointPath(const std::string& folder);

}  // namespace graft
