// Ops: what stands between the convolutions of a network that trains in bf16, each as one step of
// autograd with one pass over memory where torch takes several. Pictures are [N, C, H, W] bf16,
// channels-last; other layouts are copied into it first. Statistics, scales and their gradients
// are float32. Separate from the layers so that each can be compared with torch's own composition.
// Includes torch; private to core/nn. Thread: the run's.
#pragma once

#include "core/nn/activation.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/torch.h>

namespace graft::fast {

/// Off: torch computes bf16 itself where it can. For measurements that compare with that.
inline bool& enabled() {
    thread_local bool on = true;
    return on;
}

/// Whether batch norms that rest are folded into convolutions where float32 needs no autograd.
inline bool& foldsFloat() {
    thread_local bool on = false;
    return on;
}

/// Whether these ops are meant for x: bf16 in the processor's memory.
inline bool takes(const torch::Tensor& x) {
    return x.scalar_type() == torch::kBFloat16 && x.device().is_cpu() && enabled();
}

/// Whether a norm that rests is folded into the convolution of x where no autograd is needed. Never
/// while torch records its operators for an export: it would not see these.
inline bool folds(const torch::Tensor& x) {
    return takes(x) || (foldsFloat() && x.scalar_type() == torch::kFloat32 && x.device().is_cpu() &&
                        !torch::jit::tracer::isTracing());
}

/// [N, P, H, W] float32 planes (or any float layout) -> bf16, channels-last.
torch::Tensor toChannelsLastBf16(const torch::Tensor& pixels);

struct NormTensors {
    torch::Tensor weight;       ///< [C] float32
    torch::Tensor bias;         ///< [C] float32
    torch::Tensor runningMean;  ///< [C] float32, moved when `training`
    torch::Tensor runningVar;   ///< [C] float32
    bool training = false;
    double momentum = 0.1;
    double eps = 1e-5;
};

/// act(batch_norm(x) + residual); `residual` may be undefined and goes with None and Relu.
/// As torch's: the running variance is the unbiased one.
/// Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015.
torch::Tensor normActivate(const torch::Tensor& x, const NormTensors& norm, Act act,
                           const torch::Tensor& residual);

torch::Tensor activate(const torch::Tensor& x, Act act);
/// The same by torch's operators, in place; for what these ops are not meant for.
torch::Tensor activateByTorch(torch::Tensor x, Act act);

struct PoolShape {
    int kernel = 2, stride = 2, padding = 0;
    bool ceilMode = false;
};

/// As torch::max_pool2d without dilation.
torch::Tensor maxPool(const torch::Tensor& x, const PoolShape& shape);

/// maxPool(normActivate(x)), in another order where that is the same, so that little is written.
torch::Tensor normActivateMaxPool(const torch::Tensor& x, const NormTensors& norm, Act act,
                                  const PoolShape& shape);

/// Mean over the picture: [N, C] float32.
torch::Tensor meanOverPicture(const torch::Tensor& x);

struct SqueezeTensors {
    torch::Tensor reduceWeight, reduceBias;  ///< [S, C, 1, 1], [S] float32
    torch::Tensor expandWeight, expandBias;  ///< [C, S, 1, 1], [C] float32
    bool silu = false;                       ///< between the two; else ReLU
    bool hardGate = false;                   ///< hard sigmoid behind the second; else sigmoid
};

/// Each channel times a gate that two 1x1 convolutions compute from all channels' means.
/// Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.
torch::Tensor squeezeExcite(const torch::Tensor& x, const SqueezeTensors& tensors);

struct DepthwiseShape {
    int stride = 1;
    int padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
};

/// Convolution of each channel with a kernel of its own: weight [C, 1, K, K] float32.
torch::Tensor depthwise(const torch::Tensor& x, const torch::Tensor& weight,
                        const DepthwiseShape& shape);

}  // namespace graft::fast
