#include "core/train/feature_key.h"

#include "core/base/hash.h"
#include "core/nn/fast/kernels.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <algorithm>

namespace graft {
namespace {

/// To be raised when decoding, augmentation or a network computes other numbers than before.
constexpr int kFeatureVersion = 3;

void addTensor(Sha256& hash, const NamedTensor& entry) {
    const torch::Tensor flat = entry.tensor.detach().cpu().contiguous();
    const std::string title = entry.name + ":" + torch::toString(flat.scalar_type()) + ":" +
                              std::to_string(flat.nbytes()) + ";";
    hash.add(title.data(), title.size());
    hash.add(flat.data_ptr(), flat.nbytes());
}

// Is the tensor in front of the cut? Behind the pooling that is all but the head.
bool isBefore(const LayerNode& tree, std::size_t stage, std::size_t stageCount,
              const std::string& name) {
    if (stage > stageCount) {
        return !layerIsInside(name, "head");
    }
    for (std::size_t i = 0; i < stage; ++i) {
        if (layerIsInside(name, tree.children[i].path)) {
            return true;
        }
    }
    return false;
}

bool changesPixels(const FeatureView& view) {
    return view.augment && !augmentChangesNothing(*view.augment);
}

}  // namespace

std::string boundaryDigest(const Classifier& classifier, std::size_t stage,
                           torch::ScalarType computeType) {
    Sha256 hash;
    const std::string title =
        classifier.spec().backbone + ";" + classifier.spec().padding + ";" + std::to_string(stage) +
        ";" + torch::toString(computeType) + ";" TORCH_VERSION ";" + at::show_config() + ";" +
        std::to_string(at::get_num_threads()) + ";" + fast::kernels().name +
        (fast::processorHasAmx() ? ";AMX;" : ";") + (classifier.exact() ? "" : "folded;") +
        (classifier.device().is_cuda() ? "cuda;" : "");
    hash.add(title.data(), title.size());
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& entry : list) {
            if (isBefore(classifier.tree(), stage, classifier.stageCount(), entry.name)) {
                addTensor(hash, entry);
            }
        }
    }
    return hash.hex();
}

std::string featureKey(const FeatureBoundary& boundary, const Preprocess& preprocess,
                       const FeatureView& view, const std::vector<FeatureMember>& members) {
    nlohmann::json json;
    json["version"] = kFeatureVersion;
    json["network"] = boundary.digest;
    json["shape"] = boundary.shape;
    json["type"] = torch::toString(boundary.type);
    json["preprocess"] = toJson(preprocess);
    const bool changed = changesPixels(view);
    if (changed) {
        json["augment"] = augmentFields().toJson(*view.augment);
        json["seed"] = view.seed;
        json["variant"] = view.variant;
    }
    Sha256 hash;
    const std::string title = json.dump();
    hash.add(title.data(), title.size());
    for (const FeatureMember& member : members) {
        const std::string text =
            "|" + member.identity + (changed ? "#" + std::to_string(member.id) : std::string());
        hash.add(text.data(), text.size());
    }
    return hash.hex();
}

FeatureBoundary featureBoundary(Classifier& classifier, bool forTraining) {
    FeatureBoundary boundary;
    boundary.forTraining = forTraining;
    boundary.stage = classifier.frozenBoundary();
    boundary.pooled = boundary.stage > classifier.stageCount();
    const torch::NoGradGuard noGrad;
    classifier.setTraining(forTraining);
    const std::int64_t side = classifier.preprocess().inputSize;
    const torch::Tensor blank = torch::zeros({1, 3, side, side});
    const torch::Tensor features = classifier.forwardTo(boundary.stage, blank);
    // The pooling may give float32 in either case; what it was given tells.
    const torch::Tensor maps = classifier.forwardTo(
        std::min(boundary.stage, classifier.stageCount()), blank);
    boundary.shape = features.sizes().slice(1).vec();
    boundary.type = features.scalar_type();
    boundary.digest = boundaryDigest(classifier, boundary.stage, maps.scalar_type());
    return boundary;
}

std::vector<std::string> contentIdentities(const Dataset& dataset,
                                           const std::vector<LoaderItem>& items) {
    std::vector<std::string> identities;
    std::string statPath;
    struct stat now {};
    bool found = false;
    for (const LoaderItem& item : items) {
        if (item.image.path != statPath) {  // pictures of one container come in a row
            statPath = item.image.path;
            found = ::stat(statPath.c_str(), &now) == 0;
        }
        const std::int64_t modified =
            std::int64_t(now.st_mtim.tv_sec) * 1000000000 + now.st_mtim.tv_nsec;
        const Sample* sample = dataset.findSample(item.id);
        const std::string index = std::to_string(item.image.index);
        if (!found) {
            identities.push_back("gone:" + statPath + ":" + index);
        } else if (sample && !sample->contentHash.empty() && sample->fileSize == now.st_size &&
                   sample->modifiedNs == modified) {
            identities.push_back(sample->contentHash);
        } else {
            identities.push_back("file:" + statPath + ":" + index + ":" +
                                 std::to_string(now.st_size) + ":" + std::to_string(modified) +
                                 ":" + std::to_string(now.st_ino));
        }
    }
    return identities;
}

}  // namespace graft
