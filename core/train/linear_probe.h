// linearProbe: what the features of a fixed backbone are worth for a data set it was not made for, as
// the share that a linear head on them gets right. Free of torch. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/nn/model_spec.h"

#include <cstdint>

namespace graft {

struct ProbeOutcome {
    std::int64_t right = 0;
    std::int64_t count = 0;  ///< pictures that were held out
    double accuracy() const { return count > 0 ? double(right) / double(count) : 0; }
};

/// The head of a quick model, fitted to the training split and judged on all the rest. `model`:
/// network, weights and picture size. Errors: as Classifier::create(), InvalidArgument where there is
/// nothing to fit to or to judge by, Cancelled.
Result<ProbeOutcome> linearProbe(const ModelSpec& model, const Dataset& dataset,
                                 const Progress& progress);

}  // namespace graft
