// The narrow ResNets for pictures of 32 px, with shortcuts that have no weights: a halved picture
// and zeros for the new channels (the paper's option A).
// Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2; names
// as in github.com/akamaster/pytorch_resnet_cifar10.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr int kFirstWidth = 16;

class PlainBlock : public torch::nn::Module {
 public:
    PlainBlock(int in, int out, int stride) : m_stride(stride), m_newChannels(out - in) {
        m_conv1 = register_module("conv1", std::make_shared<Conv>(sameConv(in, out, 3, stride)));
        m_norm1 = register_module("bn1", std::make_shared<Norm>(out));
        m_conv2 = register_module("conv2", std::make_shared<Conv>(sameConv(out, out, 3)));
        m_norm2 = register_module("bn2", std::make_shared<Norm>(out));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = convNorm(*m_conv1, *m_norm1, x, Act::Relu);
        return convNorm(*m_conv2, *m_norm2, y, Act::Relu, shortcut(x));
    }

 private:
    torch::Tensor shortcut(const torch::Tensor& x) const {
        if (m_newChannels == 0) {
            return x;
        }
        const int half = m_newChannels / 2;
        return torch::constant_pad_nd(
            x.slice(2, 0, c10::nullopt, m_stride).slice(3, 0, c10::nullopt, m_stride),
            {0, 0, 0, 0, half, half}, 0);
    }

    int m_stride;
    int m_newChannels;
    std::shared_ptr<Conv> m_conv1;
    std::shared_ptr<Norm> m_norm1;
    std::shared_ptr<Conv> m_conv2;
    std::shared_ptr<Norm> m_norm2;
};

Stage stem(torch::nn::Module& root) {
    const auto conv =
        root.register_module("conv1", std::make_shared<Conv>(sameConv(3, kFirstWidth, 3)));
    const auto norm = root.register_module("bn1", std::make_shared<Norm>(kFirstWidth));
    return {"stem", "stem", "Stem", {}, chain({stepOf(conv), stepOf(norm), activation(Act::Relu)})};
}

Stage layer(torch::nn::Module& root, int number, int depth, int* channels) {
    const std::string path = "layer" + std::to_string(number);
    const auto group = root.register_module(path, std::make_shared<Group>());
    const int width = kFirstWidth << (number - 1);
    std::vector<Step> steps;
    for (int i = 0; i < depth; ++i) {
        const int stride = i == 0 && number > 1 ? 2 : 1;
        steps.push_back(
            stepOf(group->add<PlainBlock>(std::to_string(i), *channels, width, stride)));
        *channels = width;
    }
    return {path, path, "Stage " + std::to_string(number), numberedBlocks(path, depth),
            chain(std::move(steps))};
}

Body build(torch::nn::Module& root, const BuildOptions& options, int depth) {
    Body body;
    body.stages.push_back(stem(root));
    body.channels = kFirstWidth;
    for (int number = 1; number <= 3; ++number) {
        body.stages.push_back(layer(root, number, depth, &body.channels));
    }
    addOriginalHead(body, root, "linear", options);
    return body;
}

}  // namespace

std::vector<Family> cifarResnetFamilies() {
    std::vector<Family> all;
    const struct {
        int layers;
        std::int64_t parameters;
        double cost;
    } sizes[] = {{20, 269072, 0.15}, {32, 463504, 0.26}, {44, 657936, 0.37}, {56, 852368, 0.48}};
    for (const auto& size : sizes) {
        const int layers = size.layers;
        const int depth = (layers - 2) / 6;
        const std::string number = std::to_string(layers);
        Family family;
        family.info = {"cifar_resnet" + number,
                       "CIFAR ResNet-" + number,
                       "For tiny pictures of 32 px with weights learnt on CIFAR.",
                       size.parameters,
                       32,
                       16,
                       size.cost,
                       1.0};
        family.classifierPrefixes = {"linear."};
        family.build = [depth](torch::nn::Module& root, const BuildOptions& options) {
            return build(root, options, depth);
        };
        family.initConv = initKaimingNormalFanIn;
        all.push_back(std::move(family));
    }
    return all;
}

}  // namespace graft
