// Classifier: a backbone of named stages and a head, with torchvision's parameter names
// ("layer1.0.conv1.weight"; the new head is "head.weight" and "head.bias"). Knows what is frozen;
// frozen means no gradient, batch-norm in eval mode, dropout and stochastic depth off.
// Includes torch: for core/analysis, train and deploy only. Thread: one owner.
#pragma once

#include "core/nn/model_spec.h"
#include "core/nn/precision.h"

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace graft {

struct NamedTensor {
    std::string name;
    torch::Tensor tensor;
};

class Classifier {
 public:
    /// Builds the network (random weights by `seed`), loads spec.weightsPath if it is set (a file
    /// that does not fit is an Error), freezes spec.frozen.
    static Result<std::shared_ptr<Classifier>> create(const ModelSpec& spec, int classCount,
                                                      std::uint64_t seed);
    /// The same network without reading a weight file, for weights that come from a checkpoint:
    /// `spec.padding` must be resolved, the preprocessing is given. Nothing is frozen.
    static Result<std::shared_ptr<Classifier>> createBare(const ModelSpec& spec, int classCount,
                                                          const Preprocess& preprocess);
    ~Classifier();

    /// x [N, 3, S, S] float32 normalised -> logits [N, C]. Stages of the frozen prefix run
    /// without autograd.
    torch::Tensor forward(const torch::Tensor& x);
    /// Input -> output of the last stage before pooling: [N, F, H, W], or tokens [N, T, F] of a
    /// transformer with a class token (which is the first).
    torch::Tensor features(const torch::Tensor& x);

    /// Leading stages in which everything is frozen: their output does not change from epoch to
    /// epoch for the same input.
    std::size_t frozenPrefix() const;
    std::size_t stageCount() const;
    /// frozenPrefix(), or stageCount() + 1 when the pooling does not learn either: only the head
    /// is left.
    std::size_t frozenBoundary() const;
    /// forward() from stage `first` on; x is what the stage before it gave (the input for 0), in
    /// float32 or bf16. From stageCount() + 1 on it is the head alone and x is [N, F].
    torch::Tensor forwardFrom(std::size_t first, const torch::Tensor& x);
    /// Output of stages 0..last-1, frozen ones without autograd; of the pooling, too, for
    /// stageCount() + 1. The frozen ones run as for inference: batch norms folded into the
    /// convolutions, see setExact().
    torch::Tensor forwardTo(std::size_t last, const torch::Tensor& x);

    /// Numbers per picture at each cut: what forwardTo(i + 1, x) gives, the pooling last. Runs a
    /// blank picture through the network.
    std::vector<std::int64_t> featureSizes();

    /// The stage by its path in the tree, the torchvision node whose output it gives or a name
    /// that other programs use ("block4_pool"); stage i's output is forwardTo(i + 1, x).
    std::optional<std::size_t> stageNamed(const std::string& name) const;

    /// Some layers are computed from pictures instead of learnt (graft_nano's first one).
    bool fitsToPictures() const;
    /// Computes them from batches [N, 3, S, S] float32 as the network takes them. For a network that
    /// has not learnt yet.
    void fitToPictures(const std::vector<torch::Tensor>& batches);

    /// Fits the head's input scaling to features() of N >= 2 pictures. For a head that has not
    /// learnt yet. The scaling is kept in buffers.
    void scaleHeadTo(const torch::Tensor& features);

    /// Takes the head over that a run kept of an epoch in a weight file; false, and nothing changed,
    /// where the file has none for so many classes.
    bool takeHead(const std::string& weightsPath);

    /// Parameters and buffers in a fixed order, by name. Batch-norm counters are buffers.
    std::vector<NamedTensor> parameters() const;
    std::vector<NamedTensor> buffers() const;
    /// Copies by name; all must be there with the right shape, else Mismatch and nothing changes.
    Status loadState(const std::vector<NamedTensor>& tensors);

    /// `path` is a layer path of the tree, "backbone" or "head". Error InvalidArgument.
    Status setFrozen(const std::string& path, bool frozen);
    bool parameterIsFrozen(const std::string& parameterName) const;
    std::vector<std::string> frozenParameters() const;
    std::int64_t trainableCount() const;  ///< numbers, not tensors

    /// Training mode for what is not frozen, eval mode for the rest; or eval for all.
    void setTraining(bool training);
    /// Fixed: batch norms normalise in training as in eval mode and their statistics rest, though
    /// their weights learn.
    void setNormsFixed(bool fixed);
    /// Moves the network there. Pictures are given, and answers and features taken, in the
    /// processor's memory all the same; parameters(), buffers() and gradients are on the device.
    void setDevice(const torch::Device& device);
    const torch::Device& device() const;
    /// What training computes in; pictures between the layers are then bf16 and channels-last.
    /// In eval mode it is float32 always: what is shown and exported does not depend on this.
    void setPrecision(Precision precision);
    Precision precision() const;
    /// Exact: float32 goes layer by layer, by the operations that training has, also where nothing
    /// is trained. Else batch norms are folded into their convolutions there, which is up to twice
    /// as fast and differs in the last bits. Bf16 folds always.
    void setExact(bool exact);
    bool exact() const;
    /// Seeds dropout and stochastic depth of the next forward pass (a function of run seed and
    /// step, so a resumed run draws the same).
    void setDropoutSeed(std::uint64_t seed);

    const ModelSpec& spec() const;  ///< `padding` resolved, never "auto"
    const Preprocess& preprocess() const;
    int classCount() const;
    const LayerNode& tree() const;
    const WeightReport& weightReport() const;  ///< empty without weights
    torch::nn::Module& module();               ///< the root module, for export

 private:
    Classifier();
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace graft
