// The part of TrainRun that checks on the validation pictures, with the frozen part's output from
// the feature cache where there is one.
#include "core/train/train_run.h"

namespace graft {

Result<Evaluation> TrainRun::validate() {
    const auto start = Clock::now();
    std::optional<AverageLoan> loan;
    if (m_average) {
        loan.emplace(*m_average, *m_classifier);
    }
    Progress progress;
    m_control.cancelOnStop(&progress);
    Result<Evaluation> evaluation =
        validatesFromCache()
            ? validateFromCache(progress)
            : evaluateItems(*m_classifier, m_validationItems, m_job.dataset.classes,
                            std::max(0, m_loader->options().threads), progress);
    m_control.cancelOnStop(nullptr);
    m_validationSeconds = std::chrono::duration<double>(Clock::now() - start).count();
    return evaluation;
}

// The evaluation view never changes, so this pays whatever the training pictures do.
bool TrainRun::validatesFromCache() {
    return m_cache && m_classifier->frozenBoundary() > 0 &&
           variantsThatFit(m_classifier->frozenBoundary()) > 0;
}

std::unique_ptr<BatchLoader> TrainRun::loadValidation(const std::vector<std::size_t>& blocks) {
    LoaderOptions options;
    options.items = m_validationItems;
    options.preprocess = m_classifier->preprocess();
    options.threads = m_loader->options().threads;
    options.cacheBytes = 0;  // each picture is seen once
    auto loader = std::make_unique<BatchLoader>(std::move(options));
    std::vector<std::vector<std::size_t>> batches;
    for (const std::size_t block : blocks) {
        batches.push_back(m_validationFeatures->members(block));
    }
    loader->start(std::move(batches), 0, 0, std::nullopt);
    return loader;
}

Result<Evaluation> TrainRun::validateFromCache(Progress& progress) {
    // The same pictures together as in evaluateItems(): the figures are the same to the last digit.
    static_assert(FeatureSource::kBlockSize == kEvaluationBatch);
    FeatureSource& source = *m_validationFeatures;
    source.select(boundary(false), std::nullopt, 0, 0);
    const std::vector<std::size_t> missing = source.missing();
    std::unique_ptr<BatchLoader> loader = missing.empty() ? nullptr : loadValidation(missing);
    std::size_t nextMissing = 0;
    std::size_t block = 0;
    const auto next = [&]() -> std::optional<EvaluationBatch> {
        if (block == source.blockCount()) {
            return std::nullopt;
        }
        EvaluationBatch answers;
        const bool expected = nextMissing < missing.size() && missing[nextMissing] == block;
        FeatureSource::Gathered gathered;
        if (!expected) {
            gathered = source.gatherBlock(block);
        }
        if (expected || !gathered.lost.empty()) {
            // One that was there a moment ago was deleted by someone.
            const auto single = expected ? nullptr : loadValidation({block});
            std::optional<Batch> batch = (expected ? *loader : *single).next();
            nextMissing += expected ? 1 : 0;
            (void)source.add(block, *batch);  // without room it serves this once
            answers.problems = std::move(batch->problems);
            tellDiskProblem();
            gathered = source.gatherBlock(block);
        }
        if (gathered.features.defined()) {
            m_classifier->setTraining(false);
            answers.logits = m_classifier->forwardFrom(boundary(false).stage, gathered.features);
        }
        answers.items = std::move(gathered.items);
        ++block;
        return answers;
    };
    return evaluateBatches(m_validationItems, m_job.dataset.classes, next, progress);
}

}  // namespace graft
