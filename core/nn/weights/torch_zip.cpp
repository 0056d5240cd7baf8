#include "core/nn/weights/torch_files.h"
#include "core/nn/weights/unpickler.h"
#include "core/nn/weights/zip_archive.h"

namespace graft::torchfile {
namespace {

constexpr std::size_t kIdParts = 5;

Error bad(std::string rule) {
    return Error{ErrorCode::BadFormat, std::move(rule), {}, {}};
}

/// The records of one file, all in one folder with a name of its own.
class Records {
 public:
    static Result<Records> open(std::string_view bytes) {
        Records records;
        GRAFT_TRY(records.m_archive, ZipArchive::open(bytes));
        const auto& entries = records.m_archive.entries();
        if (entries.empty()) {
            return bad("it is empty");
        }
        const std::string_view first = entries.begin()->first;
        records.m_folder = std::string(first.substr(0, first.find('/') + 1));
        for (const auto& [name, entry] : entries) {
            if (records.m_folder.empty() || !name.starts_with(records.m_folder)) {
                return bad("its entries do not lie in one folder, as PyTorch writes them");
            }
        }
        return records;
    }

    bool has(const char* name) const { return m_archive.entries().count(m_folder + name) > 0; }

    Result<std::string_view> read(const std::string& name) const {
        const auto found = m_archive.entries().find(m_folder + name);
        if (found == m_archive.entries().end()) {
            return bad("the record \"" + name.substr(0, 60) + "\" is missing");
        }
        if (!found->second.stored) {
            return Error{ErrorCode::Unsupported,
                         "The file was packed again with compression, which PyTorch does not use.",
                         {},
                         "Take the file as PyTorch wrote it, or unpack the archive around it."};
        }
        return found->second.data;
    }

 private:
    ZipArchive m_archive;
    std::string m_folder;
};

// Notes where each storage lies. PyTorch takes the first description of a storage for all; a file
// with two that differ would show others than it shows us.
Status addStorage(const Records& records, const StorageId& id, StorageTable* storages) {
    std::uint64_t byteCount = 0;
    if (id.partCount != kIdParts || !storageBytes(id, &byteCount)) {
        return bad("a storage is not described as PyTorch does");
    }
    const auto known = storages->find(id.key);
    if (known != storages->end()) {
        return std::string_view(known->second.dtype) == id.dtype &&
                       known->second.bytes.size() == byteCount
                   ? Status()
                   : bad("one storage is described in two ways");
    }
    GRAFT_TRY(const std::string_view record, records.read("data/" + std::string(id.key)));
    if (byteCount > record.size()) {
        return bad("a storage needs " + std::to_string(byteCount) + " bytes, " +
                   std::to_string(record.size()) + " are there");
    }
    storages->emplace(id.key, Storage{id.dtype, record.substr(0, byteCount)});
    return {};
}

}  // namespace

bool looksLikeTorchZip(std::string_view bytes) {
    return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

Result<Content> readTorchZip(std::string_view bytes) {
    GRAFT_TRY(const Records records, Records::open(bytes));
    const bool script = records.has("constants.pkl");
    if (!records.has("data.pkl")) {
        return Error{
            ErrorCode::Unsupported,
            "This is a zip archive, but not one of weights that PyTorch wrote.",
            "data.pkl is missing",
            "Choose a .pth, .pt or .safetensors file; unpack the archive if one is in it."};
    }
    if (records.has("byteorder")) {
        GRAFT_TRY(const std::string_view order, records.read("byteorder"));
        if (order != "little") {
            return Error{ErrorCode::Unsupported,
                         "The file was written on a machine with another order of bytes.",
                         {},
                         "Save it again on an ordinary machine."};
        }
    }
    GRAFT_TRY(const std::string_view pickled, records.read("data.pkl"));
    GRAFT_TRY(const pickle::Pickle pickle, pickle::readPickle(pickled));
    StorageTable storages;
    for (const pickle::NodeId persistent : pickle.graph.persistents()) {
        // What is not understood matters only where a weight needs it.
        if (const auto id = storageIdOf(pickle.graph, persistent)) {
            GRAFT_CHECK(addStorage(records, id.value(), &storages));
        }
    }
    Content content;
    content.container = script ? "TorchScript" : "PyTorch";
    TensorReader reader(pickle.graph, storages, copyBudget(bytes));
    GRAFT_CHECK(script ? readScript(pickle.graph, pickle.root, reader, &content)
                       : readStateDict(pickle.graph, pickle.root, reader, &content));
    content.buffers = reader.takeBuffers();
    return content;
}

}  // namespace graft::torchfile
