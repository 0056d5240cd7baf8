// Catalog: the backbones that can be built, and what can be said about them and about a weight
// file without training anything. Thread: any; layerTree and checkWeights block (up to a second).
#pragma once

#include "core/nn/model_spec.h"

namespace graft {

/// By torchvision's names, the quick and small ones first; "small_cnn" is Graft's own.
const std::vector<BackboneInfo>& backboneCatalog();
/// Error InvalidArgument names the known ones.
Result<BackboneInfo> findBackbone(const std::string& id);

/// Stages, blocks, layers with parameter counts; the last child is the head (path "head").
Result<LayerNode> layerTree(const std::string& backbone, int classCount);

/// Reads the file (safetensors, or PyTorch's .pth and .pt) and compares it with the network. A file that is broken gives an
/// Error; one of another architecture gives a report with usable = false and the reason.
Result<WeightReport> checkWeights(const std::string& path, const std::string& backbone);

/// The Preprocess that a spec leads to (image size, mean and std from the weight file or default).
Result<Preprocess> resolvePreprocess(const ModelSpec& spec);

}  // namespace graft
