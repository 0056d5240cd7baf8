// Writes pickles, zip archives and PyTorch's containers byte by byte, so that tests can also write
// what no honest program would.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace graft::testing {

inline std::string little(std::uint64_t value, int byteCount) {
    std::string bytes;
    for (int i = 0; i < byteCount; ++i) {
        bytes += i < 8 ? char(value >> (8 * i) & 0xff) : '\0';
    }
    return bytes;
}

/// Overwrites a number at `at`.
inline std::string patched(std::string bytes, std::size_t at, std::uint64_t value, int byteCount) {
    return bytes.replace(at, std::size_t(byteCount), little(value, byteCount));
}

// --- pickles: each function gives the operations that leave one value on the stack ---------------

namespace pickled {

inline std::string text(const std::string& value) {
    return "X" + little(value.size(), 4) + value;
}
inline std::string integer(std::int64_t value) {
    return "\x8a\x08" + little(std::uint64_t(value), 8);
}
inline std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
    std::string all = "(";
    for (const std::string& item : items) {
        all += item;
    }
    return all + "t";
}
inline std::string integers(const std::vector<std::int64_t>& values) {
    std::vector<std::string> items;
    for (const std::int64_t value : values) {
        items.push_back(integer(value));
    }
    return tuple(items);
}
inline std::string call(const std::string& module, const std::string& name,
                        const std::vector<std::string>& arguments) {
    return global(module, name) + tuple(arguments) + "R";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::string all = "}(";
    for (const auto& [key, value] : entries) {
        all += text(key) + value;
    }
    return all + "u";
}
inline std::string whole(const std::string& value, int protocol = 2) {
    return "\x80" + std::string(1, char(protocol)) + value + ".";
}

/// What a tensor says about itself; change a part to tell a lie.
struct Tensor {
    std::string key = "0";
    std::int64_t count = 6;
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape{2, 3};
    std::vector<std::int64_t> strides{3, 1};
    std::string type = "FloatStorage";
    std::string view = {};      ///< a sixth part of the storage's description
    std::string metadata = {};  ///< a seventh argument

    std::string storage() const {
        std::vector<std::string> parts{text("storage"), global("torch", type), text(key),
                                       text("cpu"), integer(count)};
        if (!view.empty()) {
            parts.push_back(view);
        }
        return tuple(parts) + "Q";
    }
    std::string made() const {
        std::vector<std::string> arguments{storage(),       integer(offset),
                                           integers(shape), integers(strides),
                                           "\x89",          call("collections", "OrderedDict", {})};
        if (!metadata.empty()) {
            arguments.push_back(metadata);
        }
        return call("torch._utils", "_rebuild_tensor_v2", arguments);
    }
};

}  // namespace pickled

// --- zip archives --------------------------------------------------------------------------------

struct ZipRecord {
    std::string name;
    std::string data;
    std::uint64_t method = 0;
    std::uint64_t flags = 0;
    std::string localName = {};  ///< where it differs
    bool wide = false;           ///< its numbers stand in zip64 fields, as in files over 4 GB
};

struct ZipBytes {
    std::string bytes;
    std::vector<std::size_t> locals;    ///< where the header of each entry begins
    std::vector<std::size_t> centrals;  ///< where its line in the table of contents begins
    std::size_t end64 = 0;              ///< 0 without zip64
    std::size_t end = 0;
};

