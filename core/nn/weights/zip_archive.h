// A zip archive over bytes in memory: where each entry lies, after every number in it has been
// checked against the others. Stricter than unpackers must be, so that no two readers see different
// entries in one file: nothing before or between, no name twice, no entry over another. Entries
// that are compressed are listed but not read. Private to core/nn/weights.
// Source: PKWARE's APPNOTE, with the zip64 extension. Thread: any.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <string_view>

namespace graft {

class ZipArchive {
 public:
    struct Entry {
        bool stored = true;     ///< false: compressed, data are the compressed bytes
        std::string_view data;  ///< into the bytes given to open()
    };
    static constexpr std::uint64_t kMaxEntries = 100'000;

    /// `bytes` must outlive the archive. Error BadFormat: the message is the rule that was broken,
    /// as the end of a sentence.
    static Result<ZipArchive> open(std::string_view bytes);

    /// By full name; folders are left out.
    const std::map<std::string_view, Entry>& entries() const { return m_entries; }

 private:
    std::map<std::string_view, Entry> m_entries;
};

}  // namespace graft
