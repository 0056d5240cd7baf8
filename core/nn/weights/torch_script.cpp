#include "core/nn/weights/state_dict.h"

namespace graft::torchfile {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

constexpr int kMaxModuleDepth = 64;
constexpr std::size_t kMaxAttributes = 1'000'000;
constexpr std::size_t kMaxAttributeBytes = 200;

bool isModule(const Graph& graph, NodeId id) {
    return graph.kind(id) == Kind::Object && graph.nameOf(id).starts_with("__torch__.") &&
           graph.items(id).size() == 3 && graph.kind(graph.items(id)[2]) == Kind::Dict;
}

class ModuleWalk {
 public:
    ModuleWalk(const Graph& graph, TensorReader& reader, Content* content)
        : m_graph(graph), m_reader(reader), m_content(content) {}

    Status visit(NodeId module, const std::string& path, int depth) {
        // A module may be there by two names; one that holds itself has no end.
        m_count += 1 + m_graph.items(m_graph.items(module)[2]).size();
        if (depth > kMaxModuleDepth || m_count > kMaxAttributes) {
            return Error{ErrorCode::TooLarge,
                         "The file holds more modules, one in the other, than a network has.",
                         {},
                         "Save only the weights (the state_dict) and choose that file."};
        }
        const auto attributes = m_graph.items(m_graph.items(module)[2]);
        for (std::size_t i = 0; i + 1 < attributes.size(); i += 2) {
            if (m_graph.kind(attributes[i]) != Kind::Text ||
                m_graph.text(attributes[i]).size() > kMaxAttributeBytes) {
                continue;
            }
            const std::string name = path + std::string(m_graph.text(attributes[i]));
            if (m_reader.isTensor(attributes[i + 1])) {
                GRAFT_CHECK(addTensor(name, attributes[i + 1], m_reader, m_content));
            } else if (isModule(m_graph, attributes[i + 1])) {
                GRAFT_CHECK(visit(attributes[i + 1], name + ".", depth + 1));
            }
        }
        return {};
    }

 private:
    const Graph& m_graph;
    TensorReader& m_reader;
    Content* m_content;
    std::size_t m_count = 0;
};

}  // namespace

Status readScript(const Graph& graph, NodeId root, TensorReader& reader, Content* content) {
    if (!isModule(graph, root)) {
        return Error{ErrorCode::BadFormat, "it holds no TorchScript module", {}, {}};
    }
    GRAFT_CHECK(ModuleWalk(graph, reader, content).visit(root, {}, 0));
    if (content->tensors.empty()) {
        return Error{ErrorCode::Unsupported,
                     "This TorchScript file holds no weights by name; they may have been frozen "
                     "into its code, which Graft does not read.",
                     {},
                     "Save the state_dict of the network before it is frozen."};
    }
    content->notes.push_back("The tensors of a TorchScript program were read; its code was not.");
    return {};
}

}  // namespace graft::torchfile
