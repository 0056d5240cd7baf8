// A trained network as a weight file for others to start from: fp16 safetensors under the names
// that weight files have, with what it wants to see in the metadata. Includes torch; for core/train
// only. Thread: any, blocking.
#pragma once

#include "core/base/result.h"
#include "core/nn/classifier.h"

#include <map>
#include <string>
#include <vector>

namespace graft {

/// `tensors`: parameters and buffers by name; the head is left out unless `withHead`. Counters are
/// left out. Adds architecture, input size and scale to `metadata`. Returns the file's SHA-256;
/// errors as AtomicFile, and Diverged for weights that are not finite in 16 bits.
Result<std::string> writeBackboneFile(const std::string& path, const Classifier& classifier,
                                      const std::vector<NamedTensor>& tensors, bool withHead,
                                      std::map<std::string, std::string> metadata);

}  // namespace graft
