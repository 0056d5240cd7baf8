#include "core/nn/weights/zip_archive.h"

#include <algorithm>
#include <string>
#include <vector>

namespace graft {
namespace {

constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kCentralBytes = 46;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kLocatorBytes = 20;
constexpr std::uint64_t kEnd64Bytes = 56;
constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kCentralMark = 0x02014b50;
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kLocatorMark = 0x07064b50;
constexpr std::uint32_t kEnd64Mark = 0x06064b50;
constexpr std::uint64_t kIn64 = 0xffffffff;  ///< the real number is in the zip64 record
constexpr std::uint64_t kCountIn64 = 0xffff;
constexpr std::uint16_t kZip64Extra = 1;

Error bad(const std::string& rule) {
    return Error{ErrorCode::BadFormat, rule, {}, {}};
}

/// Requires at + byteCount <= bytes.size().
std::uint64_t little(std::string_view bytes, std::uint64_t at, int byteCount) {
    std::uint64_t value = 0;
    for (int i = byteCount - 1; i >= 0; --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + std::uint64_t(i)]);
    }
    return value;
}

bool fits(std::uint64_t begin, std::uint64_t length, std::uint64_t end) {
    return begin <= end && length <= end - begin;
}

struct Directory {
    std::uint64_t begin = 0;
    std::uint64_t byteCount = 0;
    std::uint64_t count = 0;
};

// The zip64 record must lie right before its locator, as the locator says.
Result<Directory> readEnd64(std::string_view bytes, std::uint64_t locator, std::uint64_t* begin) {
    const std::uint64_t at = little(bytes, locator + 8, 8);
    if (little(bytes, locator + 4, 4) != 0 || little(bytes, locator + 16, 4) > 1) {
        return bad("it is one part of several");
    }
    if (!fits(at, kEnd64Bytes, locator) || little(bytes, at, 4) != kEnd64Mark ||
        little(bytes, at + 4, 8) != locator - at - 12) {
        return bad("its zip64 record is not where it should be");
    }
    if (little(bytes, at + 16, 4) != 0 || little(bytes, at + 20, 4) != 0 ||
        little(bytes, at + 24, 8) != little(bytes, at + 32, 8)) {
        return bad("it is one part of several");
    }
    *begin = at;
    return Directory{little(bytes, at + 48, 8), little(bytes, at + 40, 8),
                     little(bytes, at + 32, 8)};
}

Result<Directory> findDirectory(std::string_view bytes) {
    // PyTorch writes no comment; without one the end record can be in one place only.
    if (bytes.size() < kEndBytes || little(bytes, bytes.size() - kEndBytes, 4) != kEndMark ||
        little(bytes, bytes.size() - 2, 2) != 0) {
        return bad(
            "it is cut short, or something was added to it: its table of contents is not at "
            "its end");
    }
    const std::uint64_t end = bytes.size() - kEndBytes;
    if (little(bytes, end + 4, 4) != 0 || little(bytes, end + 8, 2) != little(bytes, end + 10, 2)) {
        return bad("it is one part of several");
    }
    const Directory small{little(bytes, end + 16, 4), little(bytes, end + 12, 4),
                          little(bytes, end + 10, 2)};
    Directory directory = small;
    std::uint64_t limit = end;
    if (end >= kLocatorBytes && little(bytes, end - kLocatorBytes, 4) == kLocatorMark) {
        GRAFT_TRY(directory, readEnd64(bytes, end - kLocatorBytes, &limit));
        if ((small.begin != kIn64 && small.begin != directory.begin) ||
            (small.byteCount != kIn64 && small.byteCount != directory.byteCount) ||
            (small.count != kCountIn64 && small.count != directory.count)) {
            return bad("its two tables of contents disagree");
        }
    }
    if (!fits(directory.begin, directory.byteCount, limit) ||
        directory.begin + directory.byteCount != limit) {
        return bad("its table of contents is not where it should be");
    }
    if (directory.count > directory.byteCount / kCentralBytes ||
        directory.count > ZipArchive::kMaxEntries) {
        return bad("it claims to hold " + std::to_string(directory.count) + " entries");
    }
    return directory;
}

struct Central {
    std::string_view name;
    std::uint64_t flags = 0;
    std::uint64_t method = 0;
    std::uint64_t packedBytes = 0;
    std::uint64_t plainBytes = 0;
    std::uint64_t local = 0;
};

// Numbers that do not fit 32 bits stand in an extra field, in this order, only those that are due.
Status takeZip64(std::string_view extra, Central* entry) {
    while (extra.size() >= 4) {
        const std::uint64_t id = little(extra, 0, 2);
        const std::uint64_t length = little(extra, 2, 2);
        if (length > extra.size() - 4) {
            break;
        }
        std::string_view field = extra.substr(4, length);
        extra.remove_prefix(4 + length);
        if (id != kZip64Extra) {
            continue;
        }
        for (std::uint64_t* number : {&entry->plainBytes, &entry->packedBytes, &entry->local}) {
            if (*number == kIn64) {
                if (field.size() < 8) {
                    return bad("a zip64 field is too short");
                }
                *number = little(field, 0, 8);
                field.remove_prefix(8);
            }
        }
        return {};
    }
    if (entry->plainBytes == kIn64 || entry->packedBytes == kIn64 || entry->local == kIn64) {
        return bad("a zip64 field is missing");
    }
    return {};
}

