// TrainRun: the state of one training and its parts (prepare, one step, validation, checkpoint,
// edits). The loop that strings them together is in trainer.cpp. Includes torch; private to
// core/train. Thread: the run's.
#pragma once

#include "core/analysis/evaluator.h"
#include "core/data/batch_loader.h"
#include "core/nn/fast/step_memory.h"
#include "core/train/checkpoint_io.h"
#include "core/train/frozen_layers.h"
#include "core/train/optimizers.h"
#include "core/train/trainer.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graft {

/// Everything of a run that is not a tensor and that the coming steps depend on.
struct TrainerState {
    std::int64_t step = 0;    ///< updates done
    std::int64_t epoch = 0;   ///< finished epochs
    std::int64_t batch = 0;   ///< batches done in the epoch under way
    double baseRate = 0;
    double augmentStrength = 1;
    std::map<std::string, double> rateFactors;
    std::vector<std::string> frozen;
    std::vector<std::string> heldFrozen;
    double lossSum = 0;       ///< over the samples of the epoch under way
    std::int64_t correct = 0;
    std::int64_t seen = 0;
    double bestAccuracy = -1;
    double bestLoss = 0;
    std::int64_t bestEpoch = 0;  ///< 1-based
    std::int64_t epochsWithoutBetter = 0;
    std::int64_t editCount = 0;
    int threads = 0;
    std::string precision = "fp32";  ///< what "auto" became; see train_step.h
};
nlohmann::json toJson(const TrainerState& state);
/// Throws nlohmann::json::exception on a malformed one.
TrainerState trainerStateFromJson(const nlohmann::json& json);

class TrainRun {
  public:
    TrainRun(const TrainJob& job, RunControl& control, TrainSink& sink)
        : m_job(job), m_control(control), m_sink(sink) {
        m_job.options = resolvedOptions(m_job.options, !m_job.model.weightsPath.empty());
    }

    /// Builds or restores everything. Errors: nothing to train on, weights that do not fit.
    Status prepare();
    /// (Re)starts the loader at the present position of the present epoch.
    void beginEpoch();
    bool epochHasBatches() const { return m_state.batch < std::int64_t(m_batches.size()); }
    /// One update from the next batch. Error Diverged when the loss is not finite.
    Status step();
    /// Validation, best epoch, next epoch. Cancelled when a stop came during validation: the epoch
    /// stays open and is validated again on resume.
    Status finishEpoch();
    bool wantsEarlyStop() const;
    bool allEpochsDone() const { return m_state.epoch >= m_job.options.epochs; }

    void apply(const RunCommand& command);
    bool checkpointDue() const;
    /// Error: the write failed; the older checkpoint is whole.
    Status saveCheckpoint();
    /// The best checkpoint, when the last validation was the best and is not yet on disk.
    Status saveBestIfDue();
    void evaluateNow();

    void send(TrainEvent event);
    void publish(RunState state, const char* activity);
    const TrainerState& state() const { return m_state; }
    std::string summary() const;

  private:
    Status restore();
    Status buildItems();
    void makeLoader();
    void scaleHead();
    void choosePrecisionOnce();
    double rateFactorOf(const std::string& parameterName) const;
    double currentRate() const;
    Status update(const Batch& batch);
    Result<Evaluation> validate();
    void recordEpoch(const Evaluation& evaluation);
    CheckpointInfo checkpointInfo(std::int64_t epoch) const;
    CheckpointTensors modelTensors() const;
    Status checkFinite() const;
    double secondsLeft() const;

    fast::StepMemory m_memory;  // first: it outlives the tensors below
    TrainJob m_job;
    RunControl& m_control;
    TrainSink& m_sink;
    TrainerState m_state;
    std::shared_ptr<Classifier> m_classifier;
    std::unique_ptr<FrozenLayers> m_frozen;
    std::unique_ptr<Optimizer> m_optimizer;
    std::unique_ptr<BatchLoader> m_loader;
    std::vector<LoaderItem> m_trainItems;
    std::vector<LoaderItem> m_validationItems;
    std::vector<std::vector<std::size_t>> m_batches;  ///< of the epoch under way
    std::int64_t m_stepsPerEpoch = 0;
    torch::Tensor m_classWeights;  ///< [C] float32, undefined unless balance is "weights"
    bool m_bestDue = false;
    bool m_restored = false;
    int m_nextSlot = 0;  ///< which of the alternating files is written next
    using Clock = std::chrono::steady_clock;
    Clock::time_point m_lastCheckpoint = Clock::now();
    std::int64_t m_lastCheckpointStep = 0;
    double m_secondsPerImage = 0;       ///< smoothed, training
    double m_validationSeconds = 0;     ///< of the last validation
    double m_precisionSpeedUp = 0;      ///< of bf16 as measured at the start; 0: not measured
};

}  // namespace graft
