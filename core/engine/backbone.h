// A run's model as a weight file that other runs can start from. Free of torch. Thread: any,
// blocking (a second).
#pragma once

#include "core/base/result.h"
#include "core/nn/model_spec.h"

#include <map>
#include <string>

namespace graft::engine {

/// The network in `file`, a checkpoint or the weight file that a run kept of an epoch, without its
/// head as fp16 safetensors; `facts` go into the new file's metadata. `model`: what a weight file is
/// for. Returns the new file's SHA-256.
Result<std::string> saveBackbone(const std::string& file, const ModelSpec& model,
                                 const std::string& path,
                                 const std::map<std::string, std::string>& facts);

}  // namespace graft::engine
