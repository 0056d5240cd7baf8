// EfficientNet B0 to B4 and EfficientNetV2-S as torchvision builds them, with TensorFlow's padding
// as an option.
// Sources: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
// ICML 2019; Tan and Le, "EfficientNetV2: Smaller Models and Faster Training", ICML 2021.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <cmath>

namespace graft {
namespace {

constexpr double kDropPath = 0.2;  ///< of the last block; it grows from 0 in the first

struct Row {
    bool fused;  ///< expansion and depthwise convolution are one full convolution
    int expansion, kernel, stride, channels, repeats;
};

struct Layout {
    int stem = 0;
    std::vector<Row> rows;
    int last = 0;
    NormSettings norm = {};
};

struct BlockPlan {
    Row row;
    int in;
    int stride;
    double dropPath;
    NormSettings norm;
    bool tfSame;
};

class MobileBlock : public torch::nn::Module {
 public:
    explicit MobileBlock(const BlockPlan& plan)
        : m_adds(plan.stride == 1 && plan.in == plan.row.channels) {
        const auto block = register_module("block", std::make_shared<Group>());
        m_run = plan.row.fused ? fused(*block, plan) : depthwise(*block, plan);
        m_drop = register_module("stochastic_depth", std::make_shared<DropPath>(plan.dropPath));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = m_run(x);
        return m_adds ? x + m_drop->forward(y) : y;
    }

 private:
    static Step conv(Group& block, const char* name, const ConvShape& shape, Act act,
                     const BlockPlan& plan) {
        return stepOf(
            block.add<ConvNorm>(name, shape, ConvNormOptions{act, plan.norm, plan.tfSame}));
    }

    static Step fused(Group& block, const BlockPlan& plan) {
        const Row& row = plan.row;
        const int width = roundToEight(plan.in * row.expansion);
        if (width == plan.in) {
            return conv(block, "0", sameConv(plan.in, row.channels, row.kernel, plan.stride),
                        Act::Silu, plan);
        }
        return chain(
            {conv(block, "0", sameConv(plan.in, width, row.kernel, plan.stride), Act::Silu, plan),
             conv(block, "1", {width, row.channels}, Act::None, plan)});
    }

    static Step depthwise(Group& block, const BlockPlan& plan) {
        const Row& row = plan.row;
        const int width = roundToEight(plan.in * row.expansion);
        const bool expands = width != plan.in;
        std::vector<Step> steps;
        if (expands) {
            steps.push_back(conv(block, "0", {plan.in, width}, Act::Silu, plan));
        }
        steps.push_back(conv(block, expands ? "1" : "0",
                             sameConv(width, width, row.kernel, plan.stride, width), Act::Silu,
                             plan));
        steps.push_back(stepOf(block.add<SqueezeExcite>(expands ? "2" : "1", width, plan.in / 4,
                                                        Act::Silu, SqueezeExcite::Gate::Sigmoid)));
        steps.push_back(conv(block, expands ? "3" : "2", {width, row.channels}, Act::None, plan));
        return chain(std::move(steps));
    }

