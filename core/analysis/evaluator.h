// Evaluator: runs a classifier over samples in eval mode. Includes torch through Classifier; for
// core only. Thread: the caller's, blocking.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/base/progress.h"
#include "core/data/batch_loader.h"
#include "core/nn/classifier.h"

#include <functional>
#include <optional>
#include <vector>

namespace graft {

/// Pictures that are looked at together.
inline constexpr int kEvaluationBatch = 32;

/// The answers to some of the items.
struct EvaluationBatch {
    torch::Tensor logits;            ///< [N, C], undefined when N is 0
    std::vector<std::size_t> items;  ///< N positions
    std::vector<Problem> problems;   ///< of items without an answer
};

/// Summarises what `next` answers until it gives nothing. Errors: Cancelled, Diverged.
Result<Evaluation> evaluateBatches(const std::vector<LoaderItem>& items,
                                   const std::vector<ClassInfo>& classes,
                                   const std::function<std::optional<EvaluationBatch>()>& next,
                                   Progress& progress);

/// Evaluation view of every item; summarised. Leaves the classifier in eval mode.
Result<Evaluation> evaluateItems(Classifier& classifier, const std::vector<LoaderItem>& items,
                                 const std::vector<ClassInfo>& classes, int loaderThreads,
                                 Progress& progress);

}  // namespace graft
