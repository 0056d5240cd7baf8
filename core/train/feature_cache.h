// FeatureCache: what the frozen part of a network made of the pictures, kept so that it is computed
// once. A block holds the features of a few pictures that went through the network together; it is
// known by a key that names everything the numbers depend on (see feature_key.h), so it never
// becomes wrong, only unused. Blocks are in memory up to a bound and, as one file each, in a folder
// up to another. Files may be deleted at any time, by anyone; a damaged one is computed anew. Free
// of torch, so that its faults can be tested without a network.
//
// Why a file per block and not one big file: blocks are written whole under a temporary name and
// renamed, so there is no index that could disagree with the data, two runs may write the same
// block at the same time, eviction and "Clear" are unlink(), and nothing needs an fsync: a file
// that a power failure tore fails its checksums.
// Thread: one owner per object; several objects, also of other processes, may share a folder.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace graft {

/// The features of the pictures of one block that could be read, row after row.
struct FeatureBlock {
    std::uint64_t rowBytes = 0;
    std::vector<std::uint32_t> places;  ///< ascending: which of the block's pictures has row i
    std::vector<char> bytes;            ///< places.size() * rowBytes
};

/// What is known of a block's file without its rows.
struct FeatureFileHeader {
    std::uint64_t rowBytes = 0;
    std::vector<std::uint32_t> places;
    std::vector<std::uint64_t> sums;  ///< checksum of each row
};

class FeatureCache {
 public:
    struct Settings {
        std::string folder;  ///< made when first needed; "" keeps everything in memory
        std::uint64_t memoryBytes = 0;
        std::uint64_t diskBytes = 0;  ///< of all files in the folder, also those of other runs
    };
    enum class Row {
        Copied,
        Unread,  ///< the picture could not be read when the block was made
        Missing  ///< no such block, or no longer: make it (again)
    };

    explicit FeatureCache(Settings settings);

    /// Tells that another set of blocks is used from here on: those of before may make room.
    void beginUse();
    /// True when row() will most likely find the block. Looks at the disk and checks what it finds
    /// there the first time.
    bool has(const std::string& key);
    /// Copies the row of the block's picture `place`, `rowBytes` long.
    Row row(const std::string& key, std::uint32_t place, std::uint64_t rowBytes, char* out);
    /// The whole block; null when it is not there.
    std::shared_ptr<const FeatureBlock> block(const std::string& key);
    /// False when neither memory nor disk has room. With `keepOnDisk` false only memory is asked.
    bool insert(const std::string& key, std::shared_ptr<const FeatureBlock> block,
                bool keepOnDisk = true);

    std::uint64_t memoryUsed() const { return m_memoryUsed; }
    std::uint64_t diskUsed() const { return m_diskUsed; }  ///< as far as this object knows
    /// The first failure to write; after it nothing more is written. Given out once.
    std::optional<Error> takeDiskProblem();

 private:
    struct Held {
        std::string key;
        std::shared_ptr<const FeatureBlock> block;
        std::uint64_t use = 0;
    };
    std::string pathOf(const std::string& key) const;
    std::shared_ptr<const FeatureBlock> load(const std::string& key);
    bool holdInMemory(const std::string& key, std::shared_ptr<const FeatureBlock> block);
    bool makeDiskRoom(std::uint64_t bytes);
    bool keepFile(const std::string& key, const FeatureBlock& block);

    Settings m_settings;
    std::list<Held> m_held;  // last used first
    std::unordered_map<std::string, std::list<Held>::iterator> m_inMemory;
    std::unordered_map<std::string, FeatureFileHeader> m_onDisk;  // checked in this use
    std::unordered_set<std::string> m_inUse;  // keys since beginUse(): not thrown off the disk
    std::uint64_t m_use = 1;
    std::uint64_t m_memoryUsed = 0;
    std::uint64_t m_diskUsed = 0;
    bool m_diskOff = false;
    std::optional<Error> m_problem;
};

/// Files of feature caches in `folder` (not below it).
struct FeatureFolder {
    std::int64_t files = 0;
    std::uint64_t bytes = 0;
};
FeatureFolder featureFolder(const std::string& folder);
/// Deletes them all, also while a run uses them: it computes them again. Error: the first that
/// could not be deleted.
Status clearFeatureFolder(const std::string& folder);

/// A tenth of what is free, counting what the cache has already.
std::uint64_t defaultFeatureDiskBytes(const std::string& folder);

}  // namespace graft
