// Evaluator: runs a classifier over samples in eval mode. Includes torch through Classifier; for
// core only. Thread: the caller's, blocking.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/base/progress.h"
#include "core/data/batch_loader.h"
#include "core/nn/classifier.h"

namespace graft {

/// Evaluation view of every item; summarised. Leaves the classifier in eval mode.
Result<Evaluation> evaluateItems(Classifier& classifier, const std::vector<LoaderItem>& items,
                                 const std::vector<ClassInfo>& classes, int loaderThreads,
                                 Progress& progress);

}  // namespace graft
