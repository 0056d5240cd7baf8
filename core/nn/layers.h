// The layers that all families are built from. They hold torchvision's parameters under
// torchvision's names, but draw no random numbers when they are made: weights are set afterwards,
// from a generator of their own. Each computes in the number type of its input: float32 as torch
// does, bf16 by the ops of core/nn/fast; weights and statistics are float32 in either case. Where
// nothing is trained, batch norms are folded into convolutions, in float32 only if that is allowed.
// Includes torch; private to core/nn. Thread: one owner.
#pragma once

#include "core/nn/activation.h"
#include "core/nn/fast/convolution.h"
#include "core/nn/fast/ops.h"

#include <torch/torch.h>

#include <cstdint>

namespace graft {

/// Weights and activations are kept in this order, the faster one for convolutions on a CPU.
inline constexpr auto kMemoryFormat = torch::MemoryFormat::ChannelsLast;

struct ConvShape {
    int in = 0;
    int out = 0;
    int kernel = 1;
    int stride = 1;
    int padding = 0;  ///< px on every side
    int groups = 1;
    bool bias = false;
    int kernelAcross = 0;   ///< 0 = square; else the width, and `kernel` is the height
    int paddingAcross = 0;  ///< with kernelAcross: px left and right, and `padding` above and below
    bool fixed = false;     ///< the weight is a buffer, which never learns

    int kernelWidth() const { return kernelAcross > 0 ? kernelAcross : kernel; }
    int paddingWidth() const { return kernelAcross > 0 ? paddingAcross : padding; }
};

class Norm;

class Conv : public torch::nn::Module {
 public:
    /// `tfSame`: as TensorFlow's SAME, the input is padded so that the output has
    /// ceil(size / stride) px; an odd pixel goes to the bottom and the right.
    explicit Conv(const ConvShape& shape, bool tfSame = false);
    torch::Tensor forward(const torch::Tensor& x) const;
    const ConvShape& shape() const { return m_shape; }

    torch::Tensor weight;  ///< [out, in / groups, k, k] float32; height before width
    torch::Tensor bias;    ///< [out] or undefined

 private:
    friend torch::Tensor convNorm(const Conv&, Norm&, const torch::Tensor&, Act,
                                  const torch::Tensor&);
    torch::Tensor forwardTfSame(const torch::Tensor& x) const;
    fast::ConvGeometry geometryFor(const torch::Tensor& x) const;

    ConvShape m_shape;
    bool m_tfSame = false;
    mutable fast::PackedWeights m_packed;  // of the weights, for training in bf16
    mutable fast::FoldedWeights m_folded;  // with a norm behind it
};

/// What batch norms of one network have in common; torch's defaults.
struct NormSettings {
    double eps = 1e-5;
    double momentum = 0.1;
};

/// Batch normalisation over N, H, W.
class Norm : public torch::nn::Module {
 public:
    explicit Norm(int channels, const NormSettings& settings = {});
    torch::Tensor forward(const torch::Tensor& x);
    /// act(forward(x) + residual), where `residual` may be undefined.
    torch::Tensor forward(const torch::Tensor& x, Act act, const torch::Tensor& residual = {});
    /// maxPooled(forward(x, act), pool)
    torch::Tensor forwardMaxPooled(const torch::Tensor& x, Act act, const fast::PoolShape& pool);
    const NormSettings& settings() const { return m_settings; }

    torch::Tensor weight;       ///< [C] float32
    torch::Tensor bias;         ///< [C]
    torch::Tensor runningMean;  ///< buffer [C]
    torch::Tensor runningVar;   ///< buffer [C]
    torch::Tensor batchesSeen;  ///< buffer, scalar int64

 private:
    fast::NormTensors tensors() const;

