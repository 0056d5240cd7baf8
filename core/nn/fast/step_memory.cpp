#include "core/nn/fast/step_memory.h"

#include <c10/core/CPUAllocator.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <map>
#include <mutex>
#include <unordered_map>

namespace graft::fast {
namespace {

constexpr std::size_t kLarge = std::size_t(1) << 20;  ///< bytes; smaller ones are malloc's business
constexpr std::size_t kPage = std::size_t(2) << 20;   ///< a huge page

void deleteBlock(void* data);

class BlockAllocator final : public at::Allocator {
 public:
    at::DataPtr allocate(std::size_t bytes) const override {
        if (bytes >= kLarge) {
            if (void* data = take(bytes)) {
                return {data, data, &deleteBlock, at::Device(at::DeviceType::CPU)};
            }
        }
        return m_plain->allocate(bytes);
    }
    at::DeleterFnPtr raw_deleter() const override { return &deleteBlock; }

    /// False: not one of these blocks.
    bool giveBack(void* data) {
        const std::lock_guard lock(m_mutex);
        const auto found = m_sizes.find(data);
        if (found == m_sizes.end()) {
            return false;
        }
        m_inUse -= found->second;
        m_idle += found->second;
        m_free.emplace(found->second, data);
        shrink(m_users > 0 ? m_inUse / 4 + (std::size_t(256) << 20) : 0);
        return true;
    }
    void deletePlain(void* data) { m_plain->raw_deleter()(data); }

    void addUser() {
        const std::lock_guard lock(m_mutex);
        if (m_plain == nullptr) {
            m_plain = c10::GetCPUAllocator();
            c10::SetCPUAllocator(this, /*priority=*/100);
        }
        ++m_users;
    }
    void removeUser() {
        const std::lock_guard lock(m_mutex);
        if (--m_users == 0) {
            shrink(0);
        }
    }
    std::size_t idle() {
        const std::lock_guard lock(m_mutex);
        return m_idle;
    }

 private:
    void* take(std::size_t bytes) const {
        const std::lock_guard lock(m_mutex);
        if (m_users == 0) {
            return nullptr;
        }
        // The smallest that is large enough, unless too much of it would lie idle.
        const auto found = m_free.lower_bound(bytes);
        if (found != m_free.end() && found->first <= bytes + bytes / 4 + kPage) {
            void* data = found->second;
            m_idle -= found->first;
            m_inUse += found->first;
            m_free.erase(found);
            return data;
        }
        const std::size_t size = (bytes + kPage - 1) / kPage * kPage;
        void* data = std::aligned_alloc(kPage, size);
        if (data == nullptr) {
            shrink(0);
            return nullptr;  // the plain one tries, and says what is wrong
        }
#if defined(__linux__)
        madvise(data, size, MADV_HUGEPAGE);
#endif
        m_sizes.emplace(data, size);
        m_inUse += size;
        return data;
    }

    void shrink(std::size_t most) const {
        while (m_idle > most && !m_free.empty()) {
            const auto largest = std::prev(m_free.end());
            m_idle -= largest->first;
            m_sizes.erase(largest->second);
            std::free(largest->second);
            m_free.erase(largest);
        }
    }

    // allocate() is const in torch's interface.
    mutable std::mutex m_mutex;
    mutable std::multimap<std::size_t, void*> m_free;
    mutable std::unordered_map<void*, std::size_t> m_sizes;  // of all blocks
    mutable std::size_t m_idle = 0;
    mutable std::size_t m_inUse = 0;
    int m_users = 0;
    at::Allocator* m_plain = nullptr;
};

BlockAllocator& allocator() {
    // Never destroyed: tensors may be freed after everything else.
    static auto* one = new BlockAllocator;
    return *one;
}

void deleteBlock(void* data) {
    if (data != nullptr && !allocator().giveBack(data)) {
        allocator().deletePlain(data);
    }
}

}  // namespace

StepMemory::StepMemory() {
    allocator().addUser();
}

StepMemory::~StepMemory() {
    allocator().removeUser();
}

std::size_t StepMemory::idleBytes() {
    return allocator().idle();
}

}  // namespace graft::fast
