// MobileNetV2 (width 1.0) as torchvision builds it, with TensorFlow's padding as an option.
// Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
#include "core/nn/families/registry.h"

namespace graft {
namespace {

// Convolution, norm and ReLU6 under the names "0" and "1".
class ConvNormRelu : public torch::nn::Module {
 public:
    ConvNormRelu(const ConvShape& shape, bool tfSame) {
        m_conv = register_module("0", std::make_shared<Conv>(shape, tfSame));
        m_norm = register_module("1", std::make_shared<Norm>(shape.out));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = m_norm->forward(m_conv->forward(x));
        return torch::hardtanh_(y, 0, 6);
    }

 private:
    std::shared_ptr<Conv> m_conv;
    std::shared_ptr<Norm> m_norm;
};

class InvertedResidual : public torch::nn::Module {
 public:
    InvertedResidual(int in, int out, int stride, int expansion, bool tfSame)
        : m_adds(stride == 1 && in == out) {
        const int width = in * expansion;
        const auto conv = register_module("conv", std::make_shared<Group>());
        int number = 0;
        if (expansion != 1) {
            m_convs.push_back(
                conv->add<ConvNormRelu>(std::to_string(number++), ConvShape{in, width}, tfSame));
        }
        m_convs.push_back(conv->add<ConvNormRelu>(
            std::to_string(number++), ConvShape{width, width, 3, stride, 1, width}, tfSame));
        m_project = conv->add<Conv>(std::to_string(number++), ConvShape{width, out});
        m_norm = conv->add<Norm>(std::to_string(number), out);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const auto& conv : m_convs) {
            y = conv->forward(y);
        }
        y = m_norm->forward(m_project->forward(y));
        return m_adds ? x + y : y;
    }

 private:
    bool m_adds;
    std::vector<std::shared_ptr<ConvNormRelu>> m_convs;
    std::shared_ptr<Conv> m_project;
    std::shared_ptr<Norm> m_norm;
};

struct Row {
    int expansion, channels, repeats, stride;
};
constexpr Row kRows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                         {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr int kLastChannels = 1280;

struct StagePlan {
    int first, last;  ///< N of features.N
    const char* label;
};
// Cut where the picture gets smaller; the last convolution stands alone.
constexpr StagePlan kStages[] = {{0, 1, "Stem"},     {2, 3, "Stage 1"},   {4, 6, "Stage 2"},
                                 {7, 13, "Stage 3"}, {14, 17, "Stage 4"}, {18, 18, "Last layer"}};

using Step = std::function<torch::Tensor(const torch::Tensor&)>;

std::vector<Step> buildFeatures(Group& features, bool tfSame) {
    std::vector<Step> steps;
    const auto addStep = [&steps](auto module) {
        steps.push_back([module](const torch::Tensor& x) { return module->forward(x); });
    };
    addStep(features.add<ConvNormRelu>("0", ConvShape{3, 32, 3, 2, 1}, tfSame));
    int channels = 32;
    for (const Row& row : kRows) {
        for (int i = 0; i < row.repeats; ++i) {
            addStep(features.add<InvertedResidual>(std::to_string(steps.size()), channels,
                                                   row.channels, i == 0 ? row.stride : 1,
                                                   row.expansion, tfSame));
            channels = row.channels;
        }
    }
    addStep(features.add<ConvNormRelu>(std::to_string(steps.size()),
                                       ConvShape{channels, kLastChannels}, tfSame));
    return steps;
}

Stage makeStage(const StagePlan& plan, const std::vector<Step>& all) {
    Stage stage;
    stage.path = "features." + std::to_string(plan.first);
    stage.label = plan.label;
    if (plan.last > plan.first) {
        stage.path += "-" + std::to_string(plan.last);
        for (int n = plan.first; n <= plan.last; ++n) {
            stage.blocks.push_back(
                {"features." + std::to_string(n), "Block " + std::to_string(n - plan.first + 1)});
        }
    }
    const std::vector<Step> steps(all.begin() + plan.first, all.begin() + plan.last + 1);
    stage.run = [steps](const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const Step& step : steps) {
            y = step(y);
        }
        return y;
    };
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    const std::vector<Step> steps = buildFeatures(*features, options.tfSame);
    for (const StagePlan& plan : kStages) {
        body.stages.push_back(makeStage(plan, steps));
    }
    body.channels = kLastChannels;
    if (options.originalClasses > 0) {
        const auto classifier = root.register_module("classifier", std::make_shared<Group>());
        const auto linear = classifier->add<Linear>("1", kLastChannels, options.originalClasses);
        body.originalHead = [linear](const torch::Tensor& x) {
            return linear->forward(Network::pool(x));
        };
    }
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
                   0.9};
    family.knowsTfSame = true;
    family.classifierPrefixes = {"classifier."};
    family.build = build;
    family.initConv = initKaimingNormalFanOut;
    return {family};
}

}  // namespace graft
