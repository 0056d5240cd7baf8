#include "core/train/linear_probe.h"

#include "core/base/machine.h"
#include "core/data/batch_loader.h"
#include "core/nn/batch_tensor.h"
#include "core/nn/classifier.h"
#include "core/train/quick_head.h"

#include <numeric>

namespace graft {
namespace {

struct Features {
    torch::Tensor rows;     ///< [N, F] float32
    torch::Tensor targets;  ///< [N] int64
    std::vector<std::int64_t> groups;
};

Result<Features> featuresOf(Classifier& classifier, const std::vector<LoaderItem>& items,
                            const std::vector<std::int64_t>& groups, const Progress& progress) {
    constexpr int kBatch = 64;
    LoaderOptions options;
    options.items = items;
    options.preprocess = classifier.preprocess();
    options.threads = std::max(1, hardwareThreads() - 1);
    options.inTurns = !classifier.device().is_cuda();
    options.cacheBytes = 0;
    BatchLoader loader(std::move(options));
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), 0);
    loader.start(cutBatches(order, kBatch, false), 0, 0, std::nullopt);
    const torch::NoGradGuard noGrad;
    classifier.setTraining(false);
    Features all;
    std::vector<torch::Tensor> rows;
    std::vector<std::int64_t> targets;
    while (const auto batch = loader.next()) {
        GRAFT_CHECK(progress.checkpoint());
        if (batch->count == 0) {
            continue;
        }
        rows.push_back(
            classifier.forwardTo(classifier.stageCount() + 1, pixelTensor(*batch)).clone());
        targets.insert(targets.end(), batch->targets.begin(), batch->targets.end());
        for (const std::size_t item : batch->items) {
            all.groups.push_back(groups[item]);
        }
    }
    if (rows.empty()) {
        return Error{ErrorCode::InvalidArgument, "There are no pictures to fit to or to judge by.",
                     {}, {}};
    }
    all.rows = torch::cat(rows);
    all.targets = torch::tensor(targets, torch::kInt64);
    return all;
}

}  // namespace

Result<ProbeOutcome> linearProbe(const ModelSpec& model, const Dataset& dataset,
                                 const Progress& progress) {
    try {
        std::vector<LoaderItem> items[2];
        std::vector<std::int64_t> groups[2];
        for (const Sample& sample : dataset.samples) {
            const int target = dataset.classIndex(sample.label);
            if (!sample.usable() || target < 0 || sample.split == Split::None) {
                continue;
            }
            const std::size_t part = sample.split == Split::Train ? 0 : 1;
            items[part].push_back({sample.id, dataset.imageRef(sample), target});
            groups[part].push_back(sample.group);
        }
        const int classes = int(dataset.classes.size());
        GRAFT_TRY(const std::shared_ptr<Classifier> classifier,
                  Classifier::create(model, classes, 0));
        GRAFT_TRY(const Features known, featuresOf(*classifier, items[0], groups[0], progress));
        GRAFT_TRY(const Features held, featuresOf(*classifier, items[1], groups[1], progress));
        QuickHeadProblem problem;
        problem.features = known.rows;
        problem.targets = known.targets;
        problem.groups = known.groups;
        problem.classCount = classes;
        GRAFT_TRY(const QuickHead head, fitQuickHead(problem, progress));
        const torch::Tensor answers =
            torch::linear((held.rows - head.mean) / head.scale, head.weight, head.bias).argmax(1);
        return ProbeOutcome{answers.eq(held.targets).sum().item<std::int64_t>(),
                            held.targets.size(0)};
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal, "The features could not be judged.", fault.what(), {}};
    }
}

}  // namespace graft
