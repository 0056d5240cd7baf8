// Batch: the pictures of one step as the network takes them, in memory that goes back to its pool
// when the last user lets go, so that a run allocates a few batches and no more.
// Thread: any (a value; its pixels are not changed after it was handed out).
#pragma once

#include "core/data/dataset.h"
#include "core/data/normalizer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace graft {

struct Batch {
    std::int64_t count = 0;
    int side = 0;  ///< px
    PixelFormat format = PixelFormat::Float32;
    std::shared_ptr<void> pixels;       ///< [count, side, side, 3], normalised
    std::vector<std::int64_t> targets;  ///< count
    std::vector<std::size_t> items;     ///< count, positions in LoaderOptions::items
    std::vector<Problem> problems;      ///< pictures that could not be read and were left out

    const float* floats() const { return static_cast<const float*>(pixels.get()); }
    /// The bits of bfloat16 numbers.
    const std::uint16_t* bfloats() const { return static_cast<const std::uint16_t*>(pixels.get()); }
    std::size_t pixelBytes() const {
        return std::size_t(count) * std::size_t(side) * std::size_t(side) * 3 * bytesOf(format);
    }
};

/// Memory of batches, kept for the next one.
class BatchMemory : public std::enable_shared_from_this<BatchMemory> {
 public:
    /// At least `bytes`, on a cache line, its contents undefined. Comes back here by itself.
    std::shared_ptr<void> take(std::size_t bytes);

 private:
    struct Free {
        std::size_t alignment;
        void operator()(std::byte* bytes) const;
    };
    using Bytes = std::unique_ptr<std::byte, Free>;
    struct Block {
        Bytes bytes;
        std::size_t size = 0;
    };
    static Block allocate(std::size_t size);
    void giveBack(Block block);

    std::mutex m_mutex;
    std::vector<Block> m_free;
};

}  // namespace graft
