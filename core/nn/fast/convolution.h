// Convolution of pictures with float32 weights: in bf16 the weights are brought to it once per
// change, not once per use, and their gradients come back in float32. Separate from ops.h for what
// it remembers between calls. Includes torch; private to core/nn. Thread: the run's.
#pragma once

#include "core/nn/fast/conv_plan.h"

#include <torch/torch.h>

namespace graft::fast {

/// What one layer keeps between calls: its weights as the plans of the last call want them.
struct PackedWeights {
    std::shared_ptr<ConvPlan> plan;
    torch::Tensor forward;   ///< packed
    torch::Tensor backward;  ///< bf16, packed; undefined until needed
    std::int64_t version = -1;
};

/// x [N, I, H, W] bf16 -> [N, O, H', W'] bf16, channels-last. `weight` [O, I / groups, K, K] and
/// `bias` [O] (or undefined) are float32.
torch::Tensor convolution(const torch::Tensor& x, const torch::Tensor& weight,
                          const torch::Tensor& bias, const ConvGeometry& geometry,
                          PackedWeights& kept);

/// Convolution and batch norm in one for inference, made again when one of the tensors changed.
struct FoldedWeights {
    torch::Tensor weight;  ///< float32, times gamma / sqrt(variance + eps)
    torch::Tensor bias;    ///< [O] float32
    PackedWeights packed;
    std::vector<std::int64_t> versions;
};

/// No autograd: act(convolution + residual), in x's number type (bf16 or float32).
torch::Tensor foldedConvolution(const torch::Tensor& x, FoldedWeights& folded,
                                const ConvGeometry& geometry, Act act,
                                const torch::Tensor& residual);

}  // namespace graft::fast
