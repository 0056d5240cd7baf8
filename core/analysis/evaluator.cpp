#include "core/analysis/evaluator.h"

#include "core/nn/batch_tensor.h"

#include <cstring>
#include <numeric>

namespace graft {
namespace {

struct LossSum {
    double sum = 0;
    std::int64_t count = 0;
};

// Fills the predictions of one batch; false where an output is not a finite number.
bool takeBatch(const EvaluationBatch& batch, const std::vector<LoaderItem>& items,
               Evaluation* evaluation, LossSum* loss) {
    if (!torch::isfinite(batch.logits).all().item<bool>()) {
        return false;
    }
    // In double, so that the sum of probabilities and the loss are exact to the last digit shown.
    const torch::Tensor logProbabilities =
        torch::log_softmax(batch.logits.to(torch::kFloat64), 1).contiguous();  // [N, C]
    const std::int64_t classes = logProbabilities.size(1);
    for (std::size_t row = 0; row < batch.items.size(); ++row) {
        const double* values =
            logProbabilities.data_ptr<double>() + std::int64_t(row) * classes;
        SamplePrediction& prediction = evaluation->predictions[batch.items[row]];
        prediction.predicted = int(std::max_element(values, values + classes) - values);
        prediction.probabilities.resize(std::size_t(classes));
        std::transform(values, values + classes, prediction.probabilities.begin(),
                       [](double value) { return float(std::exp(value)); });
        const std::int64_t target = items[batch.items[row]].target;
        if (target >= 0 && target < classes) {
            loss->sum -= values[target];
            ++loss->count;
        }
    }
    return true;
}

std::unique_ptr<BatchLoader> startLoader(const Classifier& classifier,
                                         const std::vector<LoaderItem>& items, int threads) {
    LoaderOptions options;
    options.items = items;
    options.preprocess = classifier.preprocess();
    options.threads = threads;
    options.cacheBytes = 0;  // each picture is seen once
    options.inTurns = !classifier.device().is_cuda();
    auto loader = std::make_unique<BatchLoader>(std::move(options));
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    loader->start(cutBatches(order, kEvaluationBatch, false), 0, 0, std::nullopt);
    return loader;
}

Status runBatches(const std::vector<LoaderItem>& items,
                  const std::function<std::optional<EvaluationBatch>()>& next,
                  Progress& progress, Evaluation* evaluation) {
    LossSum loss;
    std::int64_t done = 0;
    progress.set(0, std::int64_t(items.size()));
    while (auto batch = next()) {
        GRAFT_CHECK(progress.checkpoint());
        if (!batch->items.empty() && !takeBatch(*batch, items, evaluation, &loss)) {
            return Error{ErrorCode::Diverged,
                         "The model answers with values that are not numbers, so it cannot be "
                         "evaluated.",
                         {},
                         "Use an earlier checkpoint, or train with a lower rate."};
        }
        done += std::int64_t(batch->items.size() + batch->problems.size());
        progress.set(done, std::int64_t(items.size()));
        std::move(batch->problems.begin(), batch->problems.end(),
                  std::back_inserter(evaluation->problems));
    }
    evaluation->loss = loss.count > 0 ? loss.sum / double(loss.count) : 0.0;
    return progress.checkpoint();
}

Error noMemory(const char* detail) {
    return {ErrorCode::OutOfMemory, "There is not enough memory to evaluate the model.", detail,
            "Close other programs and try again."};
}

}  // namespace

Result<Evaluation> evaluateBatches(const std::vector<LoaderItem>& items,
                                   const std::vector<ClassInfo>& classes,
                                   const std::function<std::optional<EvaluationBatch>()>& next,
                                   Progress& progress) {
    try {
        const int classCount = int(classes.size());
        Evaluation evaluation;
        for (const LoaderItem& item : items) {
            const bool known = item.target >= 0 && item.target < classCount;
            evaluation.predictions.push_back({item.id, known ? int(item.target) : -1, -1, {}});
        }
        // Not inference mode: its tensors could not be used by a later training step.
        const torch::NoGradGuard noGrad;
        GRAFT_CHECK(runBatches(items, next, progress, &evaluation));
        summarize(evaluation, classes);
        return evaluation;
    } catch (const std::bad_alloc& fault) {
        return noMemory(fault.what());
    } catch (const c10::OutOfMemoryError& fault) {  // of a graphics card
        return noMemory(fault.what_without_backtrace());
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "Evaluating the model failed.",
                     std::string(fault.what()).substr(0, 400),
                     {}};
    }
}

Result<Evaluation> evaluateItems(Classifier& classifier, const std::vector<LoaderItem>& items,
                                 const std::vector<ClassInfo>& classes, int loaderThreads,
                                 Progress& progress) {
    if (int(classes.size()) != classifier.classCount()) {
        return Error{ErrorCode::Mismatch,
                     "The model knows " + std::to_string(classifier.classCount()) +
                         " classes, the data has " + std::to_string(classes.size()) + ".",
                     {},
                     "Train again with the classes of today."};
    }
    std::unique_ptr<BatchLoader> loader;
    const auto next = [&]() -> std::optional<EvaluationBatch> {
        if (!loader) {
            classifier.setTraining(false);
            loader = startLoader(classifier, items, loaderThreads);
        }
        std::optional<Batch> batch = loader->next();
        if (!batch) {
            return std::nullopt;
        }
        EvaluationBatch answers;
        if (batch->count > 0) {
            answers.logits = classifier.forward(pixelTensor(*batch));
        }
        answers.items = std::move(batch->items);
        answers.problems = std::move(batch->problems);
        return answers;
    };
    return evaluateBatches(items, classes, next, progress);
}

}  // namespace graft
