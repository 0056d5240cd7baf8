// TrainRun: the state of one training and its parts (prepare, one step, validation, checkpoint,
// edits). The loop that strings them together is in trainer.cpp. Includes torch; private to
// core/train. Thread: the run's.
#pragma once

#include "core/analysis/evaluator.h"
#include "core/data/batch_loader.h"
#include "core/train/batch_size_probe.h"
#include "core/train/checkpoint_io.h"
#include "core/train/cost_forecast.h"
#include "core/train/feature_source.h"
#include "core/train/frozen_layers.h"
#include "core/train/loss_scale.h"
#include "core/train/optimizers.h"
#include "core/train/quick_head.h"
#include "core/train/train_step.h"
#include "core/train/trainer.h"
#include "core/train/weight_average.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
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
    std::int64_t bestEpoch = 0;  ///< 1-based; 0: the quick model
    double quickAccuracy = -1;   ///< of the quick model; -1: none
    std::int64_t quickCount = 0;
    double quickStrength = 0;    ///< C of its head
    std::int64_t epochsWithoutBetter = 0;
    std::int64_t editCount = 0;
    int threads = 0;
    std::int64_t atOnce = 0;  ///< pictures computed together; 0: all of a batch
    // Of the epoch under way; decided at its start, so that a resumed run goes on alike:
    std::int64_t featureStage = 0;     ///< features come from the cache at this cut; 0: pictures
    std::int64_t featureVariants = 0;  ///< variants that the epochs take turns with; 0: new ones
    /// How many variants fit into the cache at each cut, from stage 1 on, as the run found it: one
    /// that was interrupted must not decide another way because a disk has filled meanwhile.
    std::vector<std::int64_t> featureFits;
    std::string precision = "fp32";  ///< what "auto" became; see train_step.h
    bool exact = true;               ///< see Classifier::setExact()
    LossScale lossScale;             ///< of fp16
    std::string device = "cpu";      ///< what "auto" became: cpu or cuda
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
    /// Asked between two pieces of longer work; an Error (Cancelled) ends it.
    using Between = std::function<Status()>;
    bool wantsQuickModel() const;
    /// After prepare(), before anything else: fits the head and tells how good it is. Errors:
    /// Cancelled; what else goes wrong is told, and the run goes on without.
    Status makeQuickModel(const Between& between);
    /// Writes it where there is one that is not on the disk yet.
    Status saveQuickModel();
    /// What the steps are computed in and what they cost. Error OutOfMemory when the run would need
    /// more than there is.
    Status measure(const Between& between);
    /// The last of the preparations.
    void fitHeadToFeatures();
    /// After measure().
    CostForecast forecast() const;
    /// (Re)starts the loader at the present position of the present epoch.
    void beginEpoch();
    /// Features are missing that this epoch takes from the cache: fillFeatures() before step().
    bool fillsFeatures() const { return m_nextMissing < m_missing.size(); }
    /// Computes the next block of them.
    Status fillFeatures();
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
    /// Epochs that take milliseconds are not each worth a checkpoint; the best model is kept in
    /// memory until the next one.
    bool mayDeferSaving() const;
    /// Error: the write failed; the older checkpoint is whole.
    Status saveCheckpoint();
    /// The best checkpoint, when the last validation was the best and is not yet on disk.
    Status saveBestIfDue();
    void evaluateNow();

    /// "93.3 % right on 244 validation pictures (95 % interval 89.5 % to 95.8 %)"
    std::string accuracyText(double accuracy, std::int64_t count) const;
    void send(TrainEvent event);
    void publish(RunState state, const char* activity);
    const TrainerState& state() const { return m_state; }
    std::string summary() const;
    /// A notice where layers that learn keep frozen ones from being computed only once.
    void tellLayersLeftOut();

 private:
    Status restore();
    Status buildItems();
    PixelFormat pixelFormatNow() const;
    void makeLoader(std::uint64_t cacheBytes, PixelFormat format = PixelFormat::Float32);
    Status fitIntoMemory();
    void measureCost();
    double loaderBytes() const;
    double bytesBesidePass() const;
    std::int64_t picturesAtOnce() const;
    void addEpochs(CostForecast& forecast) const;
    Status begin();
    Status skipDoneEpochs();
    void fitToPictures();
    int pictureSizeNow() const;
    Status checkFirstSize();
    Status chooseDeviceToBegin();
    void chooseDeviceToGoOn();
    void tellDevice();
    void computeInParts(std::int64_t atOnce);
    void leaveFp16();
    double secondsShareOfFirstSize() const;
    void keepEpochIfWished();
    void prepareFeatures();
    struct FeatureRows;
    Status fitQuickModel(const Between& between);
    Status estimateQuickModel(FeatureSource& train, FeatureSource& validation,
                              const Between& between);
    Result<FeatureRows> collectFeatures(FeatureSource& source,
                                        const std::vector<std::size_t>& blocks, bool training,
                                        const Between& between);
    Result<QuickHead> fitHeadTo(const FeatureRows& rows);
    void takeHead(const QuickHead& head);
    void recordQuickModel(const QuickHead& head, const Evaluation& evaluation);
    void planFeatures();
    void boundaryMayHaveMoved();
    bool leaveFeatures();
    void giveUpFeatures();
    const FeatureBoundary& boundary(bool forTraining);
    AugmentSpec augmentNow() const;
    std::int64_t variantNow() const;
    std::int64_t epochsLeftAlike() const;
    void announceFeatures(std::int64_t variants);
    void measureRoom(std::uint64_t room);
    std::int64_t variantsThatFit(std::size_t stage) const;
    void startLoading();
    Status addBlock(FeatureSource& source, std::size_t block, BatchLoader& loader);
    void tellDiskProblem();
    Status stepFromCache();
    void tellProblems(std::vector<Problem>& problems);
    bool validatesFromCache();
    /// The evaluation view of some items.
    std::unique_ptr<BatchLoader> loadOnce(const std::vector<LoaderItem>& items,
                                          std::vector<std::vector<std::size_t>> batches) const;
    Result<Evaluation> validateFromCache(Progress& progress);
    void choosePrecisionOnce();
    double rateFactorOf(const std::string& parameterName) const;
    double currentRate() const;
    Status stepFromPictures();
    void noteSpeed(double seconds, std::size_t count);
    /// One update from what stage `first` takes, [N, ...], and targets [N].
    Status update(std::size_t first, const torch::Tensor& x, std::vector<std::int64_t>& targets);
    StepInput stepSettings();
    StepOutcome stepThatFits(StepInput input);
    Result<Evaluation> validate();
    void recordEpoch(const Evaluation& evaluation);
    CheckpointInfo checkpointInfo(std::int64_t epoch) const;
    CheckpointTensors modelTensors() const;
    void keepBestModel();
    Status checkFinite() const;
    double secondsLeft() const;

    TrainJob m_job;
    RunControl& m_control;
    TrainSink& m_sink;
    TrainerState m_state;
    torch::Device m_device = torch::kCPU;
    bool m_missesCard = false;  ///< that it computed on before
    std::shared_ptr<Classifier> m_classifier;
    std::unique_ptr<FrozenLayers> m_frozen;
    std::unique_ptr<Optimizer> m_optimizer;
    std::optional<WeightAverage> m_average;  ///< set where weights are averaged
    std::unique_ptr<BatchLoader> m_loader;
    std::vector<LoaderItem> m_trainItems;
    std::vector<LoaderItem> m_validationItems;
    std::shared_ptr<FeatureCache> m_cache;  ///< null when it is off
    std::unique_ptr<FeatureSource> m_trainFeatures;
    std::unique_ptr<FeatureSource> m_validationFeatures;
    std::optional<FeatureBoundary> m_boundary;  ///< unset when something was frozen or thawed
    std::optional<FeatureBoundary> m_validationBoundary;  ///< as m_boundary
    std::vector<std::size_t> m_missing;               ///< blocks to be computed for this epoch
    std::size_t m_nextMissing = 0;
    std::int64_t m_featuresAsked = 0;     ///< rows, in the whole run
    std::int64_t m_featuresComputed = 0;
    std::string m_announced;              ///< digest of the boundary that was told of
    std::vector<std::vector<std::size_t>> m_batches;  ///< of the epoch under way
    std::int64_t m_stepsPerEpoch = 0;
    PassCost m_passCost;
    bool m_headAlone = false;     ///< nothing else learns in any epoch
    std::size_t m_keptStage = 0;  ///< where the network is cut once all that will learn does
    double m_loadSecondsPerPicture = 0;  ///< on one thread
    torch::Tensor m_balance;  ///< [C] float32: classes count alike; undefined with balance "none"
    torch::Tensor m_classWeights;  ///< the same with balance "weights", else undefined
    struct QuickFigure {
        double accuracy = -1;
        std::int64_t count = 0;
        bool estimate = false;
    };
    QuickFigure m_quick;
    bool m_quickDue = false;   ///< made and not yet on the disk
    bool m_headFits = false;   ///< the head's scaling is that of the features
    std::int64_t m_lookedAt = 0;
    std::int64_t m_toLookAt = 0;
    bool m_bestDue = false;
    struct BestModel {
        CheckpointInfo info;
        CheckpointTensors tensors;
    };
    std::optional<BestModel> m_best;  ///< set when it is not what the network holds now
    bool m_restored = false;
    int m_nextSlot = 0;  ///< which of the alternating files is written next
    using Clock = std::chrono::steady_clock;
    Clock::time_point m_lastCheckpoint = Clock::now();
    std::int64_t m_lastCheckpointStep = 0;
    double m_secondsPerImage = 0;       ///< smoothed, training
    double m_validationSeconds = 0;     ///< of the last validation
    double m_secondsPerFeature = 0;     ///< smoothed, computing missing features
    double m_precisionSpeedUp = 0;      ///< of bf16 as measured at the start; 0: not measured
};

}  // namespace graft
