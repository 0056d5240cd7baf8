#include "core/nn/layer_tree.h"

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
    std::string name = shape.groups > 1 ? "Depthwise convolution " : "Convolution ";
    if (path.find(".downsample.") != std::string::npos) {
        name = "Shortcut convolution ";
    }
    const std::string side = std::to_string(shape.kernel);
    return name + side + "x" + side + ", " + std::to_string(shape.out) + " channels";
}

// The layer as a node, or nothing for a module that only groups others.
std::optional<LayerNode> leafNode(const std::string& path, torch::nn::Module& module) {
    LayerNode node;
    node.path = path;
    node.parameters = countOwn(module);
    if (const auto* conv = module.as<Conv>()) {
        node.kind = "conv";
        node.label = convLabel(conv->shape(), path);
        return node;
    }
    if (const auto* norm = module.as<Norm>()) {
        node.kind = "norm";
        node.label = "Batch norm, " + std::to_string(norm->weight.numel()) + " channels";
        return node;
    }
    return std::nullopt;
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
    for (const auto& entry : network.named_modules("", /*include_self=*/false)) {
        if (auto leaf = leafNode(entry.key(), *entry.value())) {
            leaves.push_back(std::move(*leaf));
        }
    }
    LayerNode root{"", network.family().info.title, "network", 0, {}};
    for (const Stage& stage : network.stages()) {
        addChild(root, stageNode(stage, leaves));
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
