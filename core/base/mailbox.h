// Mailbox: an ordered queue of messages between two threads; nothing is dropped. Thread: any.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace graft {

template <class T>
class Mailbox {
  public:
    void post(T message) {
        const std::lock_guard lock(m_mutex);
        m_messages.push_back(std::move(message));
    }
    /// All messages so far, oldest first; never blocks for long.
    std::vector<T> takeAll() {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_messages, {});
    }
    bool empty() const {
        const std::lock_guard lock(m_mutex);
        return m_messages.empty();
    }

  private:
    mutable std::mutex m_mutex;
    std::vector<T> m_messages;
};

}  // namespace graft
