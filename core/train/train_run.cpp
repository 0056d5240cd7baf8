#include "core/train/train_run.h"

#include "core/base/machine.h"
#include "core/base/rng.h"
#include "core/base/stopwatch.h"
#include "core/nn/batch_tensor.h"
#include "core/nn/catalog.h"
#include "core/train/precision_choice.h"
#include "core/train/schedules.h"
#include "core/train/small_picture_networks.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

// Most specific group wins: a factor on "layer4.1" overrules one on "layer4".
double deepestFactor(const std::map<std::string, double>& factors, const std::string& layer) {
    const std::pair<const std::string, double>* deepest = nullptr;
    for (const auto& entry : factors) {
        if (layerIsInside(layer, entry.first) &&
            (!deepest || layerIsInside(entry.first, deepest->first))) {
            deepest = &entry;
        }
    }
    return deepest ? deepest->second : 1;
}

// Large networks learn new kinds of pictures better by each step's own statistics.
bool wantsFixedNorms(const TrainJob& job) {
    if (job.options.normStatistics != "auto") {
        return job.options.normStatistics == "fixed";
    }
    const Result<BackboneInfo> info = findBackbone(job.model.backbone);
    return info && isForSmallPictures(*info) && !job.model.weightsPath.empty();
}

}  // namespace

Status TrainRun::buildItems() {
    std::vector<std::int64_t> perClass(m_job.dataset.classes.size(), 0);
    for (const Sample& sample : m_job.dataset.samples) {
        const int target = m_job.dataset.classIndex(sample.label);
        if (!sample.usable() || target < 0) {
            continue;
        }
        LoaderItem item{sample.id, m_job.dataset.imageRef(sample), target};
        if (sample.split == Split::Train) {
            m_trainItems.push_back(std::move(item));
            ++perClass[std::size_t(target)];
        } else if (sample.split == Split::Validation) {
            m_validationItems.push_back(std::move(item));
        }
    }
    if (m_job.dataset.classes.size() < 2) {
        return Error{ErrorCode::InvalidArgument, "Training needs at least two classes.", {},
                     "Add pictures of another class on the Data page."};
    }
    if (m_trainItems.size() < 2) {
        return Error{ErrorCode::InvalidArgument,
                     "There are fewer than two pictures to train on.", {},
                     "Add pictures, or give some the split \"train\" on the Data page."};
    }
    if (m_job.options.balance != "none") {
        m_balance = torch::ones({std::int64_t(perClass.size())});
        const double mean = double(m_trainItems.size()) / double(perClass.size());
        for (std::size_t i = 0; i < perClass.size(); ++i) {
            m_balance[std::int64_t(i)] = perClass[i] ? mean / double(perClass[i]) : 0.0;
        }
    }
    if (m_job.options.balance == "weights") {
        m_classWeights = m_balance;
    }
    m_stepsPerEpoch = std::int64_t(
        shuffledBatches(m_trainItems.size(), m_job.options.batchSize, 0, 0).size());
    return {};
}

// As the first layer wants them in training; rounded there, they would be the same.
PixelFormat TrainRun::pixelFormatNow() const {
    const bool halves =
        m_classifier->precision() == Precision::Bf16 && m_classifier->device().is_cpu();
    return halves ? PixelFormat::Bfloat16 : PixelFormat::Float32;
}

void TrainRun::makeLoader(std::uint64_t cacheBytes, PixelFormat format) {
    LoaderOptions options;
    options.format = format;
    options.items = m_trainItems;
    options.preprocess = m_classifier->preprocess();
    const int side = pictureSizeNow();
    options.preprocess.resizeSize = int(std::lround(double(options.preprocess.resizeSize) * side /
                                                    options.preprocess.inputSize));
    options.preprocess.inputSize = side;
    options.seed = std::uint64_t(m_job.options.seed);
    options.threads = m_job.options.loaderThreads >= 0 ? m_job.options.loaderThreads
                                                       : std::max(1, hardwareThreads() - 1);
    options.cacheBytes = cacheBytes;
    options.inTurns = !m_classifier->device().is_cuda();
    m_loader = std::make_unique<BatchLoader>(std::move(options));
}

