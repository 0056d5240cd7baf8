// MobileNetV3 (width 1.0) as torchvision builds it, with TensorFlow's padding as an option. Its
// classifier begins with a wide linear layer, which goes with it.
// Source: Howard et al., "Searching for MobileNetV3", ICCV 2019.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr NormSettings kNorm{1e-3, 0.01};

struct Row {
    int kernel, expanded, channels;
    bool squeezes;
    Act act;
    int stride;
};

struct Layout {
    std::vector<Row> rows;
    std::vector<NumberedStage> stages;
    int classifierWidth;  ///< of torchvision's classifier
};

class InvertedResidual : public torch::nn::Module {
 public:
    InvertedResidual(int in, const Row& row, bool tfSame)
        : m_adds(row.stride == 1 && in == row.channels) {
        const auto block = register_module("block", std::make_shared<Group>());
        std::vector<Step> steps;
        const auto addConv = [&](const ConvShape& shape, Act act) {
            steps.push_back(stepOf(block->add<ConvNorm>(std::to_string(steps.size()), shape,
                                                        ConvNormOptions{act, kNorm, tfSame})));
        };
        const int width = row.expanded;
        if (width != in) {
            addConv({in, width}, row.act);
        }
        addConv(sameConv(width, width, row.kernel, row.stride, width), row.act);
        if (row.squeezes) {
            steps.push_back(stepOf(block->add<SqueezeExcite>(std::to_string(steps.size()), width,
                                                             roundToEight(width / 4), Act::Relu,
                                                             SqueezeExcite::Gate::HardSigmoid)));
        }
        m_run = chain(steps);
        m_project = block->add<ConvNorm>(std::to_string(steps.size()), ConvShape{width, row.channels},
                                         ConvNormOptions{Act::None, kNorm, tfSame});
    }

    torch::Tensor forward(const torch::Tensor& x) {
        return m_project->forward(m_run(x), m_adds ? x : torch::Tensor());
    }

 private:
    bool m_adds;
    Step m_run;
    std::shared_ptr<ConvNorm> m_project;
};

constexpr Act kRelu = Act::Relu;
constexpr Act kSwish = Act::Hardswish;

Layout smallLayout() {
    return {{{3, 16, 16, true, kRelu, 2},
             {3, 72, 24, false, kRelu, 2},
             {3, 88, 24, false, kRelu, 1},
             {5, 96, 40, true, kSwish, 2},
             {5, 240, 40, true, kSwish, 1},
             {5, 240, 40, true, kSwish, 1},
             {5, 120, 48, true, kSwish, 1},
             {5, 144, 48, true, kSwish, 1},
             {5, 288, 96, true, kSwish, 2},
             {5, 576, 96, true, kSwish, 1},
             {5, 576, 96, true, kSwish, 1}},
            {{0, 1, "Stem"},
             {2, 3, "Stage 1"},
             {4, 8, "Stage 2"},
             {9, 11, "Stage 3"},
             {12, 12, "Last layer"}},
            1024};
}

Layout largeLayout() {
    return {{{3, 16, 16, false, kRelu, 1},
             {3, 64, 24, false, kRelu, 2},
             {3, 72, 24, false, kRelu, 1},
             {5, 72, 40, true, kRelu, 2},
             {5, 120, 40, true, kRelu, 1},
             {5, 120, 40, true, kRelu, 1},
             {3, 240, 80, false, kSwish, 2},
             {3, 200, 80, false, kSwish, 1},
             {3, 184, 80, false, kSwish, 1},
             {3, 184, 80, false, kSwish, 1},
             {3, 480, 112, true, kSwish, 1},
             {3, 672, 112, true, kSwish, 1},
             {5, 672, 160, true, kSwish, 2},
             {5, 960, 160, true, kSwish, 1},
             {5, 960, 160, true, kSwish, 1}},
            {{0, 1, "Stem"},
             {2, 3, "Stage 1"},
             {4, 6, "Stage 2"},
             {7, 12, "Stage 3"},
             {13, 15, "Stage 4"},
             {16, 16, "Last layer"}},
            1280};
}

std::vector<Step> buildFeatures(Group& features, const Layout& layout, bool tfSame, int* channels) {
    const ConvNormOptions swish{Act::Hardswish, kNorm, tfSame};
    std::vector<Step> steps;
    steps.push_back(stepOf(features.add<ConvNorm>("0", sameConv(3, 16, 3, 2), swish)));
    *channels = 16;
    for (const Row& row : layout.rows) {
        steps.push_back(stepOf(
            features.add<InvertedResidual>(std::to_string(steps.size()), *channels, row, tfSame)));
        *channels = row.channels;
    }
    steps.push_back(stepOf(features.add<ConvNorm>(std::to_string(steps.size()),
                                                  ConvShape{*channels, 6 * *channels}, swish)));
    *channels *= 6;
    return steps;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    const std::vector<Step> steps =
        buildFeatures(*features, layout, options.tfSame, &body.channels);
    for (const NumberedStage& plan : layout.stages) {
        body.stages.push_back(makeStage("features", plan, steps));
    }
    if (options.originalClasses > 0) {
        const auto classifier = root.register_module("classifier", std::make_shared<Group>());
        const auto wide = classifier->add<Linear>("0", body.channels, layout.classifierWidth);
        const auto last =
            classifier->add<Linear>("3", layout.classifierWidth, options.originalClasses);
        body.originalHead = [wide, last](const torch::Tensor& x) {
            return last->forward(torch::hardswish(wide->forward(meanOverPicture(x))));
        };
    }
    return body;
}

// A stage of timm ends where the width changes.
KeyLayout timmLayout(const Layout& layout) {
    constexpr int kStem = 16;
    std::vector<MobileBlock> blocks;
    int in = kStem;
    for (const Row& row : layout.rows) {
        MobileBlock block{0, 0, row.expanded != in, row.squeezes};
        if (!blocks.empty()) {
            const bool goesOn = row.channels == in;
            block.stage = blocks.back().stage + (goesOn ? 0 : 1);
            block.number = goesOn ? blocks.back().number + 1 : 0;
        }
        blocks.push_back(block);
        in = row.channels;
    }
    return timmMobileNetV3(blocks);
}

Family mobilenetV3(BackboneInfo info, const Layout& layout) {
    Family family;
    family.info = std::move(info);
    for (std::size_t i = 0; i + 2 < layout.stages.size(); ++i) {  // all but the last two
        const NumberedStage& stage = layout.stages[i];
        family.info.earlyStages.push_back("features." + std::to_string(stage.first) + "-" +
                                          std::to_string(stage.last));
    }
    family.knowsTfSame = true;
    family.classifierPrefixes = {"classifier."};
    family.timm = timmLayout(layout);
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingNormalFanOut;
    return family;
}

}  // namespace

std::vector<Family> mobilenetV3Families() {
    return {
        mobilenetV3(
            {"mobilenet_v3_small", "MobileNetV3 Small",
             "The quickest of all; for small devices and first attempts.", 927008, 224, 32, 0.21},
            smallLayout()),
        mobilenetV3({"mobilenet_v3_large", "MobileNetV3 Large",
                     "As quick as MobileNetV2 and a little more exact.", 2971952, 224, 32, 0.82},
                    largeLayout())};
}

}  // namespace graft
