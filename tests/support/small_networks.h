// Small networks and their weights for tests. Includes torch.
#pragma once

#include "core/base/hash.h"
#include "core/nn/classifier.h"
#include "core/nn/weights/safetensors.h"

#include <QtTest>

namespace graft::testing {

using Hashes = std::map<std::string, std::string>;

inline std::string hashOf(const torch::Tensor& tensor) {
    const torch::Tensor flat = tensor.detach().contiguous();
    return sha256Hex({static_cast<const char*>(flat.data_ptr()), flat.nbytes()});
}

inline Hashes hashesOf(const Classifier& classifier) {
    Hashes hashes;
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& entry : list) {
            hashes[entry.name] = hashOf(entry.tensor);
        }
    }
    return hashes;
}

inline ModelSpec specOf(const std::string& backbone, std::vector<std::string> frozen = {}) {
    ModelSpec spec;
    spec.backbone = backbone;
    spec.imageSize = 64;
    spec.frozen = std::move(frozen);
    return spec;
}

inline std::shared_ptr<Classifier> make(const ModelSpec& spec, std::uint64_t seed = 1,
                                        int classes = 3) {
    auto classifier = Classifier::create(spec, classes, seed);
    if (!classifier) {
        qCritical("%s", classifier.error().text().c_str());
        return nullptr;
    }
    return *classifier;
}

inline torch::Tensor pictures(int seed, int count = 4, int size = 64) {
    torch::manual_seed(std::uint64_t(seed));
    return torch::randn({count, 3, size, size});
}

/// All of it, head included, as a file that serves as pretrained weights.
inline Status writeWeights(const Classifier& classifier, const std::string& path) {
    std::vector<torch::Tensor> kept;
    std::vector<TensorToWrite> tensors;
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& entry : list) {
            const bool counter = entry.tensor.scalar_type() == torch::kInt64;
            kept.push_back(entry.tensor.detach().contiguous());
            tensors.push_back({entry.name, counter ? "I64" : "F32", kept.back().sizes().vec(),
                               kept.back().data_ptr(), kept.back().nbytes()});
        }
    }
    GRAFT_TRY([[maybe_unused]] const std::string sha256,
              writeSafetensors(path, std::move(tensors), {}));
    return {};
}

// A few plain gradient steps in training mode.
inline void train(Classifier& classifier, int steps) {
    classifier.setTraining(true);
    for (int step = 0; step < steps; ++step) {
        classifier.setDropoutSeed(std::uint64_t(step));
        const torch::Tensor logits = classifier.forward(pictures(step));
        torch::nn::functional::cross_entropy(logits, torch::tensor({0, 1, 2, 0})).backward();
        const torch::NoGradGuard noGrad;
        for (NamedTensor& entry : classifier.parameters()) {
            if (entry.tensor.grad().defined()) {
                entry.tensor -= 0.05 * entry.tensor.grad();
                entry.tensor.mutable_grad() = torch::Tensor();
            }
        }
    }
}

}  // namespace graft::testing
