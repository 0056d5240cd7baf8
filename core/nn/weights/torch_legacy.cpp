#include "core/nn/weights/torch_files.h"
#include "core/nn/weights/unpickler.h"

namespace graft::torchfile {

using pickle::Kind;
using pickle::NodeId;
using pickle::Pickle;

namespace {

// 0x1950a86a20f9469cfc6c, as the bytes of a pickled integer.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::size_t kMagicWithin = 32;
constexpr std::int64_t kProtocol = 1001;
constexpr std::size_t kTarMarkAt = 257;
constexpr std::size_t kCountBytes = 8;
constexpr std::size_t kIdParts = 6;

Error bad(std::string rule) {
    return Error{ErrorCode::BadFormat, std::move(rule), {}, {}};
}

/// The parts of the file from first to last.
class Parts {
 public:
    explicit Parts(std::string_view bytes) : m_rest(bytes) {}

    Result<Pickle> pickle() {
        GRAFT_TRY(Pickle read, pickle::readPickle(m_rest));
        m_rest.remove_prefix(read.bytesRead);
        return read;
    }

    Result<std::string_view> storage(std::uint64_t count, std::uint64_t byteCount) {
        if (m_rest.size() < kCountBytes) {
            return bad("it is cut short: the data of a storage are missing");
        }
        std::uint64_t stated = 0;
        for (std::size_t i = kCountBytes; i > 0; --i) {
            stated = stated << 8 | static_cast<unsigned char>(m_rest[i - 1]);
        }
        m_rest.remove_prefix(kCountBytes);
        if (stated != count) {
            return bad("a storage holds " + std::to_string(stated) + " numbers where " +
                       std::to_string(count) + " are due");
        }
        if (byteCount > m_rest.size()) {
            return bad("it is cut short: a storage needs " + std::to_string(byteCount) +
                       " bytes, " + std::to_string(m_rest.size()) + " are there");
        }
        const std::string_view data = m_rest.substr(0, byteCount);
        m_rest.remove_prefix(byteCount);
        return data;
    }

 private:
    std::string_view m_rest;
};

// PyTorch takes the first description of a storage for all; a file with two that differ would
// show others than it shows us.
bool agree(const StorageId& a, const StorageId& b) {
    return std::string_view(a.dtype) == b.dtype && a.count == b.count;
}

using Ids = std::map<std::string_view, StorageId>;

Result<Ids> rootStorages(const pickle::Graph& graph) {
    Ids roots;
    for (const NodeId persistent : graph.persistents()) {
        const auto id = storageIdOf(graph, persistent);
        // Without the size of its numbers nobody knows where the next storage begins.
        if (!id && id.error().code == ErrorCode::Unsupported) {
            return id.error();
        }
        if (id && id->partCount != kIdParts) {
            return bad("a storage is not described as PyTorch does");
        }
        if (id) {  // else something else, which matters only where a weight needs it
            const auto [known, added] = roots.emplace(id->key, id.value());
            if (!added && !agree(known->second, id.value())) {
                return bad("one storage is described in two ways");
            }
        }
    }
    return roots;
}

// The raw numbers, in the order of the list of keys.
Status readStorages(const Ids& roots, const pickle::Graph& keys, NodeId list, Parts* parts,
                    StorageTable* storages) {
    for (const NodeId key : keys.items(list)) {
        const auto root = keys.kind(key) == Kind::Text ? roots.find(keys.text(key)) : roots.end();
        std::uint64_t byteCount = 0;
        if (root == roots.end() || !storageBytes(root->second, &byteCount)) {
            return bad("the list of its storages names one that is unknown");
        }
        GRAFT_TRY(const std::string_view data,
                  parts->storage(std::uint64_t(root->second.count), byteCount));
        if (!storages->emplace(root->first, Storage{root->second.dtype, data}).second) {
            return bad("the list of its storages names one twice");
        }
    }
    return {};
}

Status addView(const StorageId& id, StorageTable* storages) {
    const auto root = storages->find(id.key);
    std::uint64_t begin = 0;
    std::uint64_t length = 0;
    StorageId part = id;
    part.count = id.viewOffset;
    const bool counted = storageBytes(part, &begin);
    part.count = id.viewCount;
    if (root == storages->end() || !counted || !storageBytes(part, &length) ||
        begin > root->second.bytes.size() || length > root->second.bytes.size() - begin) {
        return bad("a view reaches beyond its storage");
    }
    const Storage view{root->second.dtype, root->second.bytes.substr(begin, length)};
    const auto [known, added] = storages->emplace(id.viewKey, view);
    if (!added && (known->second.bytes.data() != view.bytes.data() ||
                   known->second.bytes.size() != view.bytes.size())) {
        return bad("one view is described in two ways");
    }
    return {};
}

}  // namespace

bool looksLikeTorchLegacy(std::string_view bytes) {
    return bytes.starts_with('\x80') &&
           bytes.substr(0, kMagicWithin).find(kMagic) != std::string_view::npos;
}

bool looksLikeTar(std::string_view bytes) {
    return bytes.size() > kTarMarkAt && bytes.substr(kTarMarkAt).starts_with("ustar");
}

Result<Content> readTorchLegacy(std::string_view bytes) {
    Parts parts(bytes);
    GRAFT_TRY(const Pickle magic, parts.pickle());
    if (magic.graph.kind(magic.root) != Kind::BigInt || magic.graph.text(magic.root) != kMagic) {
        return bad("its first value is not PyTorch's mark");
    }
    GRAFT_TRY(const Pickle protocol, parts.pickle());
    if (protocol.graph.kind(protocol.root) != Kind::Int ||
        protocol.graph.number(protocol.root) != kProtocol) {
        return bad("its version is unknown");
    }
    GRAFT_TRY(const Pickle machine, parts.pickle());
    GRAFT_TRY(const Pickle object, parts.pickle());
    GRAFT_TRY(const Pickle keys, parts.pickle());
    if (keys.graph.kind(keys.root) != Kind::List) {
        return bad("the list of its storages is not one");
    }
    GRAFT_TRY(const Ids roots, rootStorages(object.graph));
    StorageTable storages;
    GRAFT_CHECK(readStorages(roots, keys.graph, keys.root, &parts, &storages));
    for (const NodeId persistent : object.graph.persistents()) {
        const auto id = storageIdOf(object.graph, persistent);
        if (id && !id->viewKey.empty()) {
            GRAFT_CHECK(addView(id.value(), &storages));
        }
    }
    Content content;
    content.container = "PyTorch (before 1.6)";
    TensorReader reader(object.graph, storages, copyBudget(bytes));
    GRAFT_CHECK(readStateDict(object.graph, object.root, reader, &content));
    content.buffers = reader.takeBuffers();
    return content;
}

}  // namespace graft::torchfile
