#include "core/train/tensor_memory.h"

#include "core/base/machine.h"
#include "core/base/torch_compat.h"

#include <c10/core/CPUAllocator.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>

namespace graft {
namespace {

constexpr std::size_t kLarge = 256 << 10;
constexpr std::size_t kGrain = 64 << 10;
constexpr std::size_t kHugePage = 2 << 20;
constexpr std::size_t kAlignment = 64;  // of small blocks; large ones begin on a page

void freeBlock(void* block);

class KeepingAllocator : public c10::Allocator {
  public:
    at::DataPtr allocate(std::size_t size) GRAFT_ALLOCATE_CONST override {
        void* block = size == 0 ? nullptr : size < kLarge ? small(size) : large(size);
        return {block, block, &freeBlock, at::Device(at::kCPU)};
    }
    at::DeleterFnPtr raw_deleter() const override { return &freeBlock; }
    GRAFT_ALLOCATOR_COPY_DATA

    void release(void* block);
    void releaseKept();
    void resetPeak();
    TensorMemory figures() const;

  private:
    struct Kept {
        void* block;
        std::uint64_t age;
    };
    static void* small(std::size_t size);
    void* large(std::size_t size) const;
    void* takeKept(std::size_t size) const;
    void keepBelow(std::uint64_t bytes) const;

    // LibTorch 1.13 allocates through a const function.
    mutable std::mutex m_mutex;
    mutable std::unordered_map<void*, std::size_t> m_live;
    mutable std::multimap<std::size_t, Kept> m_kept;  // by size
    mutable TensorMemory m_figures;
    mutable std::uint64_t m_age = 0;
};

KeepingAllocator& allocator() {
    static auto* const only = new KeepingAllocator;  // tensors may outlive static objects
    return *only;
}

void freeBlock(void* block) {
    if (block) {
        allocator().release(block);
    }
}

void* KeepingAllocator::small(std::size_t size) {
    void* block = nullptr;
    if (posix_memalign(&block, kAlignment, size) != 0) {
        throw std::bad_alloc();
    }
    return block;
}

// The smallest kept block that is at most twice too large: the last batch of an epoch is smaller, and
// validation in float32 larger, than the batches between; fresh pages for each cost a tenth of an
// epoch of few pictures.
void* KeepingAllocator::takeKept(std::size_t size) const {
    const auto found = m_kept.lower_bound(size);
    if (found == m_kept.end() || found->first > 2 * size) {
        return nullptr;
    }
    void* const block = found->second.block;
    m_figures.kept -= found->first;
    m_figures.live += found->first;
    m_live.emplace(block, found->first);
    m_kept.erase(found);
    return block;
}

// Gives the blocks back that have waited longest, until at most so many bytes are kept.
void KeepingAllocator::keepBelow(std::uint64_t bytes) const {
    while (m_figures.kept > bytes) {
        const auto oldest =
            std::min_element(m_kept.begin(), m_kept.end(), [](const auto& a, const auto& b) {
                return a.second.age < b.second.age;
            });
        munmap(oldest->second.block, oldest->first);
        m_figures.kept -= oldest->first;
        m_kept.erase(oldest);
    }
}

void* mapPages(std::size_t size) {
    void* const block =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? nullptr : block;
}

// Large blocks begin on a huge page, which spares the system most of the mapping.
void* mapBlock(std::size_t size) {
    if (size < 2 * kHugePage) {
        return mapPages(size);
    }
    auto* const pages = static_cast<std::byte*>(mapPages(size + kHugePage));
    if (!pages) {
        return mapPages(size);
    }
    const std::size_t before = (kHugePage - std::uintptr_t(pages) % kHugePage) % kHugePage;
    if (before > 0) {
        munmap(pages, before);
    }
    if (before < kHugePage) {
        munmap(pages + before + size, kHugePage - before);
    }
    madvise(pages + before, size, MADV_HUGEPAGE);
    return pages + before;
}

// The way back wants other sizes than the way forward; where both cannot be kept, every step gives
// pages back and has them cleared anew, which took a tenth of a ResNet-18 step.
std::uint64_t spareFor(std::uint64_t most) {
    const bool plenty = availableMemory() > 4 * most;
    return plenty ? most / 5 + (48 << 20) : most / 8 + (32 << 20);
}

void* KeepingAllocator::large(std::size_t wanted) const {
    const std::size_t size = (wanted + kGrain - 1) / kGrain * kGrain;
    const std::lock_guard lock(m_mutex);
    void* block = takeKept(size);
    if (!block) {
        const std::uint64_t live = m_figures.live + size;
        const std::uint64_t most = std::max(m_figures.peak, live);
        keepBelow(most + spareFor(most) - live);
        block = mapBlock(size);
        if (!block && m_figures.kept > 0) {
            keepBelow(0);
            block = mapBlock(size);
        }
        if (!block) {
            throw std::bad_alloc();
        }
        m_live.emplace(block, size);
        m_figures.live += size;
    }
    m_figures.peak = std::max(m_figures.peak, m_figures.live);
    return block;
}

void KeepingAllocator::release(void* block) {
    {
        const std::lock_guard lock(m_mutex);
        if (const auto found = m_live.find(block); found != m_live.end()) {
            m_kept.emplace(found->second, Kept{block, ++m_age});
            m_figures.live -= found->second;
            m_figures.kept += found->second;
            m_live.erase(found);
            return;
        }
    }
    std::free(block);
}

void KeepingAllocator::releaseKept() {
    const std::lock_guard lock(m_mutex);
    keepBelow(0);
}

void KeepingAllocator::resetPeak() {
    const std::lock_guard lock(m_mutex);
    m_figures.peak = m_figures.live;
}

TensorMemory KeepingAllocator::figures() const {
    const std::lock_guard lock(m_mutex);
    return m_figures;
}

}  // namespace

void installTensorMemory() {
    static std::once_flag once;
    std::call_once(once, [] { c10::SetCPUAllocator(&allocator(), /*priority=*/100); });
}

TensorMemory tensorMemory() {
    return allocator().figures();
}

void resetTensorPeak() {
    allocator().resetPeak();
}

void releaseKeptTensorMemory() {
    releaseCardMemory();
    allocator().releaseKept();
}

}  // namespace graft
