// MobileNetV2 (width 1.0) as torchvision builds it, with TensorFlow's padding as an option.
// Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

ConvNormOptions relu6(bool tfSame) {
    return {Act::Relu6, {}, tfSame};
}

class InvertedResidual : public torch::nn::Module {
 public:
    InvertedResidual(int in, int out, int stride, int expansion, bool tfSame)
        : m_adds(stride == 1 && in == out) {
        const int width = in * expansion;
        const auto conv = register_module("conv", std::make_shared<Group>());
        int number = 0;
        if (expansion != 1) {
            m_convs.push_back(
                conv->add<ConvNorm>(std::to_string(number++), ConvShape{in, width}, relu6(tfSame)));
        }
        m_convs.push_back(conv->add<ConvNorm>(
            std::to_string(number++), sameConv(width, width, 3, stride, width), relu6(tfSame)));
        m_project = conv->add<Conv>(std::to_string(number++), ConvShape{width, out});
        m_norm = conv->add<Norm>(std::to_string(number), out);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const auto& conv : m_convs) {
            y = conv->forward(y);
        }
        return convNorm(*m_project, *m_norm, y, Act::None, m_adds ? x : torch::Tensor());
    }

 private:
    bool m_adds;
    std::vector<std::shared_ptr<ConvNorm>> m_convs;
    std::shared_ptr<Conv> m_project;
    std::shared_ptr<Norm> m_norm;
};

struct Row {
    int expansion, channels, repeats, stride;
};
constexpr Row kRows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                         {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr int kLastChannels = 1280;

// Cut where the picture gets smaller; the last convolution stands alone.
constexpr NumberedStage kStages[] = {{0, 1, "Stem"},      {2, 3, "Stage 1"},
                                     {4, 6, "Stage 2"},   {7, 13, "Stage 3"},
                                     {14, 17, "Stage 4"}, {18, 18, "Last layer"}};

std::vector<Step> buildFeatures(Group& features, bool tfSame) {
    std::vector<Step> steps;
    steps.push_back(stepOf(features.add<ConvNorm>("0", sameConv(3, 32, 3, 2), relu6(tfSame))));
    int channels = 32;
    for (const Row& row : kRows) {
        for (int i = 0; i < row.repeats; ++i) {
            steps.push_back(stepOf(
                features.add<InvertedResidual>(std::to_string(steps.size()), channels, row.channels,
                                               i == 0 ? row.stride : 1, row.expansion, tfSame)));
            channels = row.channels;
        }
    }
    steps.push_back(stepOf(features.add<ConvNorm>(
        std::to_string(steps.size()), ConvShape{channels, kLastChannels}, relu6(tfSame))));
    return steps;
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    const std::vector<Step> steps = buildFeatures(*features, options.tfSame);
    for (const NumberedStage& plan : kStages) {
        body.stages.push_back(makeStage("features", plan, steps));
    }
    body.channels = kLastChannels;
    addOriginalHead(body, root, "classifier.1", options);
    return body;
}

}  // namespace

std::vector<Family> mobilenetV2Families() {
    Family family;
    family.info = {"mobilenet_v2",
                   "MobileNetV2",
                   "Small, quick and exact: the best start for most photo collections.",
                   2223872,
                   224,
                   32,
                   1.1};
    family.info.earlyStages = {"features.0-1", "features.2-3", "features.4-6", "features.7-13"};
    family.knowsTfSame = true;
    family.classifierPrefixes = {"classifier."};
    family.build = build;
    family.initConv = initKaimingNormalFanOut;
    return {family};
}

}  // namespace graft