inline ZipBytes zipOf(const std::vector<ZipRecord>& records, bool zip64 = false) {
    ZipBytes zip;
    std::string directory;
    for (const ZipRecord& record : records) {
        const std::uint64_t size = record.data.size();
        const std::uint64_t sum =
            crc32(0, reinterpret_cast<const Bytef*>(record.data.data()), uInt(size));
        const std::string sizes =
            record.wide ? little(~0ULL, 8) : little(size, 4) + little(size, 4);
        const std::string common = little(record.flags, 2) + little(record.method, 2) +
                                   little(0, 4) + little(sum, 4) + sizes +
                                   little(record.name.size(), 2);
        const std::string wideSizes = little(size, 8) + little(size, 8);
        const std::string localExtra =
            record.wide ? little(1, 2) + little(16, 2) + wideSizes : std::string();
        zip.locals.push_back(zip.bytes.size());
        const std::string centralExtra =
            record.wide ? little(1, 2) + little(24, 2) + wideSizes + little(zip.locals.back(), 8)
                        : std::string();
        zip.bytes += "PK\x03\x04" + little(20, 2) + common + little(localExtra.size(), 2) +
                     (record.localName.empty() ? record.name : record.localName) + localExtra +
                     record.data;
        zip.centrals.push_back(directory.size());
        directory += "PK\x01\x02" + little(20, 2) + little(20, 2) + common +
                     little(centralExtra.size(), 2) + little(0, 10) +
                     little(record.wide ? 0xffffffff : zip.locals.back(), 4) + record.name +
                     centralExtra;
    }
    const std::size_t begin = zip.bytes.size();
    for (std::size_t& at : zip.centrals) {
        at += begin;
    }
    zip.bytes += directory;
    if (zip64) {
        zip.end64 = zip.bytes.size();
        zip.bytes += "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) +
                     little(records.size(), 8) + little(records.size(), 8) +
                     little(directory.size(), 8) + little(begin, 8);
        zip.bytes += "PK\x06\x07" + little(0, 4) + little(zip.end64, 8) + little(1, 4);
    }
    zip.end = zip.bytes.size();
    zip.bytes += "PK\x05\x06" + little(0, 4) + little(records.size(), 2) +
                 little(records.size(), 2) + little(directory.size(), 4) + little(begin, 4) +
                 little(0, 2);
    return zip;
}

// --- PyTorch's containers ------------------------------------------------------------------------

using Storages = std::vector<std::pair<std::string, std::string>>;  ///< key, bytes

inline const Storages& sixFloats() {
    static const Storages storages{{"0", little(0x3f800000, 4) + little(0x40000000, 4) +
                                             little(0x40400000, 4) + little(0x40800000, 4) +
                                             little(0x40a00000, 4) + little(0x40c00000, 4)}};
    return storages;
}

inline std::vector<ZipRecord> torchRecords(const std::string& pickle,
                                           const Storages& storages = sixFloats()) {
    std::vector<ZipRecord> records{{"a/data.pkl", pickle}};
    for (const auto& [key, data] : storages) {
        records.push_back({"a/data/" + key, data});
    }
    records.push_back({"a/version", "3\n"});
    return records;
}

inline std::string torchZip(const std::string& pickle, const Storages& storages = sixFloats()) {
    return zipOf(torchRecords(pickle, storages)).bytes;
}

inline std::string torchScript(const std::string& pickle, const std::string& code) {
    std::vector<ZipRecord> records = torchRecords(pickle);
    records.push_back({"a/code/__torch__.py", code});
    records.push_back({"a/constants.pkl", pickled::whole(")")});
    return zipOf(records).bytes;
}

inline std::string torchLegacyStart(int protocol = 2) {
    return pickled::whole(std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12),
                          protocol) +
           pickled::whole("M\xe9\x03") + pickled::whole("}");
}

/// The description of a storage has a sixth part in the older container.
inline std::string withViews(std::string pickle, const pickled::Tensor& tensor = {}) {
    pickled::Tensor old = tensor;
    old.view = "N";
    const std::string from = tensor.storage();
    const std::string to = old.storage();
    for (std::size_t at = pickle.find(from); at != pickle.npos; at = pickle.find(from, at)) {
        pickle.replace(at, from.size(), to);
        at += to.size();
    }
    return pickle;
}

/// `itemBytes` are those of one number in the storages. Tensors as by default get their sixth part.
inline std::string torchLegacy(const std::string& given, const Storages& storages = sixFloats(),
                               std::uint64_t itemBytes = 4) {
    const std::string pickle = withViews(given);
    std::string keys = "](";
    std::string data;
    for (const auto& [key, bytes] : storages) {
        keys += pickled::text(key);
        data += little(bytes.size() / itemBytes, 8) + bytes;
    }
    return torchLegacyStart() + pickle + pickled::whole(keys + "e") + data;
}

/// A state dict of one tensor "w" in either container.
inline std::string oneTensor(pickled::Tensor tensor, bool zip = true) {
    if (!zip && tensor.view.empty()) {
        tensor.view = "N";
    }
    const std::string pickle = pickled::whole(pickled::dict({{"w", tensor.made()}}));
    return zip ? torchZip(pickle) : torchLegacy(pickle);
}

inline std::string safetensorsBytes(const std::string& header, const std::string& data) {
    return little(header.size(), 8) + header + data;
}

}  // namespace graft::testing
