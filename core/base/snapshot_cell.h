// SnapshotCell: the newest value wins; a slow reader misses values, a writer never waits for it.
// Thread: any.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace graft {

template <class T>
class SnapshotCell {
  public:
    void publish(T value) {
        auto fresh = std::make_shared<const T>(std::move(value));
        const std::lock_guard lock(m_mutex);
        m_value = std::move(fresh);
    }
    /// Null before the first publish.
    std::shared_ptr<const T> latest() const {
        const std::lock_guard lock(m_mutex);
        return m_value;
    }

  private:
    mutable std::mutex m_mutex;
    std::shared_ptr<const T> m_value;
};

}  // namespace graft
