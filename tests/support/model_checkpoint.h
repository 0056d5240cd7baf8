// A checkpoint file of a network that was never trained, but is alive: batch-norm figures from real
// passes and a head whose answers differ from picture to picture. Includes torch.
#pragma once

#include "core/data/image_reader.h"
#include "core/nn/classifier.h"
#include "core/train/checkpoint_io.h"

#include <string>
#include <vector>

namespace graft::testing {

inline torch::Tensor inputOf(const Image& image, const Preprocess& preprocess) {
    const Image view = evaluationView(image, preprocess);
    const torch::Tensor input = torch::empty({3, view.height, view.width});
    normalizeTo(view, preprocess, input.data_ptr<float>());
    return input;
}

/// Some training passes over `images`, then a head that spreads the logits to a standard deviation
/// of 2 over them.
inline void bringToLife(Classifier& classifier, const std::vector<Image>& images) {
    const torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> inputs;
    for (const Image& image : images) {
        inputs.push_back(inputOf(image, classifier.preprocess()));
    }
    const torch::Tensor batch = torch::stack(inputs);
    if (classifier.spec().weightsPath.empty()) {
        classifier.setTraining(true);
        for (int i = 0; i < 8; ++i) {
            classifier.forward(batch);
        }
    }
    classifier.setTraining(false);
    torch::Tensor weight;
    torch::Tensor bias;
    for (const NamedTensor& entry : classifier.parameters()) {
        if (entry.name == "head.weight") {
            weight = entry.tensor;
        } else if (entry.name == "head.bias") {
            bias = entry.tensor;
        }
    }
    const torch::Tensor logits = classifier.forward(batch);  // [N, C]
    const torch::Tensor scale = 2.0 / logits.std(/*dim=*/{0}, /*unbiased=*/true, true).flatten();
    weight.mul_(scale.unsqueeze(1));
    bias.copy_(-(logits - bias).mean(0) * scale);
}

inline CheckpointInfo infoOf(const Classifier& classifier, const std::vector<ClassInfo>& classes) {
    CheckpointInfo info;
    info.model = classifier.spec();
    info.preprocess = classifier.preprocess();
    info.classes = classes;
    info.step = 120;
    info.epoch = 3;
    info.trainer = nlohmann::json::object();
    return info;
}

inline Status saveCheckpoint(const Classifier& classifier, const std::vector<ClassInfo>& classes,
                             const std::string& path) {
    CheckpointTensors tensors;
    tensors.model = classifier.parameters();
    for (NamedTensor& buffer : classifier.buffers()) {
        tensors.model.push_back(std::move(buffer));
    }
    GRAFT_TRY([[maybe_unused]] const std::string sha256,
              writeCheckpoint(path, infoOf(classifier, classes), tensors));
    return {};
}

}  // namespace graft::testing
