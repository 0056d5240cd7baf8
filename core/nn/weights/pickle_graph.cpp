#include "core/nn/weights/pickle_graph.h"

#include <array>

namespace graft::pickle {

bool Graph::isText(NodeId id, std::string_view expected) const {
    return kind(id) == Kind::Text && text(id) == expected;
}

SymbolInfo Graph::symbol(NodeId id) const {
    const Node& node = m_nodes[id];
    return node.kind == Kind::Global ? SymbolInfo{node.symbol, node.chars} : SymbolInfo{};
}

std::string Graph::nameOf(NodeId id) const {
    if (kind(id) == Kind::Object) {
        id = items(id)[0];
    }
    if (kind(id) != Kind::Global) {
        return {};
    }
    return std::string(text(items(id)[0])) + "." + std::string(text(items(id)[1]));
}

bool Graph::find(NodeId dict, std::string_view key, NodeId* value) const {
    bool found = false;
    const std::span<const NodeId> pairs = items(dict);
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        if (isText(pairs[i], key)) {
            *value = pairs[i + 1];
            found = true;
        }
    }
    return found;
}

NodeId Graph::addNumber(Kind kind, std::int64_t number) {
    Node node{kind, Symbol::Unknown, 0, {}};
    node.number = number;
    m_nodes.push_back(node);
    return NodeId(m_nodes.size() - 1);
}

NodeId Graph::addText(Kind kind, std::string_view text) {
    Node node{kind, Symbol::Unknown, std::uint32_t(text.size()), {}};
    node.chars = text.data();
    m_nodes.push_back(node);
    return NodeId(m_nodes.size() - 1);
}

NodeId Graph::addItems(Kind kind, std::span<const NodeId> items) {
    m_lists.emplace_back(items.begin(), items.end());
    m_itemCount += items.size();
    m_nodes.push_back(Node{kind, Symbol::Unknown, std::uint32_t(m_lists.size() - 1), {}});
    const auto id = NodeId(m_nodes.size() - 1);
    if (kind == Kind::Persistent) {
        m_persistents.push_back(id);
    }
    return id;
}

NodeId Graph::addGlobal(std::string_view module, std::string_view name, SymbolInfo info) {
    const std::array names{addText(Kind::Text, module), addText(Kind::Text, name)};
    const NodeId id = addItems(Kind::Global, names);
    m_nodes[id].symbol = info.symbol;
    m_nodes[id].chars = info.dtype;
    return id;
}

void Graph::append(NodeId id, std::span<const NodeId> items) {
    std::vector<NodeId>& list = m_lists[m_nodes[id].index];
    list.insert(list.end(), items.begin(), items.end());
    m_itemCount += items.size();
}

}  // namespace graft::pickle