Status TrainRun::prepare() {
    GRAFT_CHECK(buildItems());
    if (m_job.options.averageDecay > 0) {
        m_average.emplace(m_job.options.averageDecay, m_job.model.weightsPath.empty()
                                                          ? WeightAverage::Start::Random
                                                          : WeightAverage::Start::Trained);
    }
    if (!m_job.resumeFrom.empty()) {
        GRAFT_CHECK(restore());
    } else {
        GRAFT_CHECK(begin());
    }
    tellDevice();
    m_classifier->setNormsFixed(wantsFixedNorms(m_job));
    if (!m_restored) {
        m_state.exact = m_job.options.precision == precisionName(Precision::Fp32);
    }
    m_classifier->setExact(m_state.exact);
    if (m_classifier->trainableCount() == 0) {
        return Error{ErrorCode::InvalidArgument, "Everything is frozen: there is nothing to train.",
                     {}, "Thaw at least the new part (head) on the Model page."};
    }
    GRAFT_CHECK(checkFirstSize());
    makeLoader(std::min<std::uint64_t>(3u << 29, availableMemory() / 4));
    if (!m_restored && m_job.model.weightsPath.empty() && m_classifier->fitsToPictures()) {
        fitToPictures();
    }
    prepareFeatures();
    return {};
}

Status TrainRun::measure(const Between& between) {
    choosePrecisionOnce();
    GRAFT_CHECK(between());
    return fitIntoMemory();
}

// A resumed run goes on in what it began with, whatever would be measured now.
void TrainRun::choosePrecisionOnce() {
    std::string wished = m_job.options.precision;
    if (m_restored) {
        const bool isFp16 = m_state.precision == precisionName(Precision::Fp16);
        wished = isFp16 && !m_device.is_cuda() ? "auto" : m_state.precision;
    } else if (wished == "auto") {
        publish(RunState::Running, "Measuring the speed");
    }
    // What the run needs is measured after this: where little is free, few pictures must do.
    constexpr double kPlenty = 2e9;
    const int pictures = double(availableMemory()) > kPlenty ? m_job.options.batchSize : 2;
    const PrecisionChoice choice = choosePrecision(*m_classifier, wished, pictures);
    m_state.precision = precisionName(choice.precision);
    if (!m_restored && choice.threads < m_state.threads) {
        TrainEvent notice;
        notice.text = "Other programs use the processor: this run computes on " +
                      std::to_string(choice.threads) + " of " + std::to_string(m_state.threads) +
                      " threads, which is faster now.";
        send(std::move(notice));
        m_state.threads = choice.threads;
    }
    m_precisionSpeedUp = choice.speedUp;
}

// Few pictures will do, and the start must not wait for more.
void TrainRun::fitHeadToFeatures() {
    if (m_restored || m_headFits || m_job.model.weightsPath.empty()) {
        return;
    }
    publish(RunState::Running, "Measuring the features");
    auto batches = shuffledBatches(m_trainItems.size(), 32, std::uint64_t(m_job.options.seed), 0);
    batches.resize(std::min<std::size_t>(batches.size(), 2));
    const torch::NoGradGuard noGrad;
    m_classifier->setTraining(false);
    std::vector<torch::Tensor> features;
    m_loader->start(std::move(batches), 0, 0, std::nullopt);
    while (auto batch = m_loader->next()) {
        if (batch->count > 0) {
            features.push_back(m_classifier->features(pixelTensor(*batch)));
        }
    }
    if (features.empty()) {
        return;  // unreadable pictures: the epoch names them
    }
    m_classifier->scaleHeadTo(torch::cat(features));
}

