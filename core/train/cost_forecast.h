// CostForecast: what a training will take in time and memory, said before it begins. Measured on
// this machine with the network, picture size and options of the run itself. Free of torch.
// Thread: any; forecastTraining blocks for a few seconds.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/train/trainer.h"

#include <cstdint>
#include <string>

namespace graft {

struct CostForecast {
    std::int64_t batchSize = 0;       ///< pictures per step
    std::int64_t picturesAtOnce = 0;  ///< of them computed together; fewer: gradients are added up
    std::uint64_t peakBytes = 0;      ///< the most the whole program takes while it trains
    std::uint64_t neededBytes = 0;    ///< of those, what it does not have yet
    std::uint64_t availableBytes = 0; ///< what the system can still give
    double epochSeconds = 0;          ///< an epoch that trains all that is not frozen by wish
    /// > 0: only the first so many epochs take that long; the others go on from kept features.
    std::int64_t fillingEpochs = 0;
    double headEpochSeconds = 0;      ///< an epoch of the new part alone
    double validationSeconds = 0;     ///< after each epoch
    double totalSeconds = 0;          ///< all epochs, without early stopping
};

/// "about 62 s in all, 6.2 s an epoch, at most 1.2 GB of memory"
std::string forecastText(const CostForecast& forecast);

/// Builds the run, measures a few steps, changes nothing. Errors: as the run itself at its start,
/// among them OutOfMemory when it would not fit.
Result<CostForecast> forecastTraining(const TrainJob& job, Progress& progress);

/// Returns when no forecast is being made. One that was cancelled takes some steps to notice, and a
/// run that measures meanwhile would take it for another program that wants a core.
void waitForForecast();

}  // namespace graft
