// DenseNet as torchvision builds it: every layer sees the features of all before it in its block.
// Source: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <regex>

namespace graft {
namespace {

constexpr int kGrowth = 32;
constexpr int kBottleneck = 4 * kGrowth;
constexpr int kStemChannels = 64;

class DenseLayer : public torch::nn::Module {
 public:
    explicit DenseLayer(int in) {
        m_norm1 = register_module("norm1", std::make_shared<Norm>(in));
        m_conv1 = register_module("conv1", std::make_shared<Conv>(ConvShape{in, kBottleneck}));
        m_norm2 = register_module("norm2", std::make_shared<Norm>(kBottleneck));
        m_conv2 =
            register_module("conv2", std::make_shared<Conv>(sameConv(kBottleneck, kGrowth, 3)));
    }

    // What is known so far, with the layer's own features behind it.
    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = m_conv1->forward(m_norm1->forward(x, Act::Relu));
        const torch::Tensor z = m_conv2->forward(m_norm2->forward(y, Act::Relu));
        return torch::cat({x, z}, 1);
    }

 private:
    std::shared_ptr<Norm> m_norm1;
    std::shared_ptr<Conv> m_conv1;
    std::shared_ptr<Norm> m_norm2;
    std::shared_ptr<Conv> m_conv2;
};

Step transition(Group& features, const std::string& name, int channels) {
    const auto group = features.add<Group>(name);
    const auto norm = group->add<Norm>("norm", channels);
    const auto conv = group->add<Conv>("conv", ConvShape{channels, channels / 2});
    return [norm, conv](const torch::Tensor& x) {
        const torch::Tensor y = conv->forward(norm->forward(x, Act::Relu));
        return averagePooled(y, 2, 2);
    };
}

Stage stem(Group& features) {
    const auto conv = features.add<Conv>("conv0", ConvShape{3, kStemChannels, 7, 2, 3});
    const auto norm = features.add<Norm>("norm0", kStemChannels);
    return {"features.conv0+features.norm0",
            "features.pool0",
            "Stem",
            {},
            chain({stepOf(conv), stepOf(norm), activation(Act::Relu), maxPool(3, 2, 1)})};
}

// A dense block with what follows it: a transition, or the last norm.
Stage denseStage(Group& features, int number, int depth, bool last, int* channels) {
    const std::string name = "denseblock" + std::to_string(number);
    const std::string path = "features." + name;
    const auto group = features.add<Group>(name);
    Stage stage;
    std::vector<Step> steps;
    for (int i = 1; i <= depth; ++i) {
        const std::string layer = "denselayer" + std::to_string(i);
        steps.push_back(stepOf(group->add<DenseLayer>(layer, *channels)));
        stage.blocks.push_back({path + "." + layer, "Block " + std::to_string(i)});
        *channels += kGrowth;
    }
    const std::string end = last ? "norm5" : "transition" + std::to_string(number);
    stage.node = "features." + end;
    stage.path = path + "+" + stage.node;
    stage.label = "Stage " + std::to_string(number);
    stage.blocks.push_back({stage.node, last ? "Last norm" : "Halving"});
    if (last) {
        steps.push_back(stepOf(features.add<Norm>(end, *channels)));
    } else {
        steps.push_back(transition(features, end, *channels));
        *channels /= 2;
    }
    stage.run = chain(std::move(steps));
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const std::vector<int>& depths) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    body.stages.push_back(stem(*features));
    body.channels = kStemChannels;
    for (std::size_t i = 0; i < depths.size(); ++i) {
        body.stages.push_back(
            denseStage(*features, int(i) + 1, depths[i], i + 1 == depths.size(), &body.channels));
    }
    // torchvision's own classifier begins with a ReLU that has no name.
    body.pool.run = [](const torch::Tensor& x) { return meanOverPicture(torch::relu(x)); };
    if (options.originalClasses > 0) {
        const auto linear = root.register_module(
            "classifier", std::make_shared<Linear>(body.channels, options.originalClasses));
        body.originalHead = [linear, pool = body.pool.run](const torch::Tensor& x) {
            return linear->forward(pool(x));
        };
    }
    return body;
}

// Files of torchvision's first years say "denselayer1.norm.1.weight".
std::string currentName(const std::string& name) {
    static const std::regex old(R"((denselayer\d+\.(?:norm|conv))\.([12]\.))");
    return std::regex_replace(name, old, "$1$2");
}

Family densenet(BackboneInfo info, const std::vector<int>& depths) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"classifier."};
    family.currentName = currentName;
    family.build = [depths](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, depths);
    };
    family.initConv = initKaimingNormalFanIn;
    return family;
}

}  // namespace

std::vector<Family> densenetFamilies() {
    return {densenet({"densenet121", "DenseNet-121",
                      "Small file, exact with fine structures; common for X-ray pictures.", 6953856,
                      224, 32, 10.8},
                     {6, 12, 24, 16}),
            densenet({"densenet169", "DenseNet-169",
                      "DenseNet-121 with more layers: a little more exact and slower.", 12484480,
                      224, 32, 12.8},
                     {6, 12, 32, 32})};
}

}  // namespace graft
