// The part of TrainRun that checks on the validation pictures, with the frozen part's output from
// the feature cache where there is one.
#include "core/train/train_run.h"

#include "core/base/stopwatch.h"
#include "core/train/feature_walk.h"

namespace graft {

Result<Evaluation> TrainRun::validate() {
    const auto start = Clock::now();
    std::optional<AverageLoan> loan;
    if (m_average) {
        loan.emplace(*m_average, *m_classifier);
    }
    Progress progress;
    const StopCancels stop(m_control, progress);
    Result<Evaluation> evaluation =
        validatesFromCache()
            ? validateFromCache(progress)
            : evaluateItems(*m_classifier, m_validationItems, m_job.dataset.classes,
                            std::max(0, m_loader->options().threads), progress);
    m_validationSeconds = secondsSince(start);
    return evaluation;
}

// The evaluation view never changes, so this pays whatever the training pictures do.
bool TrainRun::validatesFromCache() {
    return m_cache && m_classifier->frozenBoundary() > 0 &&
           variantsThatFit(m_classifier->frozenBoundary()) > 0;
}

std::unique_ptr<BatchLoader> TrainRun::loadOnce(
    const std::vector<LoaderItem>& items, std::vector<std::vector<std::size_t>> batches) const {
    LoaderOptions options;
    options.items = items;
    options.preprocess = m_classifier->preprocess();
    options.threads = m_loader->options().threads;
    options.cacheBytes = 0;  // each picture is seen once
    options.inTurns = !m_classifier->device().is_cuda();
    auto loader = std::make_unique<BatchLoader>(std::move(options));
    loader->start(std::move(batches), 0, 0, std::nullopt);
    return loader;
}

Result<Evaluation> TrainRun::validateFromCache(Progress& progress) {
    // The same pictures together as in evaluateItems(): the figures are the same to the last digit.
    static_assert(FeatureSource::kBlockSize == kEvaluationBatch);
    FeatureSource& source = *m_validationFeatures;
    source.select(boundary(false), std::nullopt, 0, 0);
    std::unique_ptr<BatchLoader> loader;
    FeatureWalk walk(source, spreadBlocks(source, m_validationItems.size()),
                     [&](std::vector<std::vector<std::size_t>> batches) {
                         loader = loadOnce(m_validationItems, std::move(batches));
                         return loader.get();
                     });
    const auto next = [&]() -> std::optional<EvaluationBatch> {
        std::optional<FeatureWalk::Step> step = walk.next();
        if (!step) {
            return std::nullopt;
        }
        tellDiskProblem();
        EvaluationBatch answers;
        if (step->gathered.features.defined()) {
            m_classifier->setTraining(false);
            answers.logits =
                m_classifier->forwardFrom(boundary(false).stage, step->gathered.features);
        }
        answers.items = std::move(step->gathered.items);
        answers.problems = std::move(step->problems);
        return answers;
    };
    return evaluateBatches(m_validationItems, m_job.dataset.classes, next, progress);
}

}  // namespace graft
