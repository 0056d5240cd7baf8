// TorchScript export: turns a network into an archive that holds its own preprocessing, so that
// any program with torch can give it a decoded RGB picture of any size.
// Includes torch; private to core/deploy and its tests. Thread: the model's owner, blocking.
#pragma once

#include "core/base/result.h"
#include "core/nn/classifier.h"

#include <torch/script.h>

#include <functional>
#include <map>
#include <string>

namespace graft {

/// Files kept inside the archive under extra/, by name.
using ExtraFiles = std::map<std::string, std::string>;

/// A network to be written: `module` owns the tensors that `forward` uses.
struct ScriptNetwork {
    torch::nn::Module* module = nullptr;
    /// [N, 3, S, S] float32 normalised -> [N, C]; in eval mode.
    std::function<torch::Tensor(const torch::Tensor&)> forward;
    Preprocess preprocess;
};

/// The script module: parameters and buffers under the network's own names, and the methods
///   forward(images)     logits [N, C]
///   predict(images)     probabilities [N, C]
///   preprocess(images)  normalised input [N, 3, S, S]
///   network(x)          logits of a normalised input (the trace)
/// where `images` is uint8, or float in 0..255, RGB, [N, 3, H, W] or [3, H, W] of any size.
/// Error Internal when the trace answers differently from `forward` for batches of 1, 2 or 5.
Result<torch::jit::Module> scriptNetwork(const ScriptNetwork& network);

/// The archive of `classifier` as bytes. Leaves it in eval mode.
Result<std::string> exportTorchScript(Classifier& classifier, const ExtraFiles& extraFiles);

/// TorchScript source of the preprocessing methods: evaluationView and normalizeTo of core/data, to
/// the bit.
std::string preprocessSource(const Preprocess& preprocess);

}  // namespace graft
