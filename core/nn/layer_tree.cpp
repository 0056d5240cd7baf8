#include "core/nn/layer_tree.h"

#include <algorithm>
#include <cctype>

namespace graft {
namespace {

std::int64_t countOwn(const torch::nn::Module& module) {
    std::int64_t count = 0;
    for (const torch::Tensor& parameter : module.parameters(/*recurse=*/false)) {
        count += parameter.numel();
    }
    return count;
}

std::string convLabel(const ConvShape& shape, const std::string& path) {
    std::string name = "Convolution ";
    if (path.find(".downsample.") != std::string::npos) {
        name = "Shortcut convolution ";
    } else if (shape.groups > 1) {
        name = shape.groups == shape.in ? "Depthwise convolution " : "Grouped convolution ";
    }
    return name + std::to_string(shape.kernel) + "x" + std::to_string(shape.kernelWidth()) + ", " +
           std::to_string(shape.out) + " channels";
}

// A weight that stands in no layer: "class_token" -> "Class token".
std::string looseLabel(const std::string& name) {
    std::string label = name;
    std::replace(label.begin(), label.end(), '_', ' ');
    label[0] = char(std::toupper(static_cast<unsigned char>(label[0])));
    return label;
}

// The module's own weights as nodes: one for a layer, one for each weight outside of layers.
void addLeaves(const std::string& path, const torch::nn::Module& module,
               std::vector<LayerNode>* leaves) {
    const auto add = [&](const char* kind, const std::string& label) {
        leaves->push_back({path, label, kind, countOwn(module), {}});
    };
    if (const auto* conv = module.as<Conv>()) {
        if (!conv->shape().fixed) {  // else there is nothing to freeze or to learn
            add("conv", convLabel(conv->shape(), path));
        }
    } else if (const auto* norm = module.as<Norm>()) {
        add("norm", "Batch norm, " + std::to_string(norm->weight.numel()) + " channels");
    } else if (const auto* layerNorm = module.as<LayerNorm>()) {
        add("norm", "Layer norm, " + std::to_string(layerNorm->weight.numel()) + " channels");
    } else if (const auto* linear = module.as<Linear>()) {
        add("linear", "Linear layer, " + std::to_string(linear->weight.size(0)) + " outputs");
    } else {
        for (const auto& entry : module.named_parameters(/*recurse=*/false)) {
            leaves->push_back({path.empty() ? entry.key() : path + "." + entry.key(),
                               looseLabel(entry.key()),
                               "weights",
                               entry.value().numel(),
                               {}});
        }
    }
}

void addChild(LayerNode& parent, LayerNode child) {
    parent.parameters += child.parameters;
    parent.children.push_back(std::move(child));
}

LayerNode stageNode(const Stage& stage, const std::vector<LayerNode>& leaves) {
    LayerNode node{stage.path, stage.label, "stage", 0, {}};
    for (const Block& block : stage.blocks) {
        LayerNode blockNode{block.path, block.label, "block", 0, {}};
        for (const LayerNode& leaf : leaves) {
            if (layerIsInside(leaf.path, block.path)) {
                addChild(blockNode, leaf);
            }
        }
        addChild(node, std::move(blockNode));
    }
    if (stage.blocks.empty()) {
        for (const LayerNode& leaf : leaves) {
            // A stage that is one single layer ("features.0") would be its own child.
            if (leaf.path == stage.path) {
                node.label += ": " + leaf.label;
                node.parameters = leaf.parameters;
            } else if (layerIsInside(leaf.path, stage.path)) {
                addChild(node, leaf);
            }
        }
    }
    return node;
}

}  // namespace

LayerNode buildLayerTree(const Network& network) {
    std::vector<LayerNode> leaves;
    addLeaves("", network, &leaves);
    for (const auto& entry : network.named_modules("", /*include_self=*/false)) {
        addLeaves(entry.key(), *entry.value(), &leaves);
    }
    LayerNode root{"", network.family().info.title, "network", 0, {}};
    for (const Stage& stage : network.stages()) {
        addChild(root, stageNode(stage, leaves));
    }
    if (!network.poolStage().path.empty()) {
        addChild(root, stageNode(network.poolStage(), leaves));
    }
    const Linear& head = *network.head();
    addChild(root, {"head",
                    "Head: " + std::to_string(head.weight.size(0)) + " classes",
                    "head",
                    countOwn(head),
                    {}});
    return root;
}

}  // namespace graft
