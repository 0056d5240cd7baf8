#include "core/train/frozen_layers.h"

#include <algorithm>

namespace graft {
namespace {

void collectLeaves(const LayerNode& node, bool skipHead, std::vector<std::string>& leaves) {
    if (skipHead && node.path == "head") {
        return;
    }
    if (node.children.empty()) {
        leaves.push_back(node.path);
    }
    for (const LayerNode& child : node.children) {
        collectLeaves(child, skipHead, leaves);
    }
}

const LayerNode* findNode(const LayerNode& node, const std::string& path) {
    if (node.path == path) {
        return &node;
    }
    for (const LayerNode& child : node.children) {
        if (const LayerNode* found = findNode(child, path)) {
            return found;
        }
    }
    return nullptr;
}

}  // namespace

std::vector<std::string> leafLayers(const LayerNode& tree, const std::string& path) {
    std::vector<std::string> leaves;
    if (path == "backbone") {
        collectLeaves(tree, true, leaves);
    } else if (const LayerNode* node = findNode(tree, path)) {
        collectLeaves(*node, false, leaves);
    }
    return leaves;
}

std::vector<std::string> layersLeftOut(const Classifier& classifier) {
    const std::size_t first = classifier.frozenPrefix();
    if (first + 1 >= classifier.stageCount()) {
        return {};
    }
    const std::string& partly = classifier.tree().children[first].path;
    const std::string& behind = classifier.tree().children[first + 1].path;
    std::vector<std::string> learning;
    bool someRest = false;
    for (const NamedTensor& parameter : classifier.parameters()) {
        const bool rests = classifier.parameterIsFrozen(parameter.name);
        if (layerIsInside(parameter.name, behind) && !rests) {
            return {};
        }
        if (layerIsInside(parameter.name, partly)) {
            const std::string layer = parameter.name.substr(0, parameter.name.rfind('.'));
            if (!rests && (learning.empty() || learning.back() != layer)) {
                learning.push_back(layer);
            }
            someRest = someRest || rests;
        }
    }
    return someRest ? learning : std::vector<std::string>();
}

FrozenLayers::FrozenLayers(std::shared_ptr<Classifier> classifier)
    : m_classifier(std::move(classifier)) {
    for (const std::string& name : m_classifier->frozenParameters()) {
        m_wished.insert(name.substr(0, name.rfind('.')));
    }
}

Status FrozenLayers::setFrozen(const std::string& path, bool frozen) {
    const std::vector<std::string> leaves = leafLayers(m_classifier->tree(), path);
    if (leaves.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "This network has no layer \"" + path + "\"; nothing was changed.", {},
                     "Use a name from the layer tree, \"backbone\" or \"head\"."};
    }
    for (const std::string& leaf : leaves) {
        if (frozen) {
            m_wished.insert(leaf);
        } else {
            m_wished.erase(leaf);
            m_held.erase(leaf);
        }
    }
    return apply();
}

void FrozenLayers::holdBackbone() {
    for (const std::string& leaf : leafLayers(m_classifier->tree(), "backbone")) {
        m_held.insert(leaf);
    }
    (void)apply();  // the leaves come from the tree itself and are known
}

void FrozenLayers::releaseBackbone() {
    m_held.clear();
    (void)apply();
}

Status FrozenLayers::restore(const std::vector<std::string>& wished,
                             const std::vector<std::string>& held) {
    m_wished = {wished.begin(), wished.end()};
    m_held = {held.begin(), held.end()};
    return apply();
}

Status FrozenLayers::apply() {
    for (const std::string& leaf : leafLayers(m_classifier->tree(), "")) {
        GRAFT_CHECK(m_classifier->setFrozen(leaf, m_wished.count(leaf) + m_held.count(leaf) > 0));
    }
    return {};
}

}  // namespace graft
