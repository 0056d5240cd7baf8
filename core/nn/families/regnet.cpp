// RegNetY as torchvision builds it.
// Source: Radosavovic et al., "Designing Network Design Spaces", CVPR 2020.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <cmath>

namespace graft {
namespace {

constexpr int kStemChannels = 32;

struct Layout {
    std::vector<int> depths;
    std::vector<int> widths;
    int groupWidth;
};

class RegBlock : public torch::nn::Module {
 public:
    RegBlock(int in, int out, int stride, int groupWidth) {
        const ConvNormOptions relu;
        const ConvNormOptions plain{Act::None};
        if (in != out || stride != 1) {
            m_shortcut = register_module(
                "proj", std::make_shared<ConvNorm>(ConvShape{in, out, 1, stride}, plain));
        }
        const auto f = register_module("f", std::make_shared<Group>());
        m_run = chain(
            {stepOf(f->add<ConvNorm>("a", ConvShape{in, out}, relu)),
             stepOf(f->add<ConvNorm>("b", sameConv(out, out, 3, stride, out / groupWidth), relu)),
             stepOf(f->add<SqueezeExcite>("se", out, int(std::lround(0.25 * in)), Act::Relu,
                                          SqueezeExcite::Gate::Sigmoid))});
        m_last = f->add<ConvNorm>("c", ConvShape{out, out}, relu);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        return m_last->forward(m_run(x), m_shortcut ? m_shortcut->forward(x) : x);
    }

 private:
    std::shared_ptr<ConvNorm> m_shortcut;
    Step m_run;
    std::shared_ptr<ConvNorm> m_last;
};

Stage blocksStage(Group& trunk, std::size_t index, const Layout& layout, int* channels) {
    const std::string number = std::to_string(index + 1);
    const std::string path = "trunk_output.block" + number;
    const auto group = trunk.add<Group>("block" + number);
    Stage stage{path, path, "Stage " + number, {}, {}};
    std::vector<Step> steps;
    for (int i = 0; i < layout.depths[index]; ++i) {
        const std::string name = "block" + number + "-" + std::to_string(i);
        steps.push_back(stepOf(group->add<RegBlock>(name, *channels, layout.widths[index],
                                                    i == 0 ? 2 : 1, layout.groupWidth)));
        stage.blocks.push_back({path + "." + name, "Block " + std::to_string(i + 1)});
        *channels = layout.widths[index];
    }
    stage.run = chain(std::move(steps));
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto stem = root.register_module(
        "stem", std::make_shared<ConvNorm>(sameConv(3, kStemChannels, 3, 2), ConvNormOptions{}));
    body.stages.push_back({"stem", "stem", "Stem", {}, stepOf(stem)});
    body.channels = kStemChannels;
    const auto trunk = root.register_module("trunk_output", std::make_shared<Group>());
    for (std::size_t i = 0; i < layout.depths.size(); ++i) {
        body.stages.push_back(blocksStage(*trunk, i, layout, &body.channels));
    }
    addOriginalHead(body, root, "fc", options);
    return body;
}

}  // namespace

std::vector<Family> regnetFamilies() {
    Family family;
    family.info = {"regnet_y_400mf",
                   "RegNetY 400MF",
                   "As quick as MobileNetV2 on a graphics card, and about as exact.",
                   3903144,
                   224,
                   32,
                   1.5};
    family.classifierPrefixes = {"fc."};
    family.timm = timmRegNet();
    const Layout layout{{1, 3, 6, 6}, {48, 104, 208, 440}, 8};
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingNormalFanOut;
    return {family};
}

}  // namespace graft
