#include "core/data/batch.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace graft {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = 2u << 20;

std::size_t alignmentOf(std::size_t size) {
    return size >= kHugePage ? kHugePage : kCacheLine;
}

}  // namespace

void BatchMemory::Free::operator()(std::byte* bytes) const {
    ::operator delete(bytes, std::align_val_t(alignment));
}

BatchMemory::Block BatchMemory::allocate(std::size_t size) {
    const std::size_t alignment = alignmentOf(size);
    Block block{Bytes(static_cast<std::byte*>(
                          ::operator new(std::max(size, kCacheLine), std::align_val_t(alignment))),
                      Free{alignment}),
                size};
    if (alignment == kHugePage) {
        // One page fault for 2 MB instead of 512; without it all works the same.
        madvise(block.bytes.get(), size, MADV_HUGEPAGE);
    }
    return block;
}

std::shared_ptr<void> BatchMemory::take(std::size_t bytes) {
    Block block;
    {
        const std::lock_guard lock(m_mutex);
        const auto fits = std::find_if(m_free.begin(), m_free.end(),
                                       [bytes](const Block& free) { return free.size >= bytes; });
        if (fits != m_free.end()) {
            block = std::move(*fits);
            m_free.erase(fits);
        } else {
            m_free.clear();  // all too small: they would only add to the new ones
        }
    }
    if (!block.bytes) {
        block = allocate(bytes);
    }
    std::byte* start = block.bytes.get();
    const auto held = std::make_shared<Block>(std::move(block));
    return {start, [pool = weak_from_this(), held](void*) {
                if (const std::shared_ptr<BatchMemory> alive = pool.lock()) {
                    alive->giveBack(std::move(*held));
                }
            }};
}

void BatchMemory::giveBack(Block block) {
    const std::lock_guard lock(m_mutex);
    try {
        m_free.push_back(std::move(block));
    } catch (const std::bad_alloc&) {  // then it is freed, and the next batch allocates
    }
}

}  // namespace graft
