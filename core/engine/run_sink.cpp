#include "core/engine/run_sink.h"

#include <filesystem>

namespace graft {

void RunSink::event(const TrainEvent& event) {
    using Kind = TrainEvent::Kind;
    switch (event.kind) {
        case Kind::QuickModelReady:
        case Kind::Started:
        case Kind::Resumed:
            setState(RunState::Running, {});
            break;
        case Kind::Paused:
            setState(RunState::Paused, event.error.message);
            break;
        case Kind::EditApplied:
            m_edits.push_back(event.edit);
            break;
        case Kind::Finished:
            setState(RunState::Finished, event.text);
            break;
        case Kind::Stopped:
            setState(RunState::Stopped, event.text);
            break;
        case Kind::Failed:
            setState(RunState::Failed, event.error.message);
            break;
        default:
            break;
    }
    m_next.event(event);
}

void RunSink::setState(RunState state, const std::string& message) {
    m_pendingState = PendingState{state, message};
    // A failure shows again at the flush before the next checkpoint, which then pauses the run.
    (void)flush();
}

void RunSink::metric(const MetricRow& row) {
    m_rows.push_back(row);
    m_next.metric(row);
    constexpr auto kInterval = std::chrono::seconds(1);
    if (row.kind == MetricRow::Kind::Epoch ||
        std::chrono::steady_clock::now() - m_lastFlush > kInterval) {
        (void)flush();
    }
}

void RunSink::checkpoint(const std::string& path, const std::string& kind,
                         const std::string& sha256, std::int64_t step) {
    std::error_code failed;
    const auto relative = std::filesystem::relative(path, m_filesFolder, failed);
    m_checkpoints.push_back({failed ? path : relative.generic_string(), kind, sha256, step});
    m_next.checkpoint(path, kind, sha256, step);
}

void RunSink::rewind(std::int64_t step, std::int64_t editCount) {
    m_rows.clear();
    m_edits.clear();
    (void)m_store.rewind(step, editCount);
    m_next.rewind(step, editCount);
}

Status RunSink::flush() {
    m_lastFlush = std::chrono::steady_clock::now();
    if (!m_rows.empty()) {
        GRAFT_CHECK(m_store.appendMetrics(m_rows));
        m_rows.clear();
    }
    while (!m_edits.empty()) {
        GRAFT_CHECK(m_store.appendEdit(m_edits.front()));
        m_edits.erase(m_edits.begin());
    }
    while (!m_checkpoints.empty()) {
        GRAFT_CHECK(m_store.setCheckpoint(m_checkpoints.front()));
        m_checkpoints.erase(m_checkpoints.begin());
    }
    if (m_pendingState) {
        GRAFT_CHECK(m_store.setState(m_pendingState->state, m_pendingState->message));
        m_pendingState.reset();
    }
    return m_next.flush();
}

}  // namespace graft
