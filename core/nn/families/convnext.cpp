// ConvNeXt as torchvision builds it. Its classifier normalises the pooled features before the
// linear layer; that norm is a part of the backbone here and is read from the file.
// Source: Liu et al., "A ConvNet for the 2020s", CVPR 2022.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr double kEps = 1e-6;
constexpr double kLayerScale = 1e-6;
constexpr double kInitSpread = 0.02;

struct Layout {
    std::vector<int> depths;
    double dropPath;  ///< of the last block; it grows from 0 in the first
};
constexpr int kWidths[] = {96, 192, 384, 768};

class ConvBlock : public torch::nn::Module {
 public:
    ConvBlock(int width, double dropPath) {
        const auto block = register_module("block", std::make_shared<Group>());
        m_conv = block->add<Conv>("0", ConvShape{width, width, 7, 1, 3, width, true});
        m_norm = block->add<LayerNorm>("2", width, kEps);
        m_widen = block->add<Linear>("3", width, 4 * width);
        m_narrow = block->add<Linear>("5", 4 * width, width);
        m_scale = register_parameter("layer_scale", torch::full({width, 1, 1}, kLayerScale));
        m_drop = register_module("stochastic_depth", std::make_shared<DropPath>(dropPath));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = m_norm->forward(m_conv->forward(x).permute({0, 2, 3, 1}));
        const torch::Tensor branch = m_narrow->forward(torch::gelu(m_widen->forward(y)));
        return x + m_drop->forward(asIn(x, m_scale) * branch.permute({0, 3, 1, 2}));
    }

 private:
    std::shared_ptr<Conv> m_conv;
    std::shared_ptr<LayerNorm> m_norm;
    std::shared_ptr<Linear> m_widen;
    std::shared_ptr<Linear> m_narrow;
    torch::Tensor m_scale;
    std::shared_ptr<DropPath> m_drop;
};

Step stem(Group& features) {
    const auto group = features.add<Group>("0");
    const auto conv = group->add<Conv>("0", ConvShape{3, kWidths[0], 4, 4, 0, 1, true});
    const auto norm = group->add<LayerNorm>("1", kWidths[0], kEps);
    return [conv, norm](const torch::Tensor& x) { return norm->forwardPicture(conv->forward(x)); };
}

Step halving(Group& features, const std::string& name, int in, int out) {
    const auto group = features.add<Group>(name);
    const auto norm = group->add<LayerNorm>("0", in, kEps);
    const auto conv = group->add<Conv>("1", ConvShape{in, out, 2, 2, 0, 1, true});
    return [conv, norm](const torch::Tensor& x) { return conv->forward(norm->forwardPicture(x)); };
}

// Stage 0 is features.1; each later one is a halving and its blocks, features.2 and features.3 ...
Stage blocksStage(Group& features, std::size_t index, int depth, int* before, double perBlock) {
    const int number = 2 * int(index) + 1;
    const std::string node = "features." + std::to_string(number);
    Stage stage{node, node, "Stage " + std::to_string(index + 1), {}, {}};
    std::vector<Step> steps;
    if (index > 0) {
        const std::string name = std::to_string(number - 1);
        stage.path = "features." + name + "-" + std::to_string(number);
        stage.blocks.push_back({"features." + name, "Halving"});
        steps.push_back(halving(features, name, kWidths[index - 1], kWidths[index]));
    }
    const auto group = features.add<Group>(std::to_string(number));
    for (int i = 0; i < depth; ++i) {
        steps.push_back(stepOf(
            group->add<ConvBlock>(std::to_string(i), kWidths[index], (*before)++ * perBlock)));
    }
    for (Block& block : numberedBlocks(node, depth)) {
        stage.blocks.push_back(std::move(block));
    }
    stage.run = chain(std::move(steps));
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    body.stages.push_back({"features.0", "features.0", "Stem", {}, stem(*features)});
    int blocks = 0;
    for (const int depth : layout.depths) {
        blocks += depth;
    }
    int before = 0;
    for (std::size_t i = 0; i < layout.depths.size(); ++i) {
        body.stages.push_back(
            blocksStage(*features, i, layout.depths[i], &before, layout.dropPath / (blocks - 1)));
    }
    body.channels = kWidths[3];
    const auto classifier = root.register_module("classifier", std::make_shared<Group>());
    const auto norm = classifier->add<LayerNorm>("0", body.channels, kEps);
    body.pool = {"classifier.0", "classifier.0", "Pooling", {}, [norm](const torch::Tensor& x) {
                     return norm->forward(meanOverPicture(x));
                 }};
    if (options.originalClasses > 0) {
        const auto linear = classifier->add<Linear>("2", body.channels, options.originalClasses);
        body.originalHead = [norm, linear](const torch::Tensor& x) {
            return linear->forward(norm->forward(meanOverPicture(x)));
        };
    }
    return body;
}

Family convnext(BackboneInfo info, const Layout& layout) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"classifier.2."};
    family.timm = timmConvNeXt();
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = [](Conv& conv, at::Generator& generator) {
        initNormal(conv.weight, kInitSpread, generator);
    };
    family.initRest = [](torch::nn::Module& module, at::Generator& generator) {
        if (auto* linear = module.as<Linear>()) {
            initNormal(linear->weight, kInitSpread, generator);
        }
    };
    return family;
}

}  // namespace

std::vector<Family> convnextFamilies() {
    return {convnext({"convnext_tiny", "ConvNeXt Tiny",
                      "A modern network, clearly more exact than ResNet-50 at its cost.", 27820128,
                      224, 32, 17.0, 236.0 / 224.0},
                     {{3, 3, 9, 3}, 0.1}),
            convnext({"convnext_small", "ConvNeXt Small",
                      "Deeper than Tiny: for many pictures and a fast machine.", 49454688, 224, 32,
                      33.1, 230.0 / 224.0},
                     {{3, 3, 27, 3}, 0.4})};
}

}  // namespace graft
