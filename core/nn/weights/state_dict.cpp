#include "core/nn/weights/state_dict.h"

#include "core/data/importers/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace graft::torchfile {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

constexpr std::array<const char*, 7> kPlaces{
    "state_dict", "model", "model_state_dict", "model_ema", "state_dict_ema", "net", "teacher"};
constexpr std::size_t kMaxPlaces = 50;
constexpr std::size_t kMaxNameBytes = 500;
constexpr std::size_t kMaxTensors = 50'000;
constexpr std::size_t kNamesShown = 6;

/// Valid UTF-8 without control characters: names are shown and written on.
bool isPlainText(std::string_view text, std::size_t mostBytes) {
    return text.size() <= mostBytes && isUtf8(text) &&
           std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Error unsupported(std::string message, std::string hint) {
    return Error{ErrorCode::Unsupported, std::move(message), {}, std::move(hint)};
}

Error pythonObject(const std::string& name) {
    Error error =
        unsupported("This file holds a Python object, not weights: save its state_dict.",
                    "In Python, where the object can be loaded: torch.save(model.state_dict(), "
                    "\"weights.pth\"). Nothing of the file was run.");
    error.detail = name;
    return error;
}

// Tensors that only torch itself could make: sparse, quantised.
bool needsTorch(const Graph& graph, NodeId id) {
    return graph.kind(id) == Kind::Object && graph.nameOf(id).starts_with("torch.") &&
           graph.nameOf(id).find("_rebuild_") != std::string::npos;
}

std::size_t countTensors(const Graph& graph, NodeId dict, const TensorReader& reader) {
    std::size_t count = 0;
    const auto pairs = graph.items(dict);
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        count += graph.kind(pairs[i]) == Kind::Text &&
                         (reader.isTensor(pairs[i + 1]) || needsTorch(graph, pairs[i + 1]))
                     ? 1
                     : 0;
    }
    return count;
}

struct Place {
    NodeId dict = 0;
    std::size_t tensorCount = 0;
    std::string path;  ///< "" for the root
};

// The first known place that holds tensors, unless more of them lie beside it: a plain state dict
// may have a layer that is called "net".
Place findPlace(const Graph& graph, NodeId dict, const TensorReader& reader,
                std::set<NodeId>* seen) {
    Place here{dict, countTensors(graph, dict, reader), {}};
    for (const char* key : kPlaces) {
        NodeId inner = 0;
        // A checkpoint nests two or three deep; one that holds itself must not be followed.
        if (!graph.find(dict, key, &inner) || graph.kind(inner) != Kind::Dict ||
            seen->size() > kMaxPlaces || !seen->insert(inner).second) {
            continue;
        }
        Place place = findPlace(graph, inner, reader, seen);
        if (place.tensorCount > 0 && place.tensorCount >= here.tensorCount) {
            place.path = place.path.empty() ? key : key + ("." + place.path);
            return place;
        }
    }
    return here;
}

// The names at the top of a checkpoint, to tell what was found instead of weights.
std::string keysOf(const Graph& graph, NodeId dict) {
    std::string text;
    const auto pairs = graph.items(dict);
    for (std::size_t i = 0; i + 1 < pairs.size() && i < 2 * kNamesShown; i += 2) {
        if (graph.kind(pairs[i]) == Kind::Text && isPlainText(graph.text(pairs[i]), 60)) {
            text += (text.empty() ? "" : ", ") + std::string(graph.text(pairs[i]));
        }
    }
    return text.empty() ? "nothing with a name" : text;
}

// A model as a whole, itself or in one of the known places.
std::optional<NodeId> objectIn(const Graph& graph, NodeId root, const TensorReader& reader) {
    const auto isObject = [&](NodeId id) {
        return graph.kind(id) == Kind::Object && !reader.isTensor(id);
    };
    if (isObject(root)) {
        return root;
    }
    for (const char* key : kPlaces) {
        NodeId inner = 0;
        if (graph.kind(root) == Kind::Dict && graph.find(root, key, &inner) && isObject(inner)) {
            return inner;
        }
    }
    return std::nullopt;
}

// Why a file without a state dict cannot be used.
Error noWeights(const Graph& graph, NodeId root, const TensorReader& reader) {
    if (const std::optional<NodeId> object = objectIn(graph, root, reader)) {
        return pythonObject(graph.nameOf(*object));
    }
    if (reader.isTensor(root)) {
        return unsupported("This file holds one tensor without a name, not weights.",
                           "Save the state_dict of a network.");
    }
    return unsupported(
        "This file holds no weights that Graft finds" +
            (graph.kind(root) == Kind::Dict ? "; it holds " + keysOf(graph, root) : std::string()) +
            ".",
        "In Python: torch.save(model.state_dict(), \"weights.pth\").");
}

Status addTensors(const Graph& graph, NodeId dict, TensorReader& reader, Content* content) {
    std::size_t others = 0;
    const auto pairs = graph.items(dict);
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        const bool named = graph.kind(pairs[i]) == Kind::Text;
        const std::string name(named ? graph.text(pairs[i]) : std::string_view());
        if (named && reader.isTensor(pairs[i + 1])) {
            GRAFT_CHECK(addTensor(name, pairs[i + 1], reader, content));
        } else if (named && needsTorch(graph, pairs[i + 1])) {
            return unsupported("The file holds tensors of a kind that Graft does not read (" +
                                   graph.nameOf(pairs[i + 1]) + ").",
                               "Save the weights as ordinary tensors of floating-point numbers.");
        } else {
            ++others;
        }
    }
    if (others > 0) {
        content->notes.push_back(std::to_string(others) +
                                 (others == 1 ? " entry that is no tensor was left out."
                                              : " entries that are no tensors were left out."));
    }
    return {};
}

}  // namespace

Status addTensor(const std::string& name, NodeId id, TensorReader& reader, Content* content) {
    if (name.empty() || !isPlainText(name, kMaxNameBytes)) {
        return Error{ErrorCode::BadFormat, "the name of a tensor is not plain text", {}, {}};
    }
    if (content->tensors.size() >= kMaxTensors) {
        return Error{ErrorCode::TooLarge,
                     "The file holds more than " + std::to_string(kMaxTensors) + " tensors.",
                     {},
                     "Choose a file of weights for one network."};
    }
    auto view = reader.read(id);
    if (!view) {
        Error error = view.error();
        error.detail = "tensor " + name;
        return error;
    }
    content->tensors[name] = std::move(view).value();
    return {};
}

Status readStateDict(const Graph& graph, NodeId root, TensorReader& reader, Content* content) {
    std::set<NodeId> seen{root};
    const Place place =
        graph.kind(root) == Kind::Dict ? findPlace(graph, root, reader, &seen) : Place{root, 0, {}};
    if (place.tensorCount == 0) {
        return noWeights(graph, root, reader);
    }
    if (!place.path.empty()) {
        content->notes.push_back("The weights were taken from \"" + place.path + "\" in the file.");
    }
    NodeId arch = 0;
    if (graph.find(root, "arch", &arch) && graph.kind(arch) == Kind::Text &&
        isPlainText(graph.text(arch), 60)) {
        content->metadata["architecture"] = graph.text(arch);
    }
    return addTensors(graph, place.dict, reader, content);
}

}  // namespace graft::torchfile
