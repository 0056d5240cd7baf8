// Evaluates the model of a checkpoint on a split of a data set. Free of torch.
// Thread: any, blocking.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/base/progress.h"
#include "core/data/dataset.h"

#include <string>

namespace graft {

/// Samples whose class the model does not know are left out and counted in the note. For the
/// validation split the note says that its figure chose the epoch.
Result<Evaluation> evaluateCheckpoint(const std::string& path, const Dataset& dataset, Split split,
                                      Progress& progress);

}  // namespace graft
