#include "core/train/similar_pictures.h"

#include "core/base/machine.h"
#include "core/nn/batch_tensor.h"
#include "core/train/feature_walk.h"
#include "core/train/model_loading.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace graft {
namespace {

// As a run lists them, so that the blocks of its cache are found again.
std::vector<LoaderItem> trainingItems(const Dataset& dataset) {
    std::vector<LoaderItem> items;
    for (const Sample& sample : dataset.samples) {
        const int target = dataset.classIndex(sample.label);
        if (sample.usable() && target >= 0 && sample.split == Split::Train) {
            items.push_back({sample.id, dataset.imageRef(sample), target});
        }
    }
    return items;
}

struct Known {
    torch::Tensor features;  // [N, F]
    std::vector<std::size_t> items;
};

Result<Known> knownFeatures(const std::shared_ptr<Classifier>& classifier,
                            const SimilarRequest& request, const std::vector<LoaderItem>& items,
                            Progress& progress) {
    FeatureCache::Settings settings;
    constexpr std::uint64_t kMemory = 256u << 20;
    settings.memoryBytes = std::min<std::uint64_t>(kMemory, availableMemory() / 8);
    if (!request.cacheFolder.empty()) {
        settings.folder = request.cacheFolder;
        settings.diskBytes = defaultFeatureDiskBytes(request.cacheFolder);
    }
    FeatureSource source(classifier, std::make_shared<FeatureCache>(std::move(settings)), items,
                         contentIdentities(request.dataset, items));
    source.select(featureBoundary(*classifier, /*forTraining=*/false), std::nullopt, 0, 0);
    LoaderOptions options;
    options.items = items;
    options.preprocess = classifier->preprocess();
    options.threads = std::max(1, hardwareThreads() - 1);
    options.inTurns = !classifier->device().is_cuda();
    options.cacheBytes = 0;  // each picture is seen once
    BatchLoader loader(std::move(options));
    FeatureWalk walk(source, spreadBlocks(source, items.size()),
                     [&loader](std::vector<std::vector<std::size_t>> batches) {
                         loader.start(std::move(batches), 0, 0, std::nullopt);
                         return &loader;
                     });
    Known known;
    std::vector<torch::Tensor> parts;
    while (const auto step = walk.next()) {
        GRAFT_CHECK(progress.checkpoint());
        const auto& found = step->gathered.items;
        known.items.insert(known.items.end(), found.begin(), found.end());
        if (step->gathered.features.defined()) {
            parts.push_back(step->gathered.features);
        }
        progress.set(std::int64_t(known.items.size()), std::int64_t(items.size()));
    }
    if (parts.empty()) {
        return Error{ErrorCode::NotFound, "There are no training pictures to compare with.", {}, {}};
    }
    known.features = torch::cat(parts);
    return known;
}

// [F]
Result<torch::Tensor> featuresOf(Classifier& classifier, const ImageRef& picture) {
    LoaderOptions options;
    options.items = {{0, picture, 0}};
    options.preprocess = classifier.preprocess();
    options.threads = 0;
    BatchLoader loader(std::move(options));
    loader.start({{0}}, 0, 0, std::nullopt);
    const auto batch = loader.next();
    if (!batch || batch->count == 0) {
        return Error{ErrorCode::BadFormat,
                     batch && !batch->problems.empty() ? batch->problems.front().message
                                                       : "The picture could not be read.",
                     {},
                     {}};
    }
    classifier.setTraining(false);
    return classifier.forwardTo(classifier.stageCount() + 1, pixelTensor(*batch)).squeeze(0);
}

std::vector<SimilarPicture> nearest(const Known& known, const torch::Tensor& query,
                                    const std::vector<LoaderItem>& items,
                                    const SimilarRequest& request) {
    const torch::Tensor mean = known.features.mean(0);
    const torch::Tensor rows = known.features - mean;
    const torch::Tensor centred = query - mean;
    const torch::Tensor lengths = rows.norm(2, 1) * centred.norm();
    const torch::Tensor cosines =
        (rows.mv(centred) / lengths.clamp_min(1e-12)).to(torch::kFloat64).contiguous();
    std::vector<SimilarPicture> similar;
    for (std::size_t i = 0; i < known.items.size(); ++i) {
        const LoaderItem& item = items[known.items[i]];
        if (!(item.image == request.picture)) {
            similar.push_back({item.id, cosines.data_ptr<double>()[i]});
        }
    }
    const auto first = [](const SimilarPicture& a, const SimilarPicture& b) {
        return a.similarity != b.similarity ? a.similarity > b.similarity : a.sample < b.sample;
    };
    const std::size_t count = std::min(similar.size(), std::size_t(std::max(0, request.count)));
    std::partial_sort(similar.begin(), similar.begin() + std::ptrdiff_t(count), similar.end(),
                      first);
    similar.resize(count);
    return similar;
}

}  // namespace

Result<std::vector<SimilarPicture>> similarPictures(const SimilarRequest& request,
                                                    Progress& progress) {
    try {
        at::init_num_threads();  // as a run, so that the cache knows its features
        const torch::NoGradGuard noGrad;
        progress.setText("Loading the model");
        GRAFT_TRY(const LoadedModel model, loadCheckpointModel(request.checkpoint));
        GRAFT_CHECK(model.classifier->setFrozen("backbone", true));
        GRAFT_TRY(const torch::Tensor query, featuresOf(*model.classifier, request.picture));
        progress.setText("Looking at the training pictures");
        const std::vector<LoaderItem> items = trainingItems(request.dataset);
        GRAFT_TRY(const Known known, knownFeatures(model.classifier, request, items, progress));
        return nearest(known, query, items, request);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory to compare pictures.", {},
                     "Close other programs, then try again."};
    } catch (const std::exception& fault) {
        return Error{ErrorCode::Internal, "Comparing pictures failed.", fault.what(), {}};
    }
}

}  // namespace graft
