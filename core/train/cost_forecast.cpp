#include "core/train/cost_forecast.h"

#include "core/base/amounts.h"
#include "core/train/tensor_memory.h"
#include "core/train/thread_count.h"
#include "core/train/train_run.h"

#include <cstdio>
#include <mutex>

namespace graft {
namespace {

std::string secondsText(double seconds) {
    char text[64];
    if (seconds < 9.95) {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    } else if (seconds < 119.5) {
        std::snprintf(text, sizeof text, "%.0f s", seconds);
    } else if (seconds < 7200) {
        std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
    } else {
        std::snprintf(text, sizeof text, "%.1f hours", seconds / 3600);
    }
    return text;
}

std::string fillingText(std::int64_t epochs) {
    return epochs == 0   ? std::string()
           : epochs == 1 ? " for the first one alone"
                         : " for the first " + std::to_string(epochs) + " alone";
}

/// For a run that only looks.
class SilentSink : public TrainSink {
  public:
    void event(const TrainEvent&) override {}
    void metric(const MetricRow&) override {}
    void snapshot(const TrainSnapshot&) override {}
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t, std::int64_t) override {}
};

Error noMemoryToTry() {
    return {ErrorCode::OutOfMemory,
            "There is not enough memory to try this training.",
            {},
            "Close other programs, or choose a smaller network or picture size."};
}

std::mutex g_forecasting;

}  // namespace

void waitForForecast() {
    const std::lock_guard wait(g_forecasting);
}

std::string forecastText(const CostForecast& forecast) {
    std::string text = "about " + secondsText(forecast.totalSeconds) + " in all, " +
                       secondsText(forecast.epochSeconds + forecast.validationSeconds) +
                       " an epoch" + fillingText(forecast.fillingEpochs) + ", at most " +
                       bytesText(forecast.peakBytes) +
                       " of memory";
    if (forecast.picturesAtOnce < forecast.batchSize) {
        text += ", " + std::to_string(forecast.picturesAtOnce) + " of the " +
                std::to_string(forecast.batchSize) + " pictures of a step at a time";
    }
    return text;
}

Result<CostForecast> forecastTraining(const TrainJob& job, Progress& progress) {
    progress.setText("Measuring a few steps");
    const std::lock_guard alone(g_forecasting);
    GRAFT_CHECK(progress.checkpoint());
    const ThreadCount threads;
    try {
        RunControl control;
        SilentSink sink;
        TrainRun run(job, control, sink);
        GRAFT_CHECK(run.prepare());
        GRAFT_CHECK(progress.checkpoint());
        GRAFT_CHECK(run.measure([&progress] { return progress.checkpoint(); }));
        return run.forecast();
    } catch (const std::bad_alloc&) {
        releaseKeptTensorMemory();
        return noMemoryToTry();
    } catch (const c10::OutOfMemoryError&) {
        return noMemoryToTry();
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal, "Trying the training failed.", fault.what(), {}};
    }
}

}  // namespace graft
