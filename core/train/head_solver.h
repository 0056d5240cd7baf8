// The best linear head for given features: regularised multinomial logistic regression solved to
// the end with L-BFGS, in seconds where gradient steps would need many rounds. The problem is
// convex, so there is no learning rate to choose. Includes torch; for core/train only.
// Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <torch/torch.h>

namespace graft {

struct HeadProblem {
    torch::Tensor features;      ///< [N, F] float32 or float64, as the linear layer takes them
    torch::Tensor targets;       ///< [N] int64, 0 .. classCount - 1
    int classCount = 0;          ///< at least 2
    double inverseStrength = 1;  ///< C: more fits the pictures closer, less keeps weights small
    torch::Tensor classWeights;  ///< [classCount], undefined for all 1
    int maxIterations = 1000;
    double tolerance = 1e-6;     ///< on the largest entry of the gradient, for one picture
    /// [classCount, F + 1], weight and in the last column bias: where the search begins; undefined:
    /// zeros. A near answer saves time and changes the result within the tolerance only.
    torch::Tensor start;
    /// In float32 instead of float64: twice as fast, for comparing strengths.
    bool roughly = false;
};

struct HeadSolution {
    torch::Tensor weight;  ///< [classCount, F] float32
    torch::Tensor bias;    ///< [classCount] float32
    /// sum of cross-entropies + |weight|^2 / (2 C); the bias is free. As in scikit-learn's
    /// LogisticRegression.
    double objective = 0;
    int iterations = 0;
    bool converged = false;
};

/// Errors: InvalidArgument (sizes that do not fit, values that are not finite), Cancelled.
/// Source: Liu and Nocedal, On the limited memory BFGS method, 1989, with a strong Wolfe search.
Result<HeadSolution> solveHead(const HeadProblem& problem, const Progress& progress);

}  // namespace graft
