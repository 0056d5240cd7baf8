// ConvPlan: one convolution of fixed sizes in the way that is fastest for it, with weights packed
// once for many uses, gradients of weights in float32, and what follows an inference fused into it.
// torch's own way repacks weights at each use and rounds their gradients to bf16. Where planFor()
// finds none, torch's convolution serves. Includes torch; private to core/nn/fast. Thread: the
// run's.
#pragma once

#include "core/nn/activation.h"

#include <torch/torch.h>

#include <array>
#include <memory>
#include <vector>

namespace graft::fast {

struct ConvGeometry {
    int stride = 1;
    int padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
    int groups = 1;
};

/// What inference does with the outcome before it is stored.
struct AfterConv {
    Act act = Act::None;
    bool addsResidual = false;  ///< before the activation
};

struct ConvShape {
    std::vector<std::int64_t> x, weight, y;
    torch::ScalarType type = torch::kBFloat16;  ///< of all but gradients of weights
    bool bias = false;
    ConvGeometry geometry;
    AfterConv after;
};

class ConvPlan {
 public:
    virtual ~ConvPlan() = default;

    /// `weight` [O, I / groups, H, W], any float type and strides, as this plan wants it.
    virtual torch::Tensor packForward(const torch::Tensor& weight) = 0;
    /// This and what follows: for bf16.
    virtual torch::Tensor packBackward(const torch::Tensor& weight) = 0;
    /// `bias` [O] float32 or undefined; `residual` as y, defined where AfterConv says so.
    virtual void forward(const torch::Tensor& x, const torch::Tensor& packed,
                         const torch::Tensor& bias, const torch::Tensor& residual,
                         torch::Tensor& y) = 0;
    virtual void backwardInput(const torch::Tensor& gradY, const torch::Tensor& packed,
                               torch::Tensor& gradX) = 0;
    /// Into `gradWeight` (float32, as the weight lies); `gradBias` [O] float32 or undefined.
    virtual void backwardWeights(const torch::Tensor& x, const torch::Tensor& gradY,
                                 torch::Tensor& gradWeight, torch::Tensor& gradBias) = 0;
    virtual std::array<std::int64_t, 4> outputSizes() const = 0;
};

/// The plan for pictures of x's sizes and number type (bf16 or float32), kept for the next time;
/// null where there is none. x and the outcome are channels-last and of the same type.
std::shared_ptr<ConvPlan> planFor(const torch::Tensor& x, at::IntArrayRef weight, bool bias,
                                  const ConvGeometry& geometry, const AfterConv& after = {});

}  // namespace graft::fast
