// Inception v3 as torchvision builds it. Its auxiliary classifier is left out.
// Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

/// A block of parallel branches, given as steps that each end in a part of the output.
class Branches : public torch::nn::Module {
 public:
    torch::Tensor forward(const torch::Tensor& x) const {
        std::vector<torch::Tensor> parts;
        for (const Step& branch : m_branches) {
            parts.push_back(branch(x));
        }
        return torch::cat(parts, 1);
    }

 protected:
    Step conv(const std::string& name, const ConvShape& shape) {
        return stepOf(register_module(
            name, std::make_shared<ConvNorm>(
                      shape, ConvNormOptions{Act::Relu, {1e-3, 0.1}, false, "conv", "bn"})));
    }
    Step row(const std::string& name, int in, int out, int length) {
        return conv(name, {in, out, 1, 1, 0, 1, false, length, length / 2});
    }
    Step column(const std::string& name, int in, int out, int length) {
        return conv(name, {in, out, length, 1, length / 2, 1, false, 1, 0});
    }
    static Step averaged() {
        return [](const torch::Tensor& x) { return averagePooled(x, 3, 1, 1); };
    }
    void branch(std::vector<Step> steps) { m_branches.push_back(chain(std::move(steps))); }

 private:
    std::vector<Step> m_branches;
};

class BlockA : public Branches {
 public:
    BlockA(int in, int pooled) {
        branch({conv("branch1x1", {in, 64})});
        branch({conv("branch5x5_1", {in, 48}), conv("branch5x5_2", sameConv(48, 64, 5))});
        branch({conv("branch3x3dbl_1", {in, 64}), conv("branch3x3dbl_2", sameConv(64, 96, 3)),
                conv("branch3x3dbl_3", sameConv(96, 96, 3))});
        branch({averaged(), conv("branch_pool", {in, pooled})});
    }
};

class BlockB : public Branches {
 public:
    explicit BlockB(int in) {
        branch({conv("branch3x3", {in, 384, 3, 2})});
        branch({conv("branch3x3dbl_1", {in, 64}), conv("branch3x3dbl_2", sameConv(64, 96, 3)),
                conv("branch3x3dbl_3", {96, 96, 3, 2})});
        branch({maxPool(3, 2)});
    }
};

class BlockC : public Branches {
 public:
    BlockC(int in, int width) {
        branch({conv("branch1x1", {in, 192})});
        branch({conv("branch7x7_1", {in, width}), row("branch7x7_2", width, width, 7),
                column("branch7x7_3", width, 192, 7)});
        branch({conv("branch7x7dbl_1", {in, width}), column("branch7x7dbl_2", width, width, 7),
                row("branch7x7dbl_3", width, width, 7), column("branch7x7dbl_4", width, width, 7),
                row("branch7x7dbl_5", width, 192, 7)});
        branch({averaged(), conv("branch_pool", {in, 192})});
    }
};

class BlockD : public Branches {
 public:
    explicit BlockD(int in) {
        branch({conv("branch3x3_1", {in, 192}), conv("branch3x3_2", {192, 320, 3, 2})});
        branch({conv("branch7x7x3_1", {in, 192}), row("branch7x7x3_2", 192, 192, 7),
                column("branch7x7x3_3", 192, 192, 7), conv("branch7x7x3_4", {192, 192, 3, 2})});
        branch({maxPool(3, 2)});
    }
};

class BlockE : public Branches {
 public:
    explicit BlockE(int in) {
        branch({conv("branch1x1", {in, 320})});
        branch({conv("branch3x3_1", {in, 384}), rowAndColumn("branch3x3_2", 384)});
        branch({conv("branch3x3dbl_1", {in, 448}), conv("branch3x3dbl_2", sameConv(448, 384, 3)),
                rowAndColumn("branch3x3dbl_3", 384)});
        branch({averaged(), conv("branch_pool", {in, 192})});
    }

 private:
    Step rowAndColumn(const std::string& name, int width) {
        const Step across = row(name + "a", width, width, 3);
        const Step down = column(name + "b", width, width, 3);
        return [across, down](const torch::Tensor& x) {
            return torch::cat({across(x), down(x)}, 1);
        };
    }
};

Stage convStage(torch::nn::Module& root, const char* name, const ConvShape& shape,
                const char* pool) {
    const auto conv = root.register_module(
        name, std::make_shared<ConvNorm>(
                  shape, ConvNormOptions{Act::Relu, {1e-3, 0.1}, false, "conv", "bn"}));
    const std::string label = std::string("Convolution ") + std::string(name).substr(7, 2);
    if (pool == nullptr) {
        return {name, name, label, {}, stepOf(conv)};
    }
    return {name, pool, label, {}, chain({stepOf(conv), maxPool(3, 2)})};
}

Stage blockStage(torch::nn::Module& root, const char* name, std::shared_ptr<Branches> block) {
    root.register_module(name, block);
    return {name, name, std::string("Inception ") + std::string(name).substr(6), {}, stepOf(block)};
}

std::vector<Stage> stages(torch::nn::Module& root) {
    const auto block = [&root](const char* name, std::shared_ptr<Branches> branches) {
        return blockStage(root, name, std::move(branches));
    };
    return {convStage(root, "Conv2d_1a_3x3", {3, 32, 3, 2}, nullptr),
            convStage(root, "Conv2d_2a_3x3", {32, 32, 3}, nullptr),
            convStage(root, "Conv2d_2b_3x3", sameConv(32, 64, 3), "maxpool1"),
            convStage(root, "Conv2d_3b_1x1", {64, 80}, nullptr),
            convStage(root, "Conv2d_4a_3x3", {80, 192, 3}, "maxpool2"),
            block("Mixed_5b", std::make_shared<BlockA>(192, 32)),
            block("Mixed_5c", std::make_shared<BlockA>(256, 64)),
            block("Mixed_5d", std::make_shared<BlockA>(288, 64)),
            block("Mixed_6a", std::make_shared<BlockB>(288)),
            block("Mixed_6b", std::make_shared<BlockC>(768, 128)),
            block("Mixed_6c", std::make_shared<BlockC>(768, 160)),
            block("Mixed_6d", std::make_shared<BlockC>(768, 160)),
            block("Mixed_6e", std::make_shared<BlockC>(768, 192)),
            block("Mixed_7a", std::make_shared<BlockD>(768)),
            block("Mixed_7b", std::make_shared<BlockE>(1280)),
            block("Mixed_7c", std::make_shared<BlockE>(2048))};
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    body.stages = stages(root);
    body.channels = 2048;
    addOriginalHead(body, root, "fc", options);
    return body;
}

}  // namespace

std::vector<Family> inceptionV3Families() {
    Family family;
    family.info = {"inception_v3",
                   "Inception v3",
                   "Made for larger pictures (299 px); exact, much used in medicine.",
                   21785568,
                   299,
                   75,
                   21.8,
                   342.0 / 299.0,
                   true};
    family.classifierPrefixes = {"fc."};
    family.auxiliaryPrefixes = {"AuxLogits."};
    family.build = build;
    family.initConv = [](Conv& conv, at::Generator& generator) {
        initNormal(conv.weight, 0.1, generator);
    };
    return {family};
}

}  // namespace graft
