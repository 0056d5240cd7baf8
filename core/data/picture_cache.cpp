#include "core/data/picture_cache.h"

namespace graft {

std::shared_ptr<const Image> PictureCache::find(std::uint64_t key) {
    const std::lock_guard lock(m_mutex);
    const auto at = m_index.find(key);
    if (at == m_index.end()) {
        return nullptr;
    }
    m_entries.splice(m_entries.begin(), m_entries, at->second);
    at->second->epoch = m_epoch;
    return at->second->image;
}

bool PictureCache::holds(std::uint64_t key) {
    const std::lock_guard lock(m_mutex);
    return m_index.contains(key);
}

bool PictureCache::wouldKeep(std::uint64_t bytes) {
    const std::lock_guard lock(m_mutex);
    return bytes <= m_maxBytes &&
           (m_bytes + bytes <= m_maxBytes || m_entries.back().epoch < m_epoch - 1);
}

void PictureCache::insert(std::uint64_t key, std::shared_ptr<const Image> image) {
    const std::lock_guard lock(m_mutex);
    const std::uint64_t bytes = image->byteCount();
    if (bytes > m_maxBytes || m_index.contains(key)) {
        return;
    }
    while (m_bytes + bytes > m_maxBytes) {
        if (m_entries.back().epoch >= m_epoch - 1) {
            return;
        }
        m_bytes -= m_entries.back().image->byteCount();
        m_index.erase(m_entries.back().key);
        m_entries.pop_back();
    }
    m_entries.push_front({key, std::move(image), m_epoch});
    m_index.emplace(key, m_entries.begin());
    m_bytes += bytes;
}

void PictureCache::beginEpoch() {
    const std::lock_guard lock(m_mutex);
    ++m_epoch;
}

}  // namespace graft
