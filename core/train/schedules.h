// Learning-rate schedules as pure functions of the step, so a resumed run gets the same rate.
// Thread: any.
#pragma once

#include "core/train/train_options.h"

#include <cstdint>

namespace graft {

/// Factor on the base rate for the update that follows `step` finished ones.
/// Warm-up rises linearly to 1 over warmupShare of all steps, then "cosine" falls to 0
/// (Loshchilov and Hutter, SGDR, 2017, without restarts), "triangular" falls to 0 in a straight
/// line, "step" multiplies by stepFactor every
/// stepEpochs epochs, "constant" stays at 1.
double scheduleFactor(const TrainOptions& options, std::int64_t step, std::int64_t stepCount,
                      std::int64_t stepsPerEpoch);

}  // namespace graft