bool isSafeName(std::string_view name) {
    if (name.empty() || name.front() == '/' || name.find('\\') != name.npos ||
        name.find('\0') != name.npos) {
        return false;
    }
    for (std::size_t at = 0; at != name.npos;) {
        const std::size_t slash = name.find('/', at);
        const std::string_view part = name.substr(at, slash == name.npos ? slash : slash - at);
        if (part == ".." || part == ".") {
            return false;
        }
        at = slash == name.npos ? slash : slash + 1;
    }
    return true;
}

// Reads the entry at the start of `rest` and moves on to the next.
Result<Central> readCentral(std::string_view* rest) {
    if (rest->size() < kCentralBytes || little(*rest, 0, 4) != kCentralMark) {
        return bad("its table of contents is damaged");
    }
    const std::uint64_t nameBytes = little(*rest, 28, 2);
    const std::uint64_t extraBytes = little(*rest, 30, 2);
    const std::uint64_t all = kCentralBytes + nameBytes + extraBytes + little(*rest, 32, 2);
    if (all > rest->size()) {
        return bad("its table of contents is damaged");
    }
    Central entry;
    entry.name = rest->substr(kCentralBytes, nameBytes);
    entry.flags = little(*rest, 8, 2);
    entry.method = little(*rest, 10, 2);
    entry.packedBytes = little(*rest, 20, 4);
    entry.plainBytes = little(*rest, 24, 4);
    entry.local = little(*rest, 42, 4);
    GRAFT_CHECK(takeZip64(rest->substr(kCentralBytes + nameBytes, extraBytes), &entry));
    if (!isSafeName(entry.name)) {
        return bad("the name of an entry is not allowed");
    }
    if ((entry.flags & 1) != 0) {
        return bad("an entry is encrypted");
    }
    if ((entry.method == 0 && entry.packedBytes != entry.plainBytes) || little(*rest, 34, 2) != 0) {
        return bad("the sizes of an entry disagree");
    }
    rest->remove_prefix(all);
    return entry;
}

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// Finds the bytes of an entry by its own header, which must agree with the table of contents.
Result<Range> findData(std::string_view bytes, const Central& entry, std::uint64_t limit) {
    const std::uint64_t at = entry.local;
    if (!fits(at, kLocalBytes, limit) || little(bytes, at, 4) != kLocalMark) {
        return bad("an entry is not where the table of contents says");
    }
    const std::uint64_t nameBytes = little(bytes, at + 26, 2);
    const std::uint64_t begin = at + kLocalBytes + nameBytes + little(bytes, at + 28, 2);
    if (!fits(begin, entry.packedBytes, limit)) {
        return bad("an entry reaches beyond the file");
    }
    if (bytes.substr(at + kLocalBytes, nameBytes) != entry.name ||
        little(bytes, at + 8, 2) != entry.method) {
        return bad("an entry and the table of contents disagree");
    }
    const bool sizesFollow = (little(bytes, at + 6, 2) & 8) != 0;
    const std::uint64_t packed = little(bytes, at + 18, 4);
    if (!sizesFollow && packed != kIn64 && packed != entry.packedBytes) {
        return bad("an entry and the table of contents disagree");
    }
    return Range{begin, begin + entry.packedBytes};
}

}  // namespace

Result<ZipArchive> ZipArchive::open(std::string_view bytes) {
    GRAFT_TRY(const Directory directory, findDirectory(bytes));
    std::string_view rest = bytes.substr(directory.begin, directory.byteCount);
    ZipArchive archive;
    std::vector<Range> taken;
    for (std::uint64_t i = 0; i < directory.count; ++i) {
        GRAFT_TRY(const Central entry, readCentral(&rest));
        GRAFT_TRY(const Range data, findData(bytes, entry, directory.begin));
        taken.push_back({entry.local, data.end});
        if (entry.name.back() == '/') {
            continue;
        }
        const Entry found{entry.method == 0, bytes.substr(data.begin, data.end - data.begin)};
        if (!archive.m_entries.emplace(entry.name, found).second) {
            return bad("it holds two entries of one name");
        }
    }
    if (!rest.empty()) {
        return bad("its table of contents holds more entries than it says");
    }
    std::sort(taken.begin(), taken.end(),
              [](const Range& a, const Range& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < taken.size(); ++i) {
        if (taken[i].begin < taken[i - 1].end) {
            return bad("two of its entries overlap");
        }
    }
    return archive;
}

}  // namespace graft
