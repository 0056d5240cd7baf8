// The part of TrainRun that puts its state into checkpoint files.
#include "core/train/train_run.h"

#include "core/train/backbone_file.h"
#include "core/train/checkpoint_format.h"

#include <cmath>
#include <filesystem>

namespace graft {

nlohmann::json toJson(const TrainerState& state) {
    return {{"step", state.step},
            {"epoch", state.epoch},
            {"batch", state.batch},
            {"base_rate", state.baseRate},
            {"augment_strength", state.augmentStrength},
            {"rate_factors", state.rateFactors},
            {"frozen", state.frozen},
            {"held_frozen", state.heldFrozen},
            {"loss_sum", state.lossSum},
            {"correct", state.correct},
            {"seen", state.seen},
            {"best_accuracy", state.bestAccuracy},
            {"best_loss", state.bestLoss},
            {"best_epoch", state.bestEpoch},
            {"quick_accuracy", state.quickAccuracy},
            {"quick_count", state.quickCount},
            {"quick_strength", state.quickStrength},
            {"epochs_without_better", state.epochsWithoutBetter},
            {"edit_count", state.editCount},
            {"threads", state.threads},
            {"at_once", state.atOnce},
            {"feature_stage", state.featureStage},
            {"feature_variants", state.featureVariants},
            {"feature_fits", state.featureFits},
            {"precision", state.precision},
            {"exact", state.exact},
            {"loss_scale", state.lossScale.factor},
            {"loss_scale_steps", state.lossScale.goodSteps},
            {"device", state.device}};
}

TrainerState trainerStateFromJson(const nlohmann::json& json) {
    TrainerState state;
    json.at("step").get_to(state.step);
    json.at("epoch").get_to(state.epoch);
    json.at("batch").get_to(state.batch);
    json.at("base_rate").get_to(state.baseRate);
    json.at("augment_strength").get_to(state.augmentStrength);
    json.at("rate_factors").get_to(state.rateFactors);
    json.at("frozen").get_to(state.frozen);
    json.at("held_frozen").get_to(state.heldFrozen);
    json.at("loss_sum").get_to(state.lossSum);
    json.at("correct").get_to(state.correct);
    json.at("seen").get_to(state.seen);
    json.at("best_accuracy").get_to(state.bestAccuracy);
    json.at("best_loss").get_to(state.bestLoss);
    json.at("best_epoch").get_to(state.bestEpoch);
    json.at("epochs_without_better").get_to(state.epochsWithoutBetter);
    json.at("edit_count").get_to(state.editCount);
    json.at("threads").get_to(state.threads);
    // Not in checkpoints of older versions.
    state.atOnce = json.value("at_once", std::int64_t(0));
    state.featureStage = json.value("feature_stage", std::int64_t(0));
    state.featureVariants = json.value("feature_variants", std::int64_t(0));
    state.featureFits = json.value("feature_fits", std::vector<std::int64_t>());
    state.precision = json.value("precision", state.precision);
    state.exact = json.value("exact", state.exact);
    state.lossScale.factor = json.value("loss_scale", state.lossScale.factor);
    state.lossScale.goodSteps = json.value("loss_scale_steps", state.lossScale.goodSteps);
    state.device = json.value("device", state.device);
    state.quickAccuracy = json.value("quick_accuracy", state.quickAccuracy);
    state.quickCount = json.value("quick_count", state.quickCount);
    state.quickStrength = json.value("quick_strength", state.quickStrength);
    return state;
}

CheckpointInfo TrainRun::checkpointInfo(std::int64_t epoch) const {
    CheckpointInfo info;
    info.model = m_classifier->spec();
    info.preprocess = m_classifier->preprocess();
    info.classes = m_job.dataset.classes;
    info.step = m_state.step;
    info.epoch = epoch;
    info.validationAccuracy = m_state.bestAccuracy;
    TrainerState state = m_state;
    state.frozen = m_frozen->wished();
    state.heldFrozen = m_frozen->held();
    info.trainer = toJson(state);
    return info;
}

CheckpointTensors TrainRun::modelTensors() const {
    CheckpointTensors tensors;
    tensors.model = m_average && !m_average->empty() ? m_average->tensors()
                                                     : stateTensors(*m_classifier);
    return tensors;
}

Status TrainRun::checkFinite() const {
    const torch::NoGradGuard noGrad;
    for (const NamedTensor& parameter : m_classifier->parameters()) {
        // A finite sum has no other numbers in it, and is found several times as fast.
        if (!std::isfinite(parameter.tensor.sum().item<float>()) &&
            !parameter.tensor.isfinite().all().item<bool>()) {
            return Error{ErrorCode::Diverged,
                         "The weights became infinite or not a number by step " +
                             std::to_string(m_state.step) + ". The last good state is kept.",
                         parameter.name,
                         "Resume with a lower learning rate, a tenth of the present one say."};
        }
    }
    return {};
}

bool TrainRun::checkpointDue() const {
    const TrainOptions& options = m_job.options;
    return (options.checkpointSteps > 0 &&
            m_state.step - m_lastCheckpointStep >= options.checkpointSteps) ||
           Clock::now() - m_lastCheckpoint > std::chrono::seconds(options.checkpointSeconds);
}

bool TrainRun::mayDeferSaving() const {
    constexpr auto kMostLost = std::chrono::seconds(2);
    const auto onlyHead = std::int64_t(m_classifier->stageCount()) + 1;
    return m_state.featureStage == onlyHead &&
           std::int64_t(m_classifier->frozenBoundary()) == onlyHead && !allEpochsDone() &&
           !wantsEarlyStop() && Clock::now() - m_lastCheckpoint < kMostLost;
}

void TrainRun::keepBestModel() {
    m_best = BestModel{checkpointInfo(m_state.bestEpoch), modelTensors()};
    for (NamedTensor& entry : m_best->tensors.model) {
        if (entry.tensor.requires_grad() || m_average) {  // the others rest until it is written
            entry.tensor = entry.tensor.detach().clone();
        }
    }
}

void TrainRun::keepEpochIfWished() {
    if (!m_job.options.keepEpochs) {
        return;
    }
    const auto path = std::filesystem::path(m_job.folder) /
                      ("epoch-" + std::to_string(m_state.epoch + 1) + ".safetensors");
    const auto written =
        writeBackboneFile(path.string(), *m_classifier, modelTensors().model, true,
                          {{"epoch", std::to_string(m_state.epoch + 1)}});
    if (!written) {
        TrainEvent notice;
        notice.error = written.error();
        notice.text = "The model of this epoch was not kept; training goes on. " +
                      written.error().message;
        send(std::move(notice));
    }
}

Status TrainRun::saveCheckpoint() {
    GRAFT_CHECK(checkFinite());
    const std::string name = kAlternatingCheckpoints[std::size_t(m_nextSlot)];
    const std::string path = (std::filesystem::path(m_job.folder) / name).string();
    CheckpointTensors tensors;
    tensors.model = stateTensors(*m_classifier);
    tensors.optimizer = m_optimizer->state();
    if (m_average) {
        tensors.average = m_average->tensors();
    }
    // Metric rows first: a checkpoint on disk never promises a curve that is not there.
    GRAFT_CHECK(m_sink.flush());
    GRAFT_TRY(const std::string sha256,
              writeCheckpoint(path, checkpointInfo(m_state.epoch), tensors));
    m_sink.checkpoint(path, m_nextSlot == 0 ? "a" : "b", sha256, m_state.step);
    m_nextSlot = 1 - m_nextSlot;
    m_lastCheckpoint = Clock::now();
    m_lastCheckpointStep = m_state.step;
    TrainEvent event;
    event.kind = TrainEvent::Kind::CheckpointWritten;
    event.path = path;
    send(std::move(event));
    return m_sink.flush();
}

Status TrainRun::saveBestIfDue() {
    if (!m_bestDue) {
        return {};
    }
    const std::string path = bestCheckpointPath(m_job.folder);
    GRAFT_TRY(const std::string sha256,
              m_best ? writeCheckpoint(path, m_best->info, m_best->tensors)
                     : writeCheckpoint(path, checkpointInfo(m_state.bestEpoch), modelTensors()));
    m_bestDue = false;
    m_best.reset();
    m_sink.checkpoint(path, "best", sha256, m_state.step);
    TrainEvent event;
    event.kind = TrainEvent::Kind::CheckpointWritten;
    event.path = path;
    event.best = true;
    send(std::move(event));
    return {};
}

}  // namespace graft
