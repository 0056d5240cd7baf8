// Tensors into and out of checkpoint files. Includes torch; private to core/train.
// Thread: any, blocking.
#pragma once

#include "core/nn/classifier.h"
#include "core/train/checkpoint.h"

#include <string>
#include <vector>

namespace graft {

struct CheckpointTensors {
    std::vector<NamedTensor> model;      ///< parameters and buffers
    std::vector<NamedTensor> optimizer;  ///< empty in "best"
    std::vector<NamedTensor> average;    ///< as model; empty in "best" and where nothing is averaged
};

/// Returns the SHA-256 of the file. Errors as AtomicFile; the old file stays whole.
Result<std::string> writeCheckpoint(const std::string& path, const CheckpointInfo& info,
                                    const CheckpointTensors& tensors);
/// Verified against the digest inside.
Result<CheckpointTensors> readCheckpointTensors(const std::string& path, CheckpointInfo* info);

}  // namespace graft
