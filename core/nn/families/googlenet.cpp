// GoogLeNet as torchvision builds it: with batch norm, and a 3x3 convolution where the paper has
// 5x5. Its two auxiliary classifiers are left out.
// Source: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

ConvNormOptions basic() {
    return {Act::Relu, {1e-3, 0.1}, false, "conv", "bn"};
}

struct Widths {
    int one, reduce3, three, reduce5, five, pooled;
    int sum() const { return one + three + five + pooled; }
};

class Inception : public torch::nn::Module {
 public:
    Inception(int in, const Widths& widths) {
        const auto one = register_module(
            "branch1", std::make_shared<ConvNorm>(ConvShape{in, widths.one}, basic()));
        m_branches = {stepOf(one), twoConvs("branch2", in, widths.reduce3, widths.three),
                      twoConvs("branch3", in, widths.reduce5, widths.five)};
        const auto pooled = register_module("branch4", std::make_shared<Group>());
        m_branches.push_back(
            chain({maxPool(3, 1, 1, true),
                   stepOf(pooled->add<ConvNorm>("1", ConvShape{in, widths.pooled}, basic()))}));
    }

    torch::Tensor forward(const torch::Tensor& x) const {
        std::vector<torch::Tensor> parts;
        for (const Step& branch : m_branches) {
            parts.push_back(branch(x));
        }
        return torch::cat(parts, 1);
    }

 private:
    Step twoConvs(const char* name, int in, int reduced, int out) {
        const auto group = register_module(name, std::make_shared<Group>());
        return chain({stepOf(group->add<ConvNorm>("0", ConvShape{in, reduced}, basic())),
                      stepOf(group->add<ConvNorm>("1", sameConv(reduced, out, 3), basic()))});
    }

    std::vector<Step> m_branches;
};

struct BlockPlan {
    const char* number;
    Widths widths;
    const char* pool;  ///< node of the pooling behind it, or null
    int poolKernel;
};

constexpr BlockPlan kBlocks[] = {{"3a", {64, 96, 128, 16, 32, 32}, nullptr, 0},
                                 {"3b", {128, 128, 192, 32, 96, 64}, "maxpool3", 3},
                                 {"4a", {192, 96, 208, 16, 48, 64}, nullptr, 0},
                                 {"4b", {160, 112, 224, 24, 64, 64}, nullptr, 0},
                                 {"4c", {128, 128, 256, 24, 64, 64}, nullptr, 0},
                                 {"4d", {112, 144, 288, 32, 64, 64}, nullptr, 0},
                                 {"4e", {256, 160, 320, 32, 128, 128}, "maxpool4", 2},
                                 {"5a", {256, 160, 320, 32, 128, 128}, nullptr, 0},
                                 {"5b", {384, 192, 384, 48, 128, 128}, nullptr, 0}};

Stage convStage(torch::nn::Module& root, const char* name, const char* label,
                const ConvShape& shape, const char* pool) {
    const auto conv = root.register_module(name, std::make_shared<ConvNorm>(shape, basic()));
    if (pool == nullptr) {
        return {name, name, label, {}, stepOf(conv)};
    }
    return {name, pool, label, {}, chain({stepOf(conv), maxPool(3, 2, 0, true)})};
}

Stage blockStage(torch::nn::Module& root, const BlockPlan& plan, int* channels) {
    const std::string name = std::string("inception") + plan.number;
    const auto block =
        root.register_module(name, std::make_shared<Inception>(*channels, plan.widths));
    *channels = plan.widths.sum();
    Stage stage{name, name, std::string("Inception ") + plan.number, {}, stepOf(block)};
    if (plan.pool != nullptr) {
        stage.node = plan.pool;
        stage.run = chain({stage.run, maxPool(plan.poolKernel, 2, 0, true)});
    }
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    body.stages.push_back(convStage(root, "conv1", "Stem", {3, 64, 7, 2, 3}, "maxpool1"));
    body.stages.push_back(convStage(root, "conv2", "Convolution 2", {64, 64}, nullptr));
    body.stages.push_back(
        convStage(root, "conv3", "Convolution 3", sameConv(64, 192, 3), "maxpool2"));
    body.channels = 192;
    for (const BlockPlan& plan : kBlocks) {
        body.stages.push_back(blockStage(root, plan, &body.channels));
    }
    addOriginalHead(body, root, "fc", options);
    return body;
}

}  // namespace

std::vector<Family> googlenetFamilies() {
    Family family;
    family.info = {
        "googlenet", "GoogLeNet", "An older network of parallel branches; quick and solid.",
        5599904,     224,         32,
        5.7};
    family.info.pixelsAroundZero = true;
    family.classifierPrefixes = {"fc."};
    family.auxiliaryPrefixes = {"aux1.", "aux2."};
    family.build = build;
    family.initConv = [](Conv& conv, at::Generator& generator) {
        initNormal(conv.weight, 0.01, generator);
    };
    return {family};
}

}  // namespace graft
