// VGG with and without batch norm as torchvision builds its convolutions. The fully connected
// layers, nine tenths of the weights and bound to 224 px, are left out for a mean over the picture
// (as Keras does with include_top=False).
// Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
// Recognition", ICLR 2015.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

constexpr int kWidths[] = {64, 128, 256, 512, 512};

struct Layout {
    std::vector<int> depths;  ///< convolutions before each of the five poolings
    bool norms = false;

    int stepsPerConv() const { return norms ? 3 : 2; }
};

Stage convStage(Group& features, std::size_t index, const Layout& layout, int* number,
                int* channels) {
    const int first = *number;
    std::vector<Step> steps;
    for (int i = 0; i < layout.depths[index]; ++i) {
        const ConvShape shape{*channels, kWidths[index], 3, 1, 1, 1, true};
        steps.push_back(stepOf(features.add<Conv>(std::to_string(*number), shape)));
        if (layout.norms) {
            steps.push_back(stepOf(features.add<Norm>(std::to_string(*number + 1), shape.out)));
        }
        steps.push_back(activation(Act::Relu));
        *number += layout.stepsPerConv();
        *channels = shape.out;
    }
    steps.push_back(maxPool(2, 2));
    const std::string pool = std::to_string((*number)++);
    return {"features." + std::to_string(first) + "-" + pool,
            "features." + pool,
            "Stage " + std::to_string(index + 1),
            {},
            chain(std::move(steps))};
}

Body build(torch::nn::Module& root, const BuildOptions& options, const Layout& layout) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    int number = 0;
    body.channels = 3;
    for (std::size_t i = 0; i < layout.depths.size(); ++i) {
        body.stages.push_back(convStage(*features, i, layout, &number, &body.channels));
    }
    addOriginalHead(body, root, "classifier", options);
    return body;
}

// Keras counts blocks: "block4_pool" is the fourth pooling.
std::map<std::string, std::string> kerasNames(const Layout& layout) {
    std::map<std::string, std::string> names;
    int number = 0;
    for (std::size_t i = 0; i < layout.depths.size(); ++i) {
        number += layout.depths[i] * layout.stepsPerConv();
        names["block" + std::to_string(i + 1) + "_pool"] = "features." + std::to_string(number++);
    }
    return names;
}

Family vgg(BackboneInfo info, const Layout& layout) {
    Family family;
    family.info = std::move(info);
    family.classifierPrefixes = {"classifier."};
    family.auxiliaryPrefixes = {"pre_logits."};  // timm's name for the first of them
    family.aliases = kerasNames(layout);
    family.build = [layout](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, layout);
    };
    family.initConv = initKaimingNormalFanOut;
    return family;
}

}  // namespace

std::vector<Family> vggFamilies() {
    const struct {
        const char* number;
        std::vector<int> depths;
        std::int64_t parameters;  ///< without norms
        std::int64_t normParameters;
        double cost;
        const char* summary;
    } sizes[] = {{"11",
                  {1, 1, 2, 2, 2},
                  9220480,
                  5504,
                  28.5,
                  "The smallest VGG: plain and old, its features well known"},
                 {"13",
                  {2, 2, 2, 2, 2},
                  9404992,
                  5888,
                  42.6,
                  "VGG with ten convolutions: plain, and slow for its accuracy"},
                 {"16",
                  {2, 2, 3, 3, 3},
                  14714688,
                  8448,
                  58.4,
                  "The classic for style and features; slow for its accuracy"},
                 {"19",
                  {2, 2, 4, 4, 4},
                  20024384,
                  11008,
                  74.3,
                  "The deepest VGG, known from style transfer; very slow"}};
    std::vector<Family> all;
    for (const auto& size : sizes) {
        for (const bool norms : {false, true}) {
            const std::string number = size.number;
            all.push_back(
                vgg({"vgg" + number + (norms ? "_bn" : ""),
                     "VGG-" + number + (norms ? " with batch norm" : ""),
                     std::string(size.summary) + (norms ? "; easier to train from scratch." : "."),
                     size.parameters + (norms ? size.normParameters : 0), 224, 32, size.cost},
                    {size.depths, norms}));
        }
    }
    return all;
}

}  // namespace graft
