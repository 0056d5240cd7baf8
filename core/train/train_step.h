// trainStep: forward pass, loss, backward pass and update of one batch. Separate from TrainRun, which
// knows where batches come from and what becomes of the numbers. Includes torch; private to core/train.
// Thread: the run's.
#pragma once

#include "core/nn/classifier.h"
#include "core/train/loss_scale.h"
#include "core/train/optimizers.h"

#include <functional>

namespace graft {

struct StepInput {
    torch::Tensor x;              ///< pixels, or features that go into stage `firstStage`
    std::size_t firstStage = 0;
    torch::Tensor targets;        ///< [N] int64
    /// > 0: at most so many pictures are computed together and the gradients of the parts are added
    /// up. Batch norms see a part only.
    std::int64_t atOnce = 0;
    torch::Tensor classWeights;   ///< [C] float32 or undefined
    double labelSmoothing = 0;
    double clipGradient = 0;      ///< > 0: longest gradient over all trainable parameters
    double weightDecay = 0;       ///< of what has more than one dimension
    std::uint64_t dropoutSeed = 0;
    LossScale* lossScale = nullptr;  ///< for fp16
    /// Learning rate by the parameter's name.
    std::function<double(const std::string&)> rateOf;
};

struct StepOutcome {
    double loss = 0;
    std::int64_t correct = 0;  ///< of the N, before the update
};

/// When the loss is not finite no weight is updated, nor when lossScale says so. The classifier's
/// device may have too little memory: c10::OutOfMemoryError, and no weight was updated. The
/// statistics of batch norms have moved in each case.
StepOutcome trainStep(Classifier& classifier, Optimizer& optimizer, const StepInput& input);

/// work(pictures at once) with `wanted`, and where a graphics card has too little memory for that,
/// again with half as many, down to three (parts of one have no spread to normalise). Returns how
/// many it was. Throws c10::OutOfMemoryError where three do not fit either.
std::int64_t withWhatFits(std::int64_t wanted, const std::function<void(std::int64_t)>& work);

struct FittedStep {
    StepOutcome outcome;
    std::int64_t atOnce = 0;  ///< what fitted
    /// The step was computed in fp32 instead, or no scale of the loss helps any more: fp16 is of no
    /// use here, and the precision is left at fp32.
    bool tooLargeForFp16 = false;
};

/// trainStep() on a graphics card: again with fewer pictures at once (input.atOnce > 0 says how
/// many at first), or in fp32, where the first attempt failed. An attempt that is
/// repeated leaves nothing behind.
FittedStep trainStepThatFits(Classifier& classifier, Optimizer& optimizer, StepInput input);

}  // namespace graft
