// SqueezeNet as torchvision builds it (pooling rounds sizes up).
// Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016.
#include "core/nn/families/registry.h"

namespace graft {
namespace {

class Fire : public torch::nn::Module {
 public:
    Fire(int in, int squeeze, int expand) {
        m_squeeze = register_module("squeeze", conv({in, squeeze}));
        m_expand1 = register_module("expand1x1", conv({squeeze, expand}));
        m_expand3 = register_module("expand3x3", conv({squeeze, expand, 3, 1, 1}));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor squeezed = activate(m_squeeze->forward(x), Act::Relu);
        torch::Tensor both =
            torch::cat({m_expand1->forward(squeezed), m_expand3->forward(squeezed)}, 1);
        return activate(both, Act::Relu);
    }

 private:
    static std::shared_ptr<Conv> conv(ConvShape shape) {
        shape.bias = true;
        return std::make_shared<Conv>(shape);
    }

    std::shared_ptr<Conv> m_squeeze;
    std::shared_ptr<Conv> m_expand1;
    std::shared_ptr<Conv> m_expand3;
};

// A stage ends with a pooling, so that its output is as small as it gets.
struct FireStage {
    int first;                  ///< N of the first features.N
    std::vector<int> squeezes;  ///< per fire; it gives 8 times as many channels
    bool pool;
};

struct Layout {
    ConvShape stem;
    std::vector<FireStage> stages;
};

torch::Tensor poolUp(const torch::Tensor& x) {
    return maxPooled(x, {3, 2, 0, /*ceilMode=*/true});
}

Stage fireStage(Group& features, const FireStage& plan, int number, int* channels) {
    const int last = plan.first + int(plan.squeezes.size()) - 1;
    Stage stage;
    stage.path = "features." + std::to_string(plan.first);
    stage.node = "features." + std::to_string(plan.pool ? last + 1 : last);
    stage.label = "Stage " + std::to_string(number);
    if (last > plan.first) {
        stage.path += "-" + std::to_string(last);
    }
    std::vector<std::shared_ptr<Fire>> fires;
    for (std::size_t i = 0; i < plan.squeezes.size(); ++i) {
        const std::string name = std::to_string(plan.first + int(i));
        const int squeeze = plan.squeezes[i];
        fires.push_back(features.add<Fire>(name, *channels, squeeze, 4 * squeeze));
        *channels = 8 * squeeze;
        if (last > plan.first) {
            stage.blocks.push_back({"features." + name, "Fire block " + std::to_string(i + 1)});
        }
    }
    stage.run = [fires, pool = plan.pool](const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const auto& fire : fires) {
            y = fire->forward(y);
        }
        return pool ? poolUp(y) : y;
    };
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    const auto stem = features->add<Conv>("0", layout.stem);
    body.stages.push_back({"features.0", "features.2", "Stem", {}, [stem](const torch::Tensor& x) {
                               return poolUp(activate(stem->forward(x), Act::Relu));
                           }});
    body.channels = layout.stem.out;
    for (std::size_t i = 0; i < layout.stages.size(); ++i) {
        body.stages.push_back(fireStage(*features, layout.stages[i], int(i) + 1, &body.channels));
    }
    if (options.originalClasses > 0) {
        const auto classifier = root.register_module("classifier", std::make_shared<Group>());
        const auto conv = classifier->add<Conv>(
            "1", ConvShape{body.channels, options.originalClasses, 1, 1, 0, 1, true});
        body.originalHead = [conv](const torch::Tensor& x) {
            return meanOverPicture(torch::relu(conv->forward(x)));
        };
    }
    return body;
}

Family squeezenet(BackboneInfo info, Layout layout) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"classifier."};
    family.build = [layout = std::move(layout)](torch::nn::Module& root,
                                                const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingUniformFanIn;
    return family;
}

}  // namespace

std::vector<Family> squeezenetFamilies() {
    const Layout v10{{3, 96, 7, 2, 0, 1, true},
                     {{3, {16, 16, 32}, true}, {7, {32, 48, 48, 64}, true}, {12, {64}, false}}};
    const Layout v11{{3, 64, 3, 2, 0, 1, true},
                     {{3, {16, 16}, true}, {6, {32, 32}, true}, {9, {48, 48, 64, 64}, false}}};
    return {
        squeezenet({"squeezenet1_0", "SqueezeNet 1.0",
                    "Very small file; good first results with few pictures.", 735424, 224, 32, 2.8},
                   v10),
        squeezenet({"squeezenet1_1", "SqueezeNet 1.1",
                    "As good as SqueezeNet 1.0 at less than half the work.", 722496, 224, 32, 1.0},
                   v11)};
}

}  // namespace graft
