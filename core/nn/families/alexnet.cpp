// AlexNet as torchvision builds its convolutions. The fully connected layers, which are bound to
// 224 px, are left out for a mean over the picture.
// Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

struct ConvPlan {
    ConvShape shape;
    int first, last;  ///< N of features.N: convolution, ReLU and perhaps a pooling
    bool pools;
};

const ConvPlan kConvs[] = {{{3, 64, 11, 4, 2, 1, true}, 0, 2, true},
                           {{64, 192, 5, 1, 2, 1, true}, 3, 5, true},
                           {{192, 384, 3, 1, 1, 1, true}, 6, 7, false},
                           {{384, 256, 3, 1, 1, 1, true}, 8, 9, false},
                           {{256, 256, 3, 1, 1, 1, true}, 10, 12, true}};

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    for (const ConvPlan& plan : kConvs) {
        const std::string name = std::to_string(plan.first);
        std::vector<Step> steps{stepOf(features->add<Conv>(name, plan.shape)),
                                activation(Act::Relu)};
        if (plan.pools) {
            steps.push_back(maxPool(3, 2));
        }
        body.stages.push_back({"features." + name,
                               "features." + std::to_string(plan.last),
                               "Stage " + std::to_string(body.stages.size() + 1),
                               {},
                               chain(std::move(steps))});
        body.channels = plan.shape.out;
    }
    addOriginalHead(body, root, "classifier", options);
    return body;
}

}  // namespace

std::vector<Family> alexnetFamilies() {
    Family family;
    family.info = {
        "alexnet", "AlexNet", "The network of 2012: very quick, but less exact than newer ones.",
        2469696,   224,       63,
        2.5};
    family.classifierPrefixes = {"classifier."};
    family.build = build;
    family.initConv = initConvDefault;
    return {family};
}

}  // namespace graft
