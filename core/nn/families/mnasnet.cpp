// MNASNet B1 (width 1.0) as torchvision builds it, with TensorFlow's padding as an option.
// Source: Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", CVPR 2019.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr NormSettings kNorm{1e-5, 1 - 0.9997};
constexpr int kLastChannels = 1280;

/// Numbered convolutions, norms and activations of one sequence.
class Layers : public Group {
 public:
    explicit Layers(bool tfSame) : m_tfSame(tfSame) {}

    void addConv(const ConvShape& shape, Act act) {
        m_steps.push_back(stepOf(add<Conv>(std::to_string(m_steps.size()), shape, m_tfSame)));
        m_steps.push_back(stepOf(add<Norm>(std::to_string(m_steps.size()), shape.out, kNorm)));
        if (act != Act::None) {
            m_steps.push_back(activation(act));
        }
    }
    void addStep(Step step) { m_steps.push_back(std::move(step)); }
    const std::vector<Step>& steps() const { return m_steps; }

 private:
    bool m_tfSame;
    std::vector<Step> m_steps;
};

class InvertedResidual : public torch::nn::Module {
 public:
    InvertedResidual(int in, int out, int kernel, int stride, int expansion, bool tfSame)
        : m_adds(stride == 1 && in == out) {
        const int width = in * expansion;
        const auto layers = register_module("layers", std::make_shared<Layers>(tfSame));
        layers->addConv({in, width}, Act::Relu);
        layers->addConv(sameConv(width, width, kernel, stride, width), Act::Relu);
        layers->addConv({width, out}, Act::None);
        m_run = chain(layers->steps());
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = m_run(x);
        return m_adds ? x + y : y;
    }

 private:
    bool m_adds;
    Step m_run;
};

struct Row {
    int kernel, stride, expansion, channels, repeats;
};
constexpr Row kRows[] = {{3, 2, 3, 24, 3}, {5, 2, 3, 40, 3},  {5, 2, 6, 80, 3},
                         {3, 1, 6, 96, 2}, {5, 2, 6, 192, 4}, {3, 1, 6, 320, 1}};

void addStack(Layers& layers, const Row& row, int* channels, bool tfSame) {
    const auto group = layers.add<Group>(std::to_string(layers.steps().size()));
    std::vector<Step> steps;
    for (int i = 0; i < row.repeats; ++i) {
        steps.push_back(stepOf(
            group->add<InvertedResidual>(std::to_string(i), *channels, row.channels, row.kernel,
                                         i == 0 ? row.stride : 1, row.expansion, tfSame)));
        *channels = row.channels;
    }
    layers.addStep(chain(std::move(steps)));
}

// The stem's convolutions, norms and activations are steps 0 to 7, the last ones 14 to 16.
constexpr NumberedStage kStem{0, 7, "Stem"};
constexpr NumberedStage kLast{14, 16, "Last layer"};

Stage stackStage(const std::vector<Step>& steps, int number) {
    const int index = number - kStem.last;
    Stage stage = makeStage("layers", {number, number, ""}, steps);
    stage.label = "Stage " + std::to_string(index);
    stage.blocks = numberedBlocks(stage.path, kRows[index - 1].repeats);
    return stage;
}

// Its numbers are single layers, which stand in the stage directly.
Stage plainStage(const std::vector<Step>& steps, const NumberedStage& plan) {
    Stage stage = makeStage("layers", plan, steps);
    stage.blocks.clear();
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    const auto layers = root.register_module("layers", std::make_shared<Layers>(options.tfSame));
    layers->addConv(sameConv(3, 32, 3, 2), Act::Relu);
    layers->addConv(sameConv(32, 32, 3, 1, 32), Act::Relu);
    layers->addConv({32, 16}, Act::None);
    int channels = 16;
    for (const Row& row : kRows) {
        addStack(*layers, row, &channels, options.tfSame);
    }
    layers->addConv({channels, kLastChannels}, Act::Relu);
    body.channels = kLastChannels;
    body.stages.push_back(plainStage(layers->steps(), kStem));
    for (int number = kStem.last + 1; number < kLast.first; ++number) {
        body.stages.push_back(stackStage(layers->steps(), number));
    }
    body.stages.push_back(plainStage(layers->steps(), kLast));
    addOriginalHead(body, root, "classifier.1", options);
    return body;
}

}  // namespace

std::vector<Family> mnasnetFamilies() {
    Family family;
    family.info = {"mnasnet1_0",
                   "MNASNet 1.0",
                   "Small and quick, found by search for telephones; like MobileNetV2.",
                   3102312,
                   224,
                   32,
                   1.2};
    family.knowsTfSame = true;
    family.classifierPrefixes = {"classifier."};
    family.timm = timmMnasNet();
    family.build = build;
    family.initConv = initKaimingNormalFanOut;
    return {family};
}

}  // namespace graft
