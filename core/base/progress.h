// Progress: how far a long job is and whether it shall go on. The job writes, anyone reads.
// Thread: any.
#pragma once

#include "core/base/result.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace graft {

class Progress {
  public:
    struct State {
        std::int64_t done = 0;
        std::int64_t total = 0;  ///< 0: not known yet
        bool inBytes = false;    ///< done and total count bytes
        std::string text;        ///< "Checking pictures"
    };

    void set(std::int64_t done, std::int64_t total) { assign(done, total, false); }
    void setBytes(std::uint64_t done, std::uint64_t total) {
        assign(std::int64_t(done), std::int64_t(total), true);
    }
    void setText(std::string text) {
        const std::lock_guard lock(m_mutex);
        m_state.text = std::move(text);
    }
    State state() const {
        const std::lock_guard lock(m_mutex);
        return m_state;
    }
    void cancel() { m_cancelled = true; }
    bool cancelled() const { return m_cancelled; }
    /// For GRAFT_CHECK at loop boundaries.
    Status checkpoint() const {
        if (m_cancelled) {
            return Error{ErrorCode::Cancelled, "Cancelled.", {}, {}};
        }
        return {};
    }

  private:
    void assign(std::int64_t done, std::int64_t total, bool inBytes) {
        const std::lock_guard lock(m_mutex);
        m_state.done = done;
        m_state.total = total;
        m_state.inBytes = inBytes;
    }

    mutable std::mutex m_mutex;
    State m_state;
    std::atomic<bool> m_cancelled{false};
};

}  // namespace graft
