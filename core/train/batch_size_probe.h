// How much memory and time one pass (forward, backward) of a network takes, measured on a few made-up
// pictures, and what follows for the batch. Linux kills a program that takes too much instead of
// refusing, so this is asked before a run begins. Includes torch; private to core/train.
// Thread: the run's.
#pragma once

#include "core/nn/classifier.h"

#include <cstdint>
#include <functional>

namespace graft {

/// Runs forward and backward for `pictures` [N, 3, S, S] and leaves gradients behind.
using TrainingPass =
    std::function<void(const torch::Tensor& pictures, const torch::Tensor& targets)>;
/// The plain one, in what the classifier computes in.
TrainingPass plainPass(Classifier& classifier);

/// bytes(n) = fixedBytes + n * bytesPerPicture, from two batches of different size; the time of a
/// picture is that in the larger one.
struct PassCost {
    double fixedBytes = 0;       ///< gradients and working memory, whatever the batch
    double bytesPerPicture = 0;  ///< what forward keeps for backward
    double secondsPerPicture = 0;
    double evaluationSecondsPerPicture = 0;  ///< forward only
    /// The same from what the frozen prefix gave, kept; as above where nothing but the head is left
    /// or nothing is frozen.
    double keptSecondsPerPicture = 0;
    double keptEvaluationSecondsPerPicture = 0;
    double bytesFor(std::int64_t count) const {
        return fixedBytes + double(count) * bytesPerPicture;
    }
};

/// Leaves the classifier as it was, buffers included, without gradients. `most`: no more pictures
/// than this at once. Needs at least two; std::bad_alloc when not even those fit.
PassCost measurePass(Classifier& classifier, const TrainingPass& pass, std::int64_t most);

/// The most pictures, 0 to `wanted`, whose pass takes no more than `bytes`.
std::int64_t largestBatch(const PassCost& cost, double bytes, std::int64_t wanted);
/// In how many parts of nearly equal size a batch is computed if `fits` pictures fit at once, so
/// that each has at least two (batch-norm needs them); 0 when that is not possible.
std::int64_t partsFor(std::int64_t batch, std::int64_t fits);

}  // namespace graft