    bool m_adds;
    Step m_run;
    std::shared_ptr<DropPath> m_drop;
};

// EfficientNet's own scaling of B0.
Layout scaled(double width, double depth) {
    Layout layout;
    layout.stem = roundToEight(32 * width);
    layout.rows = {{false, 1, 3, 1, 16, 1}, {false, 6, 3, 2, 24, 2},  {false, 6, 5, 2, 40, 2},
                   {false, 6, 3, 2, 80, 3}, {false, 6, 5, 1, 112, 3}, {false, 6, 5, 2, 192, 4},
                   {false, 6, 3, 1, 320, 1}};
    for (Row& row : layout.rows) {
        row.channels = roundToEight(row.channels * width);
        row.repeats = int(std::ceil(row.repeats * depth));
    }
    layout.last = 4 * layout.rows.back().channels;
    return layout;
}

Layout secondSmall() {
    return {24,
            {{true, 1, 3, 1, 24, 2},
             {true, 4, 3, 2, 48, 4},
             {true, 4, 3, 2, 64, 4},
             {false, 4, 3, 2, 128, 6},
             {false, 6, 3, 1, 160, 9},
             {false, 6, 3, 2, 256, 15}},
            1280,
            {1e-3, 0.1}};
}

Stage blocksStage(Group& features, int number, int* channels, double* position, BlockPlan plan) {
    const std::string path = "features." + std::to_string(number);
    const auto group = features.add<Group>(std::to_string(number));
    std::vector<Step> steps;
    const double perBlock = plan.dropPath;
    for (int i = 0; i < plan.row.repeats; ++i) {
        plan.in = *channels;
        plan.stride = i == 0 ? plan.row.stride : 1;
        plan.dropPath = *position * perBlock;
        steps.push_back(stepOf(group->add<MobileBlock>(std::to_string(i), plan)));
        *channels = plan.row.channels;
        *position += 1;
    }
    return {path, path, "Stage " + std::to_string(number), numberedBlocks(path, plan.row.repeats),
            chain(std::move(steps))};
}

Stage convStage(Group& features, int number, const char* label, const ConvShape& shape,
                const ConvNormOptions& options) {
    const std::string name = std::to_string(number);
    return {"features." + name,
            "features." + name,
            label,
            {},
            stepOf(features.add<ConvNorm>(name, shape, options))};
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    const ConvNormOptions silu{Act::Silu, layout.norm, options.tfSame};
    body.stages.push_back(convStage(*features, 0, "Stem", sameConv(3, layout.stem, 3, 2), silu));
    body.channels = layout.stem;
    int blocks = 0;
    for (const Row& row : layout.rows) {
        blocks += row.repeats;
    }
    double position = 0;
    for (const Row& row : layout.rows) {
        body.stages.push_back(
            blocksStage(*features, int(body.stages.size()), &body.channels, &position,
                        {row, 0, 1, kDropPath / blocks, layout.norm, options.tfSame}));
    }
    body.stages.push_back(convStage(*features, int(body.stages.size()), "Last layer",
                                    {body.channels, layout.last}, silu));
    body.channels = layout.last;
    addOriginalHead(body, root, "classifier.1", options);
    return body;
}

Family efficientnet(BackboneInfo info, const Layout& layout) {
    Family family;
    family.info = std::move(info);
    for (int stage = 0; stage < 6; ++stage) {  // the seventh has the last stride of 2
        family.info.earlyStages.push_back("features." + std::to_string(stage));
    }
    if (!layout.rows.front().fused) {
        family.timm = timmEfficientNet();
    }
    family.knowsTfSame = true;
    family.classifierPrefixes = {"classifier."};
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingNormalFanOut;
    return family;
}

}  // namespace

std::vector<Family> efficientnetFamilies() {
    return {efficientnet({"efficientnet_b0", "EfficientNet-B0",
                          "Small file, exact for its size; the usual first choice of many.",
                          4007548, 224, 32, 1.5},
                         scaled(1.0, 1.0)),
            efficientnet({"efficientnet_b1", "EfficientNet-B1",
                          "A step above B0: larger pictures, twice the time.", 6513184, 240, 32,
                          2.6, 256.0 / 240.0},
                         scaled(1.0, 1.1)),
            efficientnet({"efficientnet_b2", "EfficientNet-B2",
                          "Two steps above B0, for finer details.", 7700994, 288, 32, 4.1, 1.0},
                         scaled(1.1, 1.2)),
            efficientnet({"efficientnet_b3", "EfficientNet-B3",
                          "Large pictures and fine details; slow without a graphics card.",
                          10696232, 300, 32, 7.0, 320.0 / 300.0},
                         scaled(1.2, 1.4)),
            efficientnet({"efficientnet_b4", "EfficientNet-B4",
                          "For large pictures with small details and a fast machine.", 17548616,
                          380, 32, 16.7, 384.0 / 380.0},
                         scaled(1.4, 1.8)),
            efficientnet({"efficientnet_v2_s", "EfficientNetV2-S",
                          "Among the most exact here; takes large pictures and its time.", 20177488,
                          384, 33, 31.9, 1.0},
                         secondSmall())};
}

}  // namespace graft
