// The part of TrainRun that tells what it does: metric rows, events, snapshots.
#include "core/train/train_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace graft {
namespace {

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

std::string precisionText(const std::string& precision, double speedUp) {
    if (speedUp <= 0) {
        return precision;
    }
    const char* measured = precision == "fp16" ? "fp16" : "bf16";
    char text[64];
    std::snprintf(text, sizeof text, "%s (%s is %.1f times as fast as fp32 here)",
                  precision.c_str(), measured, speedUp);
    return text;
}

}  // namespace

std::string TrainRun::accuracyText(double accuracy, std::int64_t count) const {
    if (m_validationItems.empty()) {
        return percent(accuracy) + " right on the training pictures";
    }
    const auto right = std::int64_t(std::llround(accuracy * double(count)));
    const auto range = wilsonInterval(right, count);
    return percent(accuracy) + " right on " + std::to_string(count) +
           " validation pictures (95 % interval " + percent(range[0]) + " to " +
           percent(range[1]) + ")";
}

void TrainRun::recordEpoch(const Evaluation& evaluation) {
    const bool better =
        evaluation.accuracy > m_state.bestAccuracy ||
        (evaluation.accuracy == m_state.bestAccuracy && evaluation.loss < m_state.bestLoss);
    if (better) {
        m_state.bestAccuracy = evaluation.accuracy;
        m_state.bestLoss = evaluation.loss;
        m_state.bestEpoch = m_state.epoch + 1;
        m_state.epochsWithoutBetter = 0;
        m_bestDue = true;
    } else {
        ++m_state.epochsWithoutBetter;
    }
    const double seen = double(std::max<std::int64_t>(1, m_state.seen));
    MetricRow row;
    row.kind = MetricRow::Kind::Epoch;
    row.step = m_state.step;
    row.epoch = m_state.epoch + 1;
    row.trainLoss = m_state.lossSum / seen;
    row.trainAccuracy = double(m_state.correct) / seen;
    row.learningRate = currentRate();
    row.validationLoss = evaluation.loss;
    row.validationAccuracy = evaluation.accuracy;
    row.validationCount = evaluation.count;
    row.imagesPerSecond = m_secondsPerImage > 0 ? 1 / m_secondsPerImage : 0;
    row.best = better;
    m_sink.metric(row);
    TrainEvent event;
    event.kind = TrainEvent::Kind::EpochFinished;
    event.epoch = m_state.epoch + 1;
    event.best = better;
    event.text = "Round " + std::to_string(m_state.epoch + 1) + ": " +
                 percent(evaluation.accuracy) +
                 (m_validationItems.empty() ? " right on the training pictures"
                                            : " right on the validation pictures");
    send(std::move(event));
}

void TrainRun::evaluateNow() {
    if (m_validationItems.empty()) {
        return;
    }
    publish(RunState::Running, "Checking on validation pictures");
    const Result<Evaluation> evaluation = validate();
    if (evaluation) {
        TrainEvent event;
        event.text = "Now " + percent(evaluation->accuracy) + " right on " +
                     std::to_string(evaluation->count) + " validation pictures";
        send(std::move(event));
    }
}

void TrainRun::send(TrainEvent event) {
    event.step = m_state.step;
    if (event.epoch == 0) {
        event.epoch = m_state.epoch + 1;
    }
    m_sink.event(event);
}

double TrainRun::secondsShareOfFirstSize() const {
    const TrainOptions& options = m_job.options;
    const double side = m_classifier->preprocess().inputSize;
    const double ratio = double(options.firstSize) / side;
    return options.firstSize > 0 && options.firstSizeEpochs > 0 ? ratio * ratio : 1;
}

double TrainRun::secondsLeft() const {
    if (m_secondsPerImage == 0) {
        return -1;
    }
    const std::int64_t total = m_stepsPerEpoch * m_job.options.epochs;
    const double imagesPerStep = double(m_trainItems.size()) / double(m_stepsPerEpoch);
    double perImage = m_secondsPerImage;
    double firstSteps = 0;  // still to be done with smaller pictures
    if (const double share = secondsShareOfFirstSize(); share < 1) {
        firstSteps = double(std::max<std::int64_t>(
            0, m_stepsPerEpoch * std::min(m_job.options.firstSizeEpochs, m_job.options.epochs) -
                   m_state.step));
        perImage = firstSteps > 0 ? m_secondsPerImage / share : m_secondsPerImage;
        firstSteps *= 1 - share;
    }
    const double training =
        (double(total - m_state.step) - firstSteps) * imagesPerStep * perImage;
    double filling = double(m_missing.size() - m_nextMissing) * FeatureSource::kBlockSize;
    if (m_state.featureStage > 0) {
        const std::int64_t rounds =
            std::min<std::int64_t>(m_state.featureVariants, m_job.options.epochs);
        filling += double(std::max<std::int64_t>(0, rounds - m_state.epoch - 1)) *
                   double(m_trainItems.size());
    }
    // Before the first validation: it costs about a third of training per picture.
    const double validation =
        m_validationSeconds > 0 ? m_validationSeconds
                                : double(m_validationItems.size()) * m_secondsPerImage / 3;
    return training + filling * m_secondsPerFeature + validation * double(m_job.options.epochs - m_state.epoch);
}

void TrainRun::publish(RunState state, const char* activity) {
    TrainSnapshot snapshot;
    snapshot.state = state;
    snapshot.step = m_state.step;
    snapshot.stepCount = m_stepsPerEpoch * m_job.options.epochs;
    snapshot.epoch = std::min<std::int64_t>(m_state.epoch + 1, m_job.options.epochs);
    snapshot.epochCount = m_job.options.epochs;
    const double seen = double(std::max<std::int64_t>(1, m_state.seen));
    snapshot.trainLoss = m_state.lossSum / seen;
    snapshot.trainAccuracy = double(m_state.correct) / seen;
    snapshot.bestAccuracy = m_state.bestAccuracy;
    snapshot.bestEpoch = m_state.bestEpoch;
    snapshot.quickAccuracy = m_quick.accuracy;
    snapshot.quickCount = m_quick.count;
    snapshot.quickEstimate = m_quick.estimate;
    snapshot.lookedAt = std::min(m_lookedAt, m_toLookAt);
    snapshot.toLookAt = m_toLookAt;
    snapshot.validationCount = std::int64_t(m_validationItems.size());
    snapshot.learningRate = currentRate();
    snapshot.imagesPerSecond = m_secondsPerImage > 0 ? 1 / m_secondsPerImage : 0;
    snapshot.secondsLeft = secondsLeft();
    if (m_featuresAsked > 0) {
        snapshot.cacheHits =
            std::max(0.0, 1 - double(m_featuresComputed) / double(m_featuresAsked));
        snapshot.cacheBytes = m_cache->memoryUsed() + m_cache->diskUsed();
    }
    snapshot.activity = activity;
    m_sink.snapshot(snapshot);
}

std::string TrainRun::summary() const {
    return std::to_string(m_trainItems.size()) + " training and " +
           std::to_string(m_validationItems.size()) + " validation pictures, " +
           std::to_string(m_classifier->trainableCount()) + " trainable numbers in " +
           m_job.model.backbone + ", computing in " +
           precisionText(m_state.precision, m_precisionSpeedUp) +
           (m_restored ? ", going on from a checkpoint" : "") + "; " + forecastText(forecast());
}

}  // namespace graft
