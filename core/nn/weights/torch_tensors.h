// From the values of a PyTorch pickle to tensors: which storage, which part of it, in which order.
// Everything is compared with the bytes that are there before a byte is read. Common to the zip
// and the older container, which only differ in where storages lie. Private to core/nn/weights.
// Source: torch/_utils.py and torch/serialization.py of PyTorch 1.13 and 2.x. Thread: one owner.
#pragma once

#include "core/nn/weights/pickle_graph.h"
#include "core/nn/weights/safetensors.h"

#include <deque>
#include <memory>
#include <tuple>

namespace graft::torchfile {

struct Storage {
    const char* dtype = nullptr;  ///< safetensors' name
    std::string_view bytes;       ///< exactly the declared numbers
};

/// By key; views of storages have keys of their own.
using StorageTable = std::map<std::string_view, Storage>;

/// What the pickle says about a storage: ('storage', type, key, place, count) in a zip archive,
/// with a view or None as a sixth part in the older container.
struct StorageId {
    std::size_t partCount = 0;
    const char* dtype = nullptr;
    std::string_view key;
    std::int64_t count = 0;
    std::string_view viewKey;  ///< empty without view
    std::int64_t viewOffset = 0;
    std::int64_t viewCount = 0;
};
Result<StorageId> storageIdOf(const pickle::Graph& graph, pickle::NodeId persistent);

/// `byteCount` of a storage; false where it overflows or the type has no whole bytes.
bool storageBytes(const StorageId& id, std::uint64_t* byteCount);

using Buffers = std::deque<std::unique_ptr<char[]>>;

class TensorReader {
 public:
    /// Tensors that do not lie row by row are copied, up to `copyBudget` bytes in all.
    TensorReader(const pickle::Graph& graph, const StorageTable& storages,
                 std::uint64_t copyBudget);

    bool isTensor(pickle::NodeId id) const;
    /// Views point into the storages or into buffers(). Errors: BadFormat, the end of a sentence;
    /// Unsupported and TooLarge, whole sentences.
    Result<TensorView> read(pickle::NodeId id);
    Buffers takeBuffers() { return std::move(m_buffers); }

 private:
    struct Layout {
        std::int64_t offset = 0;
        std::vector<std::int64_t> shape;
        std::vector<std::int64_t> strides;
    };

    Result<TensorView> rebuild(pickle::NodeId function, pickle::NodeId arguments, int depth);
    Result<TensorView> readNested(pickle::NodeId id, int depth);
    Result<TensorView> fromParts(std::span<const pickle::NodeId> parts, const char* dtype);
    Result<Storage> storageOf(pickle::NodeId persistent) const;
    bool numbers(pickle::NodeId id, std::vector<std::int64_t>* values) const;
    Result<TensorView> view(const Storage& storage, const Layout& layout);
    Result<const char*> copy(const char* start, const Layout& layout, std::uint64_t itemBytes,
                             std::uint64_t byteCount);

    const pickle::Graph& m_graph;
    const StorageTable& m_storages;
    std::uint64_t m_budget;
    Buffers m_buffers;
    using CopyKey = std::tuple<const char*, std::vector<std::int64_t>, std::vector<std::int64_t>>;
    std::map<CopyKey, const char*> m_copies;  ///< tied weights are copied once
};

}  // namespace graft::torchfile