Status TrainRun::restore() {
    CheckpointInfo info;
    GRAFT_TRY(const CheckpointTensors tensors, readCheckpointTensors(m_job.resumeFrom, &info));
    m_state = trainerStateFromJson(info.trainer);
    chooseDeviceToGoOn();
    GRAFT_TRY(m_classifier, Classifier::createBare(info.model, int(info.classes.size()),
                                                   info.preprocess));
    GRAFT_CHECK(m_classifier->loadState(tensors.model));
    m_classifier->setDevice(m_device);
    m_frozen = std::make_unique<FrozenLayers>(m_classifier);
    GRAFT_CHECK(m_frozen->restore(m_state.frozen, m_state.heldFrozen));
    m_optimizer = std::make_unique<Optimizer>(
        Optimizer::Settings{m_job.options.optimizer, m_job.options.momentum});
    GRAFT_CHECK(m_optimizer->loadState(tensors.optimizer, m_classifier->parameters()));
    if (m_average) {
        GRAFT_CHECK(m_average->restore(tensors.average, *m_classifier));
    }
    // The same number of threads adds the same numbers in the same order.
    if (m_state.threads > 0 && m_state.threads <= 4 * hardwareThreads()) {
        at::set_num_threads(m_state.threads);
    }
    m_quick = {m_state.quickAccuracy, m_state.quickCount, false};
    m_nextSlot = m_job.resumeFrom.find("checkpoint-a") != std::string::npos ? 1 : 0;
    m_lastCheckpointStep = m_state.step;
    m_restored = true;
    m_sink.rewind(m_state.step, m_state.editCount);
    return {};
}

void TrainRun::beginEpoch() {
    const auto seed = std::uint64_t(m_job.options.seed);
    if (m_job.options.balance == "sampling") {
        std::vector<std::int64_t> targets;
        for (const LoaderItem& item : m_trainItems) {
            targets.push_back(item.target);
        }
        m_batches = cutBatches(balancedOrder(targets, seed, m_state.epoch),
                               m_job.options.batchSize, true);
    } else {
        m_batches =
            shuffledBatches(m_trainItems.size(), m_job.options.batchSize, seed, m_state.epoch);
    }
    if (m_loader->options().preprocess.inputSize != pictureSizeNow() ||
        m_loader->options().format != pixelFormatNow()) {
        makeLoader(m_loader->options().cacheBytes, pixelFormatNow());
        m_secondsPerImage = 0;
    }
    if (m_state.batch == 0) {
        planFeatures();
    }
    startLoading();
}

double TrainRun::currentRate() const {
    return m_state.baseRate * scheduleFactor(m_job.options, m_state.step,
                                             m_stepsPerEpoch * m_job.options.epochs,
                                             m_stepsPerEpoch);
}

double TrainRun::rateFactorOf(const std::string& parameterName) const {
    const std::string layer = parameterName.substr(0, parameterName.rfind('.'));
    const bool pretrainedPart = !m_job.model.weightsPath.empty() && !layerIsInside(layer, "head");
    return deepestFactor(m_state.rateFactors, layer) *
           (pretrainedPart ? m_job.options.backboneRateFactor : 1.0);
}

void TrainRun::tellProblems(std::vector<Problem>& problems) {
    for (Problem& problem : problems) {
        TrainEvent event;
        event.kind = TrainEvent::Kind::Problem;
        event.text = problem.message;
        event.problem = std::move(problem);
        send(std::move(event));
    }
}

void TrainRun::noteSpeed(double seconds, std::size_t count) {
    const double perImage = seconds / double(count);
    m_secondsPerImage =
        m_secondsPerImage == 0 ? perImage : 0.9 * m_secondsPerImage + 0.1 * perImage;
}

Status TrainRun::step() {
    GRAFT_CHECK(m_state.featureStage > 0 ? stepFromCache() : stepFromPictures());
    ++m_state.step;
    ++m_state.batch;
    return {};
}

Status TrainRun::stepFromPictures() {
    const auto start = Clock::now();
    std::optional<Batch> batch = m_loader->next();
    if (!batch) {
        return Error{ErrorCode::Internal, "The loader ended before the epoch did.", {}, {}};
    }
    tellProblems(batch->problems);
    // Batch-norm cannot work on a single picture; one left over from unreadable ones is passed by.
    if (batch->count >= 2) {
        GRAFT_CHECK(update(0, pixelTensor(*batch), batch->targets));
        noteSpeed(secondsSince(start), batch->targets.size());
    }
    return {};
}

