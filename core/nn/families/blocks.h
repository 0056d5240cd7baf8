// Parts that several families share: convolution with norm and activation, squeeze and excitation,
// and the making of stages from numbered steps. Includes torch; private to core/nn. Thread: one
// owner.
#pragma once

#include "core/nn/network.h"

namespace graft {

using Step = std::function<torch::Tensor(const torch::Tensor&)>;

template <class M>
Step stepOf(std::shared_ptr<M> module) {
    return [module](const torch::Tensor& x) { return module->forward(x); };
}

/// All steps, one after the other.
Step chain(std::vector<Step> steps);

Step maxPool(int kernel, int stride, int padding = 0, bool ceilMode = false);

Step activation(Act act);

struct ConvNormOptions {
    Act act = Act::Relu;
    NormSettings norm = {};
    bool tfSame = false;
    const char* convName = "0";
    const char* normName = "1";
};

/// Convolution, batch norm and activation under the names "0" and "1".
class ConvNorm : public torch::nn::Module {
 public:
    ConvNorm(const ConvShape& shape, const ConvNormOptions& options);
    torch::Tensor forward(const torch::Tensor& x);
    /// With `residual` added before the activation.
    torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& residual);

 private:
    Act m_act;
    std::shared_ptr<Conv> m_conv;
    std::shared_ptr<Norm> m_norm;
};

/// Scales each channel by what two 1x1 convolutions ("fc1", "fc2") say of all channels' means.
class SqueezeExcite : public torch::nn::Module {
 public:
    enum class Gate { Sigmoid, HardSigmoid };
    SqueezeExcite(int channels, int squeezed, Act act, Gate gate);
    torch::Tensor forward(const torch::Tensor& x);

 private:
    Act m_act;
    Gate m_gate;
    std::shared_ptr<Conv> m_reduce;
    std::shared_ptr<Conv> m_expand;
};

/// A shape with "same" padding for its odd kernel.
ConvShape sameConv(int in, int out, int kernel = 1, int stride = 1, int groups = 1);

/// The multiple of 8 nearest to `channels`, at least 90 % of it.
int roundToEight(double channels);

/// PREFIX.first to PREFIX.last of one sequence of numbered steps, each a block of the tree.
struct NumberedStage {
    int first = 0;
    int last = 0;
    const char* label = "";
};
Stage makeStage(const std::string& prefix, const NumberedStage& plan, const std::vector<Step>& all);

/// PATH.0 to PATH.(count-1) as blocks.
std::vector<Block> numberedBlocks(const std::string& path, int count);

/// The usual classifier of torchvision, where options ask for one: mean over the picture, then one
/// linear layer `path` ("fc", "classifier.1") on body.channels.
void addOriginalHead(Body& body, torch::nn::Module& root, const std::string& path,
                     const BuildOptions& options);

}  // namespace graft