    NormSettings m_settings;
};

/// act(norm(conv(x)) + residual), where `residual` may be undefined. Without autograd a norm that
/// rests is folded into the convolution: in bf16 always, in float32 where fast::foldsFloat().
torch::Tensor convNorm(const Conv& conv, Norm& norm, const torch::Tensor& x, Act act,
                       const torch::Tensor& residual = {});

/// In place where x is float32.
torch::Tensor activate(torch::Tensor x, Act act);

/// As torch::max_pool2d.
torch::Tensor maxPooled(const torch::Tensor& x, const fast::PoolShape& pool);
/// maxPooled(convNorm(...)); where the norm learns in bf16, without the picture between in memory,
/// and where nothing learns, without all of the pictures between at once.
torch::Tensor convNormMaxPooled(const Conv& conv, Norm& norm, const torch::Tensor& x, Act act,
                                const fast::PoolShape& pool);

/// As torch::avg_pool2d.
torch::Tensor averagePooled(const torch::Tensor& x, int kernel, int stride, int padding = 0);

/// A float32 parameter as x's number type wants it.
torch::Tensor asIn(const torch::Tensor& x, const torch::Tensor& parameter);

/// Normalises each position over its channels.
class LayerNorm : public torch::nn::Module {
 public:
    LayerNorm(int channels, double eps);
    /// Over the last dimension of x.
    torch::Tensor forward(const torch::Tensor& x) const;
    /// Over dimension 1 of [N, C, H, W].
    torch::Tensor forwardPicture(const torch::Tensor& x) const;
    double eps() const { return m_eps; }

    torch::Tensor weight;  ///< [C] float32
    torch::Tensor bias;    ///< [C]

 private:
    double m_eps;
};

/// [sizes] float32 for dropout: 1 / keep at a share `keep` of random places, 0 at the others, where
/// `keep` is the nearest multiple of 2^-16 between 0 and 1. Four places from each number drawn:
/// torch's own draws one for each, which took nearly a third of a step on cached features.
torch::Tensor keepMask(at::IntArrayRef sizes, double keep, at::Generator generator);

/// Stochastic depth: while training it leaves out a residual branch at random, picture by picture,
/// and scales the rest up, so that the mean stays.
class DropPath : public torch::nn::Module {
 public:
    explicit DropPath(double probability) : m_probability(probability) {}
    torch::Tensor forward(const torch::Tensor& branch) const;
    double probability() const { return m_probability; }
    /// Where the draws come from, shared with the caller. Until then everything passes.
    void setGenerator(const at::Generator& generator) { m_generator = generator; }

 private:
    double m_probability;
    at::Generator m_generator;
};

class Linear : public torch::nn::Module {
 public:
    Linear(int in, int out, bool withBias = true);
    torch::Tensor forward(const torch::Tensor& x) const;

    torch::Tensor weight;  ///< [out, in]
    torch::Tensor bias;    ///< [out] or undefined
};

/// A linear layer that first brings its input to mean 0 and spread 1: backbones differ in the size
/// of their features (SqueezeNet's mean is 10, MobileNetV2's 0.4), and one learning rate has to
/// serve all. Until setScaling() it changes nothing.
class Head : public Linear {
 public:
    Head(int in, int out);
    torch::Tensor forward(const torch::Tensor& x) const;
    /// `pooled` [N, in] float32: features of some pictures. Fixed from here on, also while the
    /// backbone learns.
    void setScaling(const torch::Tensor& pooled);

    torch::Tensor inputMean;   ///< buffer [in]
    torch::Tensor inputScale;  ///< buffer, scalar: one for all, so that strong features stay strong
};

/// A module that only gives names to what is below it ("features", "layer1").
class Group : public torch::nn::Module {
 public:
    template <class M, class... Arguments>
    std::shared_ptr<M> add(const std::string& name, Arguments&&... arguments) {
        return register_module(name, std::make_shared<M>(std::forward<Arguments>(arguments)...));
    }
};

/// torch.nn.init.kaiming_normal_(mode fan_out, relu).
void initKaimingNormalFanOut(Conv& conv, at::Generator& generator);
/// torch.nn.init.kaiming_uniform_ with its defaults (fan_in, a = 0).
void initKaimingUniformFanIn(Conv& conv, at::Generator& generator);
/// torch.nn.init.kaiming_normal_ with its defaults (mode fan_in, a = 0).
void initKaimingNormalFanIn(Conv& conv, at::Generator& generator);
/// torch.nn.Conv2d's own start: weight and bias uniform in +-1/sqrt(fan in).
void initConvDefault(Conv& conv, at::Generator& generator);
void initNormal(torch::Tensor& tensor, double std, at::Generator& generator);
/// torch.nn.Linear's own start: weight and bias uniform in +-1/sqrt(in).
void initLinear(Linear& linear, at::Generator& generator);
/// torch.nn.init.xavier_uniform_ of a matrix.
void initXavierUniform(torch::Tensor& matrix, at::Generator& generator);

}  // namespace graft
