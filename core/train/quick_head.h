// The head of the quick model: the best linear layer for the features of a fixed backbone, its
// strength of regularisation found by cross-validation among the training pictures. Numbers only:
// where features come from is the run's business. Includes torch; for core/train only.
// Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace graft {

struct QuickHeadProblem {
    torch::Tensor features;            ///< [N, F] float32, behind the pooling
    torch::Tensor targets;             ///< [N] int64
    std::vector<std::int64_t> groups;  ///< N; pictures of one group, not 0, are judged together
    int classCount = 0;
    torch::Tensor classWeights;        ///< [classCount] or undefined, of balanced training
    std::uint64_t seed = 0;            ///< of the parts of cross-validation
};

/// classify(x) = weight * (x - mean) / scale + bias
struct QuickHead {
    torch::Tensor mean;    ///< [F]
    torch::Tensor scale;   ///< scalar: one for all features
    torch::Tensor weight;  ///< [classCount, F] float32
    torch::Tensor bias;    ///< [classCount] float32
    double inverseStrength = 1;   ///< C, for features as scaled
    double crossValidated = -1;   ///< share right among pictures left out of fitting; -1: none
    double objective = 0;         ///< see HeadSolution, for features as scaled
    double trainLoss = 0;         ///< mean cross-entropy of the training pictures
    double trainAccuracy = 0;
};

/// Features are centred and divided by one number, the spread of all of them, so that strong ones
/// stay strong; the scale is kept in the head and costs nothing later. C is the best of half
/// decades by the loss of left-out pictures; then the head is fitted to all pictures. A function of
/// the problem alone. Errors: as solveHead().
/// Source: Kumar et al., Fine-tuning can distort pretrained features, ICLR 2022 (the probe).
Result<QuickHead> fitQuickHead(const QuickHeadProblem& problem, const Progress& progress);

/// In which of `folds` parts each picture is: each class is spread evenly, groups stay together.
/// Fewer parts when there are fewer groups than that.
std::vector<int> stratifiedFolds(const std::vector<std::int64_t>& targets,
                                 const std::vector<std::int64_t>& groups, int folds,
                                 std::uint64_t seed);

}  // namespace graft
