#include "core/analysis/evaluator.h"

#include "core/nn/batch_tensor.h"

#include <cstring>
#include <numeric>

namespace graft {
namespace {

constexpr int kBatchSize = 32;

struct LossSum {
    double sum = 0;
    std::int64_t count = 0;
};

// Fills the predictions of one batch; false where an output is not a finite number.
bool takeBatch(const torch::Tensor& logits, const Batch& batch, Evaluation* evaluation,
               LossSum* loss) {
    if (!torch::isfinite(logits).all().item<bool>()) {
        return false;
    }
    // In double, so that the sum of probabilities and the loss are exact to the last digit shown.
    const torch::Tensor logProbabilities =
        torch::log_softmax(logits.to(torch::kFloat64), 1).contiguous();  // [N, C]
    const std::int64_t classes = logProbabilities.size(1);
    for (std::int64_t row = 0; row < batch.count; ++row) {
        const double* values = logProbabilities.data_ptr<double>() + row * classes;
        SamplePrediction& prediction = evaluation->predictions[batch.items[std::size_t(row)]];
        prediction.predicted = int(std::max_element(values, values + classes) - values);
        prediction.probabilities.resize(std::size_t(classes));
        std::transform(values, values + classes, prediction.probabilities.begin(),
                       [](double value) { return float(std::exp(value)); });
        const std::int64_t target = batch.targets[std::size_t(row)];
        if (target >= 0 && target < classes) {
            loss->sum -= values[target];
            ++loss->count;
        }
    }
    return true;
}

BatchLoader makeLoader(const Classifier& classifier, const std::vector<LoaderItem>& items,
                       int threads) {
    LoaderOptions options;
    options.items = items;
    options.preprocess = classifier.preprocess();
    options.threads = threads;
    options.cacheBytes = 0;  // each picture is seen once
    return BatchLoader(std::move(options));
}

Status runBatches(Classifier& classifier, const std::vector<LoaderItem>& items, int threads,
                  Progress& progress, Evaluation* evaluation) {
    // Not inference mode: its tensors could not be used by a later training step.
    const torch::NoGradGuard noGrad;
    classifier.setTraining(false);
    BatchLoader loader = makeLoader(classifier, items, threads);
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    loader.start(cutBatches(order, kBatchSize, false), 0, 0, std::nullopt);
    LossSum loss;
    std::int64_t done = 0;
    progress.set(0, std::int64_t(items.size()));
    while (auto batch = loader.next()) {
        GRAFT_CHECK(progress.checkpoint());
        if (batch->count > 0) {
            const torch::Tensor logits = classifier.forward(pixelTensor(*batch).contiguous());
            if (!takeBatch(logits, *batch, evaluation, &loss)) {
                return Error{ErrorCode::Diverged,
                             "The model answers with values that are not numbers, so it cannot "
                             "be evaluated.",
                             {},
                             "Use an earlier checkpoint, or train with a lower rate."};
            }
        }
        done += batch->count + std::int64_t(batch->problems.size());
        progress.set(done, std::int64_t(items.size()));
        std::move(batch->problems.begin(), batch->problems.end(),
                  std::back_inserter(evaluation->problems));
    }
    evaluation->loss = loss.count > 0 ? loss.sum / double(loss.count) : 0.0;
    return progress.checkpoint();
}

}  // namespace

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
    try {
        Evaluation evaluation;
        for (const LoaderItem& item : items) {
            const bool known = item.target >= 0 && item.target < classifier.classCount();
            evaluation.predictions.push_back({item.id, known ? int(item.target) : -1, -1, {}});
        }
        GRAFT_CHECK(runBatches(classifier, items, loaderThreads, progress, &evaluation));
        summarize(evaluation, classes);
        return evaluation;
    } catch (const std::bad_alloc& fault) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory to evaluate the model.",
                     fault.what(), "Close other programs and try again."};
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal,
                     "Evaluating the model failed.",
                     std::string(fault.what()).substr(0, 400),
                     {}};
    }
}

}  // namespace graft
