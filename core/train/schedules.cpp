#include "core/train/schedules.h"

#include <algorithm>
#include <cmath>

namespace graft {

double scheduleFactor(const TrainOptions& options, std::int64_t step, std::int64_t stepCount,
                      std::int64_t stepsPerEpoch) {
    const auto warmup = std::int64_t(std::llround(options.warmupShare * double(stepCount)));
    if (step < warmup) {
        return double(step + 1) / double(warmup);
    }
    if (options.schedule == "cosine") {
        const double span = double(std::max<std::int64_t>(1, stepCount - warmup));
        constexpr double kPi = 3.14159265358979323846;
        return 0.5 * (1.0 + std::cos(kPi * std::min(1.0, double(step - warmup) / span)));
    }
    if (options.schedule == "triangular") {
        const double span = double(std::max<std::int64_t>(1, stepCount - warmup));
        return std::max(0.0, 1.0 - double(step - warmup) / span);
    }
    if (options.schedule == "step") {
        const std::int64_t epoch = step / std::max<std::int64_t>(1, stepsPerEpoch);
        return std::pow(options.stepFactor, double(epoch / std::max(1, options.stepEpochs)));
    }
    return 1.0;
}

}  // namespace graft
