// PictureCache: decoded pictures in memory up to a number of bytes. What is in it never changes
// what a caller gets, only how fast. Thread: any.
#pragma once

#include "core/base/image.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace graft {

class PictureCache {
 public:
    explicit PictureCache(std::uint64_t maxBytes) : m_maxBytes(maxBytes) {}

    std::shared_ptr<const Image> find(std::uint64_t key);
    /// As find(), which it does not count as.
    bool holds(std::uint64_t key);
    /// Whether insert() would find room for that many bytes just now.
    bool wouldKeep(std::uint64_t bytes);
    void insert(std::uint64_t key, std::shared_ptr<const Image> image);
    /// Called once an epoch. Pictures used in this epoch or the last are not thrown out for new
    /// ones: with more pictures than fit, each epoch would throw out all of the one before.
    void beginEpoch();

 private:
    struct Entry {
        std::uint64_t key = 0;
        std::shared_ptr<const Image> image;
        std::int64_t epoch = 0;  // of the last use
    };
    std::mutex m_mutex;
    std::list<Entry> m_entries;  // last used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> m_index;
    std::uint64_t m_maxBytes;
    std::uint64_t m_bytes = 0;
    std::int64_t m_epoch = 0;
};

}  // namespace graft
