// ResNet, ResNeXt and Wide ResNet as torchvision builds them (the stride of a bottleneck is in its
// 3x3 convolution).
// Sources: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; Xie et al.,
// "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017; Zagoruyko and
// Komodakis, "Wide Residual Networks", BMVC 2016.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

struct Layout {
    std::vector<int> depths;
    bool bottleneck = false;
    int groups = 1;
    int groupWidth = 64;  ///< channels of a group where a block has 64 per group in ResNet

    int outputs(int planes) const { return bottleneck ? 4 * planes : planes; }
};

class ResidualBlock : public torch::nn::Module {
 public:
    ResidualBlock(int in, int planes, int stride, const Layout& layout) {
        const int out = layout.outputs(planes);
        if (layout.bottleneck) {
            const int width = planes * layout.groupWidth / 64 * layout.groups;
            addConv("1", {in, width});
            addConv("2", sameConv(width, width, 3, stride, layout.groups));
            addConv("3", {width, out});
        } else {
            addConv("1", sameConv(in, out, 3, stride));
            addConv("2", sameConv(out, out, 3));
        }
        if (stride != 1 || in != out) {
            const auto shortcut = register_module("downsample", std::make_shared<Group>());
            m_shortcutConv = shortcut->add<Conv>("0", ConvShape{in, out, 1, stride});
            m_shortcutNorm = shortcut->add<Norm>("1", out);
        }
    }

    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = x;
        const std::size_t last = m_convs.size() - 1;
        for (std::size_t i = 0; i < last; ++i) {
            y = convNorm(*m_convs[i], *m_norms[i], y, Act::Relu);
        }
        const torch::Tensor shortcut =
            m_shortcutConv ? convNorm(*m_shortcutConv, *m_shortcutNorm, x, Act::None) : x;
        return convNorm(*m_convs[last], *m_norms[last], y, Act::Relu, shortcut);
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
    return {"stem", "maxpool", "Stem", {}, [conv, norm](const torch::Tensor& x) {
                return convNormMaxPooled(*conv, *norm, x, Act::Relu, {3, 2, 1});
            }};
}

Stage layer(torch::nn::Module& root, int number, const Layout& layout, int* channels) {
    const std::string path = "layer" + std::to_string(number);
    const int planes = 64 << (number - 1);
    const int depth = layout.depths[std::size_t(number - 1)];
    const auto group = root.register_module(path, std::make_shared<Group>());
    std::vector<Step> steps;
    for (int i = 0; i < depth; ++i) {
        const int stride = i == 0 && number > 1 ? 2 : 1;
        steps.push_back(stepOf(
            group->add<ResidualBlock>(std::to_string(i), *channels, planes, stride, layout)));
        *channels = layout.outputs(planes);
    }
    return {path, path, "Stage " + std::to_string(number), numberedBlocks(path, depth),
            chain(std::move(steps))};
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    body.stages.push_back(stem(root));
    body.channels = 64;
    for (int number = 1; number <= 4; ++number) {
        body.stages.push_back(layer(root, number, layout, &body.channels));
    }
    addOriginalHead(body, root, "fc", options);
    return body;
}

Family resnet(BackboneInfo info, const Layout& layout) {
    Family family;
    family.info = std::move(info);
    family.info.earlyStages = {"stem", "layer1", "layer2", "layer3"};
    family.classifierPrefixes = {"fc."};
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingNormalFanOut;
    return family;
}

}  // namespace

std::vector<Family> resnetFamilies() {
    return {resnet({"resnet18", "ResNet-18", "A sturdy all-round network that fine-tunes easily.",
                    11176512, 224, 32, 6.9},
                   {{2, 2, 2, 2}}),
            resnet({"resnet34", "ResNet-34",
                    "Like ResNet-18 with twice the depth: more exact, half as fast.", 21284672, 224,
                    32, 13.9},
                   {{3, 4, 6, 3}}),
            resnet({"resnet50", "ResNet-50",
                    "Large and exact; worth its time with many pictures or a fast machine.",
                    23508032, 224, 32, 15.6},
                   {{3, 4, 6, 3}, true})};
}

std::vector<Family> deepResnetFamilies() {
    return {
        resnet({"resnet101", "ResNet-101",
                "ResNet-50 at twice the depth and nearly twice the time.", 42500160, 224, 32, 29.7},
               {{3, 4, 23, 3}, true}),
        resnet({"resnet152", "ResNet-152",
                "The deepest ResNet; slow, for many pictures and a fast machine.", 58143808, 224,
                32, 43.8},
               {{3, 8, 36, 3}, true}),
        resnet({"resnext50_32x4d", "ResNeXt-50 (32x4d)",
                "ResNet-50 with grouped convolutions: a little more exact at the same cost.",
                22979904, 224, 32, 16.1},
               {{3, 4, 6, 3}, true, 32, 4}),
        resnet({"wide_resnet50_2", "Wide ResNet-50-2",
                "ResNet-50 with wider blocks: often chosen for finding defects.", 66834240, 224, 32,
                43.4},
               {{3, 4, 6, 3}, true, 1, 128})};
}

}  // namespace graft
