// ShuffleNetV2 as torchvision builds it: half of the channels pass by each block, then both halves
// are mixed.
// Source: Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
// ECCV 2018.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr int kDepths[] = {4, 8, 4};
constexpr int kStemChannels = 24;
constexpr int kLastChannels = 1024;

/// Numbered layers of one branch.
class Branch : public Group {
 public:
    void addConv(const ConvShape& shape, Act act) {
        const std::string conv = std::to_string(m_number);
        const std::string norm = std::to_string(m_number + 1);
        m_steps.push_back(stepOf(add<Conv>(conv, shape)));
        m_steps.push_back(stepOf(add<Norm>(norm, shape.out)));
        m_number += 2;
        if (act != Act::None) {
            m_steps.push_back(activation(act));
            ++m_number;
        }
    }

    torch::Tensor forward(const torch::Tensor& x) const { return chain(m_steps)(x); }

 private:
    int m_number = 0;
    std::vector<Step> m_steps;
};

torch::Tensor shuffled(const torch::Tensor& x) {
    return x.reshape({-1, 2, x.size(1) / 2, x.size(2), x.size(3)}).transpose(1, 2).flatten(1, 2);
}

class ShuffleBlock : public torch::nn::Module {
 public:
    ShuffleBlock(int in, int out, int stride) {
        const int half = out / 2;
        if (stride > 1) {
            m_left = register_module("branch1", std::make_shared<Branch>());
            m_left->addConv(sameConv(in, in, 3, stride, in), Act::None);
            m_left->addConv({in, half}, Act::Relu);
        }
        m_right = register_module("branch2", std::make_shared<Branch>());
        m_right->addConv({stride > 1 ? in : half, half}, Act::Relu);
        m_right->addConv(sameConv(half, half, 3, stride, half), Act::None);
        m_right->addConv({half, half}, Act::Relu);
    }

    torch::Tensor forward(const torch::Tensor& x) const {
        if (m_left) {
            return shuffled(torch::cat({m_left->forward(x), m_right->forward(x)}, 1));
        }
        const std::vector<torch::Tensor> halves = x.chunk(2, 1);
        return shuffled(torch::cat({halves[0], m_right->forward(halves[1])}, 1));
    }

 private:
    std::shared_ptr<Branch> m_left;
    std::shared_ptr<Branch> m_right;
};

Stage blocksStage(torch::nn::Module& root, int index, int* channels, int out) {
    const std::string path = "stage" + std::to_string(index + 2);
    const auto group = root.register_module(path, std::make_shared<Group>());
    std::vector<Step> steps;
    for (int i = 0; i < kDepths[index]; ++i) {
        steps.push_back(
            stepOf(group->add<ShuffleBlock>(std::to_string(i), *channels, out, i == 0 ? 2 : 1)));
        *channels = out;
    }
    return {path, path, "Stage " + std::to_string(index + 1), numberedBlocks(path, kDepths[index]),
            chain(std::move(steps))};
}

Body build(torch::nn::Module& root, const BuildOptions& options, const std::vector<int>& widths) {
    Body body;
    const auto first = root.register_module(
        "conv1", std::make_shared<ConvNorm>(sameConv(3, kStemChannels, 3, 2), ConvNormOptions{}));
    body.stages.push_back(
        {"conv1", "maxpool", "Stem", {}, chain({stepOf(first), maxPool(3, 2, 1)})});
    body.channels = kStemChannels;
    for (int i = 0; i < 3; ++i) {
        body.stages.push_back(blocksStage(root, i, &body.channels, widths[std::size_t(i)]));
    }
    const auto last = root.register_module(
        "conv5",
        std::make_shared<ConvNorm>(ConvShape{body.channels, kLastChannels}, ConvNormOptions{}));
    body.stages.push_back({"conv5", "conv5", "Last layer", {}, stepOf(last)});
    body.channels = kLastChannels;
    addOriginalHead(body, root, "fc", options);
    return body;
}

Family shufflenet(BackboneInfo info, const std::vector<int>& widths) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"fc."};
    family.build = [widths](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, widths);
    };
    family.initConv = initConvDefault;
    return family;
}

}  // namespace

std::vector<Family> shufflenetV2Families() {
    return {
        shufflenet({"shufflenet_v2_x0_5", "ShuffleNetV2 x0.5",
                    "Tiny and very quick, for weak computers; less exact.", 341792, 224, 32, 0.15},
                   {48, 96, 192}),
        shufflenet(
            {"shufflenet_v2_x1_0", "ShuffleNetV2 x1.0",
             "Small and quick, between MobileNetV3 Small and MobileNetV2.", 1253604, 224, 32, 0.55},
            {116, 232, 464})};
}

}  // namespace graft
