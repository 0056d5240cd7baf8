// The part of TrainRun that makes the quick model before the first step: features of the untouched
// backbone, computed once, and the best linear head for them. Training goes on from that head.
#include "core/train/train_run.h"

#include "core/train/feature_walk.h"
#include "core/train/quick_head.h"

#include <algorithm>
#include <set>

namespace graft {
namespace {

// With more pictures than this an estimate from some of them comes first.
constexpr std::size_t kMany = 2000;
constexpr std::size_t kSample = 1000;
constexpr std::size_t kValidationSample = 300;
// Numbers that are fitted at once, 12 bytes each. More pictures than that are thinned out evenly.
constexpr std::int64_t kMostNumbers = 50'000'000;

torch::Tensor indices(const std::vector<std::int64_t>& values) {
    return torch::tensor(values, torch::kInt64);
}

}  // namespace

struct TrainRun::FeatureRows {
    std::vector<torch::Tensor> parts;
    torch::Tensor features;  // [N, F], all of them
    std::vector<std::int64_t> targets;
    std::vector<std::int64_t> groups;

    void add(FeatureSource::Gathered gathered, const std::vector<LoaderItem>& items,
             const Dataset& dataset) {
        for (const std::size_t item : gathered.items) {
            const Sample* sample = dataset.findSample(items[item].id);
            targets.push_back(items[item].target);
            groups.push_back(sample ? sample->group : 0);
        }
        if (gathered.features.defined()) {
            parts.push_back(std::move(gathered.features));
        }
    }
};

bool TrainRun::wantsQuickModel() const {
    return m_job.options.quickModel && !m_restored && m_job.options.startEpoch == 0 &&
           !m_classifier->parameterIsFrozen("head.weight") &&
           !m_classifier->parameterIsFrozen("head.bias");
}

Status TrainRun::makeQuickModel(const Between& between) {
    const std::vector<std::string> wished = m_frozen->wished();
    const std::vector<std::string> held = m_frozen->held();
    m_frozen->holdBackbone();
    m_boundary.reset();
    m_validationBoundary.reset();
    const Status made = fitQuickModel(between);
    GRAFT_CHECK(m_frozen->restore(wished, held));
    m_boundary.reset();
    m_validationBoundary.reset();
    if (made || made.error().code == ErrorCode::Cancelled) {
        return made;
    }
    TrainEvent notice;
    notice.error = made.error();
    notice.text = "There is no quick model: " + made.error().message;
    send(std::move(notice));
    return {};
}

Status TrainRun::fitQuickModel(const Between& between) {
    std::shared_ptr<FeatureCache> none;
    if (!m_cache) {
        none = std::make_shared<FeatureCache>(FeatureCache::Settings{});
    }
    const auto own = [&](const std::vector<LoaderItem>& items) {
        return none ? std::make_unique<FeatureSource>(m_classifier, none, items,
                                                      contentIdentities(m_job.dataset, items))
                    : nullptr;
    };
    const std::unique_ptr<FeatureSource> ownTrain = own(m_trainItems);
    const std::unique_ptr<FeatureSource> ownValidation = own(m_validationItems);
    FeatureSource& train = none ? *ownTrain : *m_trainFeatures;
    FeatureSource& validation = none ? *ownValidation : *m_validationFeatures;
    const FeatureBoundary& cut = boundary(false);
    train.select(cut, std::nullopt, 0, 0);
    const auto width = std::int64_t(cut.shape.front());
    if (m_trainItems.size() > kMany) {
        validation.select(cut, std::nullopt, 0, 0);
        GRAFT_CHECK(estimateQuickModel(train, validation, between));
    }
    GRAFT_TRY(const FeatureRows rows,
              collectFeatures(train, spreadBlocks(train, std::size_t(kMostNumbers / width)),
                              /*training=*/true, between));
    GRAFT_TRY(const QuickHead head, fitHeadTo(rows));
    takeHead(head);
    Evaluation evaluation;
    if (m_validationItems.empty()) {
        evaluation.accuracy = head.trainAccuracy;
        evaluation.loss = head.trainLoss;
    } else {
        publish(RunState::Running, "Checking on validation pictures");
        GRAFT_TRY(evaluation, validate());
    }
    recordQuickModel(head, evaluation);
    return {};
}

Result<TrainRun::FeatureRows> TrainRun::collectFeatures(FeatureSource& source,
                                                        const std::vector<std::size_t>& blocks,
                                                        bool training, const Between& between) {
    const std::vector<LoaderItem>& items = training ? m_trainItems : m_validationItems;
    // Not the loader of the steps: its cache is for pictures as those want them.
    std::unique_ptr<BatchLoader> loader;
    FeatureWalk walk(source, blocks, [&](std::vector<std::vector<std::size_t>> batches) {
        loader = loadOnce(items, std::move(batches));
        return loader.get();
    });
    FeatureRows rows;
    m_lookedAt = 0;
    m_toLookAt = 0;
    for (const std::size_t block : blocks) {
        m_toLookAt += std::int64_t(source.members(block).size());
    }
    while (true) {
        GRAFT_CHECK(between());
        std::optional<FeatureWalk::Step> step = walk.next();
        if (!step) {
            break;
        }
        if (training) {
            tellProblems(step->problems);
        }
        rows.add(std::move(step->gathered), items, m_job.dataset);
        m_lookedAt += FeatureSource::kBlockSize;
        publish(RunState::Running, "Looking at the pictures for a quick model");
    }
    m_toLookAt = 0;
    if (rows.parts.empty()) {
        return Error{ErrorCode::NotFound, "None of the pictures could be read.", {}, {}};
    }
    rows.features = torch::cat(rows.parts);
    rows.parts.clear();
    return rows;
}

Result<QuickHead> TrainRun::fitHeadTo(const FeatureRows& rows) {
    publish(RunState::Running, "Fitting the quick model");
    QuickHeadProblem problem;
    problem.features = rows.features;
    problem.targets = indices(rows.targets);
    problem.groups = rows.groups;
    problem.classCount = m_classifier->classCount();
    problem.classWeights = m_balance;
    problem.seed = std::uint64_t(m_job.options.seed);
    Progress progress;
    const StopCancels stop(m_control, progress);
    return fitQuickHead(problem, progress);
}

// From pictures that lie evenly over all of them; thrown away when the whole is there.
Status TrainRun::estimateQuickModel(FeatureSource& train, FeatureSource& validation,
                                    const Between& between) {
    GRAFT_TRY(const FeatureRows some,
              collectFeatures(train, spreadBlocks(train, kSample), true, between));
    std::set<std::int64_t> all;
    for (const LoaderItem& item : m_trainItems) {
        all.insert(item.target);
    }
    if (std::set<std::int64_t>(some.targets.begin(), some.targets.end()) != all ||
        m_validationItems.empty()) {
        return {};  // it could not know every class
    }
    GRAFT_TRY(const QuickHead head, fitHeadTo(some));
    GRAFT_TRY(const FeatureRows checked,
              collectFeatures(validation, spreadBlocks(validation, kValidationSample), false,
                              between));
    const torch::NoGradGuard noGrad;
    const torch::Tensor answers =
        torch::addmm(head.bias, (checked.features - head.mean) / head.scale, head.weight.t())
            .argmax(1);
    m_quick.count = answers.size(0);
    m_quick.accuracy = answers.eq(indices(checked.targets)).sum().item<double>() /
                       double(m_quick.count);
    m_quick.estimate = true;
    TrainEvent notice;
    notice.text = "First estimate from " + std::to_string(some.targets.size()) + " pictures: " +
                  accuracyText(m_quick.accuracy, m_quick.count);
    send(std::move(notice));
    publish(RunState::Running, "Looking at the pictures for a quick model");
    return {};
}

void TrainRun::takeHead(const QuickHead& head) {
    const torch::NoGradGuard noGrad;
    const std::map<std::string, torch::Tensor> values{{"head.weight", head.weight},
                                                      {"head.bias", head.bias},
                                                      {"head.input_mean", head.mean},
                                                      {"head.input_scale", head.scale}};
    for (const auto& list : {m_classifier->parameters(), m_classifier->buffers()}) {
        for (const NamedTensor& entry : list) {
            if (const auto found = values.find(entry.name); found != values.end()) {
                entry.tensor.copy_(found->second);
            }
        }
    }
    m_headFits = true;
}

void TrainRun::recordQuickModel(const QuickHead& head, const Evaluation& evaluation) {
    m_state.quickAccuracy = evaluation.accuracy;
    m_state.quickCount = evaluation.count;
    m_state.quickStrength = head.inverseStrength;
    m_state.bestAccuracy = evaluation.accuracy;
    m_state.bestLoss = evaluation.loss;
    m_state.bestEpoch = 0;
    m_quick = {evaluation.accuracy, evaluation.count, false};
    m_quickDue = true;
    MetricRow row;
    row.kind = MetricRow::Kind::Epoch;
    row.trainLoss = head.trainLoss;
    row.trainAccuracy = head.trainAccuracy;
    row.learningRate = currentRate();
    row.validationLoss = evaluation.loss;
    row.validationAccuracy = evaluation.accuracy;
    row.validationCount = evaluation.count;
    row.best = true;
    m_sink.metric(row);
    publish(RunState::Running, "Saving");
}

Status TrainRun::saveQuickModel() {
    if (!m_quickDue) {
        return {};
    }
    const std::string path = quickCheckpointPath(m_job.folder);
    GRAFT_TRY(const std::string sha256, writeCheckpoint(path, checkpointInfo(0), modelTensors()));
    m_quickDue = false;
    m_sink.checkpoint(path, "quick", sha256, 0);
    TrainEvent event;
    event.kind = TrainEvent::Kind::QuickModelReady;
    event.path = path;
    event.best = true;
    event.text = "Quick model ready: " + accuracyText(m_quick.accuracy, m_quick.count);
    send(std::move(event));
    return m_sink.flush();
}

}  // namespace graft
