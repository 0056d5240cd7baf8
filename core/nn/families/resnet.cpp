// ResNet as torchvision builds it (the stride of a bottleneck is in its 3x3 convolution).
// Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
#include "core/nn/families/registry.h"

namespace graft {
namespace {

class ResidualBlock : public torch::nn::Module {
 public:
    ResidualBlock(int in, int width, int stride, bool bottleneck) {
        const int out = bottleneck ? 4 * width : width;
        if (bottleneck) {
            addConv("1", {in, width});
            addConv("2", {width, width, 3, stride, 1});
            addConv("3", {width, out});
        } else {
            addConv("1", {in, width, 3, stride, 1});
            addConv("2", {width, width, 3, 1, 1});
        }
        if (stride != 1 || in != out) {
            const auto shortcut = register_module("downsample", std::make_shared<Group>());
            m_shortcutConv = shortcut->add<Conv>("0", ConvShape{in, out, 1, stride});
            m_shortcutNorm = shortcut->add<Norm>("1", out);
        }
    }

    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = x;
        for (std::size_t i = 0; i < m_convs.size(); ++i) {
            y = m_norms[i]->forward(m_convs[i]->forward(y));
            if (i + 1 < m_convs.size()) {
                y = torch::relu_(y);
            }
        }
        y += m_shortcutConv ? m_shortcutNorm->forward(m_shortcutConv->forward(x)) : x;
        return torch::relu_(y);
    }

 private:
    void addConv(const std::string& number, const ConvShape& shape) {
        m_convs.push_back(register_module("conv" + number, std::make_shared<Conv>(shape)));
        m_norms.push_back(register_module("bn" + number, std::make_shared<Norm>(shape.out)));
    }

    std::vector<std::shared_ptr<Conv>> m_convs;
    std::vector<std::shared_ptr<Norm>> m_norms;
    std::shared_ptr<Conv> m_shortcutConv;
    std::shared_ptr<Norm> m_shortcutNorm;
};

Stage stem(torch::nn::Module& root) {
    const auto conv =
        root.register_module("conv1", std::make_shared<Conv>(ConvShape{3, 64, 7, 2, 3}));
    const auto norm = root.register_module("bn1", std::make_shared<Norm>(64));
    return {"stem", "Stem", {}, [conv, norm](const torch::Tensor& x) {
                torch::Tensor y = norm->forward(conv->forward(x));
                return torch::max_pool2d(torch::relu_(y), 3, 2, 1);
            }};
}

Stage layer(torch::nn::Module& root, int number, int depth, int* channels, bool bottleneck) {
    const std::string path = "layer" + std::to_string(number);
    const int width = 64 << (number - 1);
    const auto group = root.register_module(path, std::make_shared<Group>());
    std::vector<std::shared_ptr<ResidualBlock>> blocks;
    Stage stage{path, "Stage " + std::to_string(number), {}, {}};
    for (int i = 0; i < depth; ++i) {
        const int stride = i == 0 && number > 1 ? 2 : 1;
        blocks.push_back(
            group->add<ResidualBlock>(std::to_string(i), *channels, width, stride, bottleneck));
        *channels = bottleneck ? 4 * width : width;
        stage.blocks.push_back({path + "." + std::to_string(i), "Block " + std::to_string(i + 1)});
    }
    stage.run = [blocks](const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const auto& block : blocks) {
            y = block->forward(y);
        }
        return y;
    };
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const std::vector<int>& depths,
           bool bottleneck) {
    Body body;
    body.stages.push_back(stem(root));
    body.channels = 64;
    for (int i = 0; i < 4; ++i) {
        body.stages.push_back(
            layer(root, i + 1, depths[std::size_t(i)], &body.channels, bottleneck));
    }
    if (options.originalClasses > 0) {
        const auto linear = root.register_module(
            "fc", std::make_shared<Linear>(body.channels, options.originalClasses));
        body.originalHead = [linear](const torch::Tensor& features) {
            return linear->forward(Network::pool(features));
        };
    }
    return body;
}

Family resnet(BackboneInfo info, std::vector<int> depths, bool bottleneck) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"fc."};
    family.build = [depths, bottleneck](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, depths, bottleneck);
    };
    family.initConv = initKaimingNormalFanOut;
    return family;
}

}  // namespace

std::vector<Family> resnetFamilies() {
    return {resnet({"resnet18", "ResNet-18", "A sturdy all-round network that fine-tunes easily.",
                    11176512, 224, 32, 5.2},
                   {2, 2, 2, 2}, false),
            resnet({"resnet34", "ResNet-34",
                    "Like ResNet-18 with twice the depth: more exact, half as fast.", 21284672, 224,
                    32, 10.5},
                   {3, 4, 6, 3}, false),
            resnet({"resnet50", "ResNet-50",
                    "Large and exact; worth its time with many pictures or a fast machine.",
                    23508032, 224, 32, 11.7},
                   {3, 4, 6, 3}, true)};
}

}  // namespace graft
