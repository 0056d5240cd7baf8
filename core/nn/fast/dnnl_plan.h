// Convolutions as oneDNN computes them. Separate because nothing else includes oneDNN, which is not
// everywhere. Includes torch; private to core/nn/fast. Thread: the run's.
#pragma once

#include "core/nn/fast/conv_plan.h"

namespace graft::fast {

/// Null without oneDNN, and where it has only its plainest loops, which are slower than torch's.
std::shared_ptr<ConvPlan> dnnlPlan(const ConvShape& shape);

}  // namespace graft::fast
