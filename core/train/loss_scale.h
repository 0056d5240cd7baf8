// LossScale: keeps the small gradients of fp16 from vanishing. The loss is multiplied before the way
// back and the gradients divided after it; a step with a gradient that is not finite is left out.
// Micikevicius et al., Mixed Precision Training, ICLR 2018, with the numbers of torch's GradScaler.
// Includes torch; private to core/train. Thread: the run's.
#pragma once

#include "core/train/optimizers.h"

#include <cstdint>
#include <vector>

namespace graft {

struct LossScale {
    double factor = 65536;
    std::int64_t goodSteps = 0;  ///< since the factor changed

    /// Divides the gradients by the factor. False where one of them is not finite: then the factor
    /// is halved and the step must be left out. After 2,000 good steps it is doubled.
    bool unscale(const std::vector<ParameterUpdate>& updates);
};

}  // namespace graft
