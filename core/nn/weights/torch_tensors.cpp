#include "core/nn/weights/torch_tensors.h"

#include "core/nn/weights/safetensors_header.h"
#include "core/nn/weights/strided_copy.h"

namespace graft::torchfile {

using pickle::Kind;
using pickle::NodeId;
using pickle::Symbol;

namespace {

constexpr std::size_t kMaxDimensions = 32;
constexpr int kMaxWrappers = 8;
constexpr std::size_t kMaxKeyBytes = 200;

Error bad(std::string rule) {
    return Error{ErrorCode::BadFormat, std::move(rule), {}, {}};
}

Error unsupported(const std::string& what) {
    return Error{ErrorCode::Unsupported,
                 "The file holds " + what + ", which Graft does not read.",
                 {},
                 "Save the weights as ordinary tensors of floating-point numbers."};
}

std::uint64_t itemBytesOf(const char* dtype) {
    return safetensors::dtypeAt(safetensors::dtypeIndex(dtype)).bits / 8;
}

bool isKey(const pickle::Graph& graph, NodeId id) {
    return graph.kind(id) == Kind::Text && !graph.text(id).empty() &&
           graph.text(id).size() <= kMaxKeyBytes;
}

bool isCountable(const pickle::Graph& graph, NodeId id) {
    return graph.kind(id) == Kind::Int && graph.number(id) >= 0;
}

// The largest index that the layout reaches; false where it overflows. Requires no empty shape.
bool lastIndex(std::int64_t offset, const std::vector<std::int64_t>& shape,
               const std::vector<std::int64_t>& strides, std::int64_t* last) {
    *last = offset;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        std::int64_t reach = 0;
        if (__builtin_mul_overflow(shape[i] - 1, strides[i], &reach) ||
            __builtin_add_overflow(*last, reach, last)) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<StorageId> storageIdOf(const pickle::Graph& graph, NodeId persistent) {
    const NodeId tuple = graph.items(persistent)[0];
    if (graph.kind(tuple) != Kind::Tuple || graph.items(tuple).size() < 5 ||
        !graph.isText(graph.items(tuple)[0], "storage")) {
        return bad("the data of a tensor are not described as PyTorch does");
    }
    const auto parts = graph.items(tuple);
    const pickle::SymbolInfo type = graph.symbol(parts[1]);
    if (type.symbol != Symbol::Storage || type.dtype == nullptr) {
        return unsupported("numbers of the type " + graph.nameOf(parts[1]));
    }
    if (!isKey(graph, parts[2]) || !isCountable(graph, parts[4])) {
        return bad("the data of a tensor are not described as PyTorch does");
    }
    StorageId id{parts.size(), type.dtype, graph.text(parts[2]), graph.number(parts[4]), {}, 0, 0};
    if (parts.size() > 5 && graph.kind(parts[5]) != Kind::None) {
        if (graph.kind(parts[5]) != Kind::Tuple || graph.items(parts[5]).size() != 3) {
            return bad("a view is not described as PyTorch does");
        }
        const auto view = graph.items(parts[5]);
        if (!isKey(graph, view[0]) || !isCountable(graph, view[1]) ||
            !isCountable(graph, view[2])) {
            return bad("a view is not described as PyTorch does");
        }
        id.viewKey = graph.text(view[0]);
        id.viewOffset = graph.number(view[1]);
        id.viewCount = graph.number(view[2]);
    }
    return id;
}

bool storageBytes(const StorageId& id, std::uint64_t* byteCount) {
    return safetensors::byteCountOf({id.count}, safetensors::dtypeIndex(id.dtype), byteCount);
}

TensorReader::TensorReader(const pickle::Graph& graph, const StorageTable& storages,
                           std::uint64_t copyBudget)
    : m_graph(graph), m_storages(storages), m_budget(copyBudget) {}

bool TensorReader::isTensor(NodeId id) const {
    if (m_graph.kind(id) != Kind::Object) {
        return false;
    }
    switch (m_graph.symbol(m_graph.items(id)[0]).symbol) {
        case Symbol::RebuildTensor:
        case Symbol::RebuildTensorV2:
        case Symbol::RebuildTensorV3:
        case Symbol::RebuildParameter:
        case Symbol::RebuildFromType:
        case Symbol::Parameter:
        case Symbol::Tensor:
            return true;
        default:
            return false;
    }
}

Result<TensorView> TensorReader::read(NodeId id) {
    return readNested(id, 0);
}

Result<TensorView> TensorReader::readNested(NodeId id, int depth) {
    if (!isTensor(id) || depth > kMaxWrappers) {
        return bad("a tensor is not described as PyTorch does");
    }
    const auto object = m_graph.items(id);
    const pickle::SymbolInfo type = m_graph.symbol(object[0]);
    if (type.symbol != Symbol::Tensor) {
        return rebuild(object[0], object[1], depth);
    }
    // Before PyTorch 0.2: an empty tensor of the class, then its parts as a state.
    if (object.size() != 3 || m_graph.kind(object[2]) != Kind::Tuple ||
        !m_graph.items(object[1]).empty()) {
        return bad("a tensor is not described as PyTorch does");
    }
    GRAFT_TRY(TensorView made, fromParts(m_graph.items(object[2]), nullptr));
    if (type.dtype == nullptr || made.dtype != type.dtype) {
        return bad("a tensor and its data are of different types");
    }
    return made;
}

Result<TensorView> TensorReader::rebuild(NodeId function, NodeId arguments, int depth) {
    if (m_graph.kind(arguments) != Kind::Tuple || depth > kMaxWrappers) {
        return bad("a tensor is not described as PyTorch does");
    }
    const auto given = m_graph.items(arguments);
    const auto isEmpty = [&](std::size_t index) {
        return index >= given.size() || m_graph.kind(given[index]) == Kind::None ||
               (m_graph.kind(given[index]) == Kind::Dict && m_graph.items(given[index]).empty());
    };
    switch (m_graph.symbol(function).symbol) {
        case Symbol::RebuildTensor:
            return fromParts(given, nullptr);
        case Symbol::RebuildTensorV2:
            return isEmpty(6) ? fromParts(given, nullptr) : unsupported("a conjugated tensor");
        case Symbol::RebuildTensorV3: {
            const pickle::SymbolInfo type =
                given.size() > 6 ? m_graph.symbol(given[6]) : pickle::SymbolInfo{};
            if (type.symbol != Symbol::Dtype || !isEmpty(7)) {
                return unsupported("a tensor of an unknown type");
            }
            return fromParts(given, type.dtype);
        }
        case Symbol::RebuildParameter:
        case Symbol::Parameter:
            return given.empty() ? bad("a parameter has no tensor")
                                 : readNested(given[0], depth + 1);
        case Symbol::RebuildFromType: {
            const bool plain =
                given.size() >= 3 && (m_graph.nameOf(given[1]) == "torch.Tensor" ||
                                      m_graph.symbol(given[1]).symbol == Symbol::Parameter);
            return plain ? rebuild(given[0], given[2], depth + 1)
                         : Result<TensorView>(unsupported("a tensor of a class of its own"));
        }
        default:
            return bad("a tensor is not described as PyTorch does");
    }
}

// parts: storage, offset, shape, strides; what follows says nothing about the numbers.
Result<TensorView> TensorReader::fromParts(std::span<const NodeId> parts, const char* dtype) {
    Layout layout;
    if (parts.size() < 4 || m_graph.kind(parts[0]) != Kind::Persistent ||
        !isCountable(m_graph, parts[1]) || !numbers(parts[2], &layout.shape) ||
        !numbers(parts[3], &layout.strides) || layout.shape.size() != layout.strides.size()) {
        return bad("the shape of a tensor is not one");
    }
    layout.offset = m_graph.number(parts[1]);
    GRAFT_TRY(Storage storage, storageOf(parts[0]));
    if (dtype != nullptr) {
        storage.dtype = dtype;  // its storage is of plain bytes
    }
    return view(storage, layout);
}

Result<Storage> TensorReader::storageOf(NodeId persistent) const {
    GRAFT_TRY(const StorageId id, storageIdOf(m_graph, persistent));
    const auto found = m_storages.find(id.viewKey.empty() ? id.key : id.viewKey);
    if (found == m_storages.end()) {
        return bad("the data of a tensor are missing");
    }
    return found->second;
}

bool TensorReader::numbers(NodeId id, std::vector<std::int64_t>* values) const {
    if ((m_graph.kind(id) != Kind::Tuple && m_graph.kind(id) != Kind::List) ||
        m_graph.items(id).size() > kMaxDimensions) {
        return false;
    }
    for (const NodeId item : m_graph.items(id)) {
        if (!isCountable(m_graph, item)) {
            return false;
        }
        values->push_back(m_graph.number(item));
    }
    return true;
}

Result<TensorView> TensorReader::view(const Storage& storage, const Layout& layout) {
    TensorView view;
    view.dtype = storage.dtype;
    view.shape = layout.shape;
    if (!safetensors::byteCountOf(layout.shape, safetensors::dtypeIndex(view.dtype),
                                  &view.byteCount)) {
        return bad("the shape of a tensor is too large to count");
    }
    view.data = storage.bytes.data();
    if (view.byteCount == 0) {
        return view;
    }
    const std::uint64_t itemBytes = itemBytesOf(storage.dtype);
    std::int64_t last = 0;
    if (!lastIndex(layout.offset, layout.shape, layout.strides, &last) ||
        std::uint64_t(last) >= storage.bytes.size() / itemBytes) {
        return bad("a tensor reaches beyond its data");
    }
    const char* start = storage.bytes.data() + std::uint64_t(layout.offset) * itemBytes;
    view.data = start;
    if (!isRowMajor(layout.shape, layout.strides)) {
        GRAFT_TRY(view.data, copy(start, layout, itemBytes, view.byteCount));
    }
    return view;
}

Result<const char*> TensorReader::copy(const char* start, const Layout& layout,
                                       std::uint64_t itemBytes, std::uint64_t byteCount) {
    const char*& known = m_copies[CopyKey(start, layout.shape, layout.strides)];
    if (known != nullptr) {
        return known;
    }
    if (byteCount > m_budget) {
        return Error{ErrorCode::TooLarge,
                     "The file describes tensors that are far larger than itself; reading it was "
                     "stopped.",
                     {},
                     "Save the weights again with tensor.contiguous()."};
    }
    m_budget -= byteCount;
    m_buffers.push_back(std::make_unique_for_overwrite<char[]>(byteCount));
    copyStrided(start, layout.shape, layout.strides, itemBytes, m_buffers.back().get());
    known = m_buffers.back().get();
    return known;
}

}  // namespace graft::torchfile