StepInput TrainRun::stepSettings() {
    StepInput input;
    input.classWeights = m_classWeights;
    input.labelSmoothing = m_job.options.labelSmoothing;
    input.clipGradient = m_job.options.clipGradient;
    input.weightDecay = m_job.options.weightDecay;
    input.dropoutSeed = streamSeed(
        "dropout", {std::uint64_t(m_job.options.seed), std::uint64_t(m_state.step)});
    input.rateOf = [this, rate = currentRate()](const std::string& name) {
        return rate * rateFactorOf(name);
    };
    if (m_classifier->precision() == Precision::Fp16) {
        input.lossScale = &m_state.lossScale;
    }
    return input;
}

StepOutcome TrainRun::stepThatFits(StepInput input) {
    const std::int64_t wanted = m_state.atOnce > 0 ? m_state.atOnce : input.targets.size(0);
    input.atOnce = wanted;
    const FittedStep step = trainStepThatFits(*m_classifier, *m_optimizer, std::move(input));
    if (step.atOnce < wanted) {
        computeInParts(step.atOnce);
    }
    if (step.tooLargeForFp16) {
        leaveFp16();
    }
    return step.outcome;
}

Status TrainRun::update(std::size_t first, const torch::Tensor& x,
                        std::vector<std::int64_t>& targets) {
    const auto count = std::int64_t(targets.size());
    StepInput input = stepSettings();
    input.x = x;
    input.firstStage = first;
    input.targets = torch::from_blob(targets.data(), {count}, torch::kInt64);  // [N]
    if (m_average) {
        m_average->begin(*m_classifier);
    }
    const StepOutcome outcome = stepThatFits(std::move(input));
    if (!std::isfinite(outcome.loss)) {
        return Error{ErrorCode::Diverged,
                     "The loss became infinite or not a number at step " +
                         std::to_string(m_state.step) + ". The last good state is kept.",
                     {},
                     "Resume with a lower learning rate, a tenth of the present one say."};
    }
    if (m_average) {
        m_average->update(*m_classifier, m_state.step);
    }
    m_state.lossSum += outcome.loss * double(count);
    m_state.correct += outcome.correct;
    m_state.seen += count;
    MetricRow row;
    row.step = m_state.step + 1;
    row.epoch = m_state.epoch + 1;
    row.trainLoss = outcome.loss;
    row.trainAccuracy = double(outcome.correct) / double(count);
    row.learningRate = currentRate();
    m_sink.metric(row);
    return {};
}

Status TrainRun::finishEpoch() {
    GRAFT_CHECK(checkFinite());
    Evaluation evaluation;
    if (!m_validationItems.empty()) {
        publish(RunState::Running, "Checking on validation pictures");
        GRAFT_TRY(evaluation, validate());
    } else {
        // Nothing is held out: the training accuracy is all there is to go by.
        evaluation.accuracy = double(m_state.correct) / double(std::max<std::int64_t>(1, m_state.seen));
        evaluation.loss = m_state.lossSum / double(std::max<std::int64_t>(1, m_state.seen));
    }
    recordEpoch(evaluation);
    keepEpochIfWished();
    ++m_state.epoch;
    m_state.batch = 0;
    m_state.lossSum = 0;
    m_state.correct = 0;
    m_state.seen = 0;
    if (m_state.epoch == m_job.options.headEpochs) {
        m_frozen->releaseBackbone();
        m_boundary.reset();
        m_validationBoundary.reset();
        TrainEvent notice;
        notice.text = "The new part is trained; the rest of the network learns from here on.";
        send(std::move(notice));
    }
    if (m_state.bestEpoch == m_state.epoch) {
        m_best.reset();
        if (mayDeferSaving()) {
            keepBestModel();
        }
    }
    return {};
}

bool TrainRun::wantsEarlyStop() const {
    return m_job.options.patience > 0 && m_state.epochsWithoutBetter >= m_job.options.patience;
}

}  // namespace graft
