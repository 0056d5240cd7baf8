// MetricsHistory: the growing list of metric rows, written by the run, read by cursor.
// Thread: any.
#pragma once

#include "core/train/train_messages.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace graft {

class MetricsHistory {
  public:
    void append(const MetricRow& row) {
        const std::lock_guard lock(m_mutex);
        m_rows.push_back(row);
    }
    /// Rows from position `cursor` on; moves the cursor behind the last one.
    std::vector<MetricRow> readFrom(std::size_t& cursor) const {
        const std::lock_guard lock(m_mutex);
        std::vector<MetricRow> fresh(m_rows.begin() + std::ptrdiff_t(std::min(cursor, m_rows.size())),
                                     m_rows.end());
        cursor = m_rows.size();
        return fresh;
    }

  private:
    mutable std::mutex m_mutex;
    std::vector<MetricRow> m_rows;
};

}  // namespace graft
