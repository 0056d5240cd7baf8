#include "ui/bridge/run_bridge.h"

#include "core/engine/engine.h"
#include "ui/bridge/project_document.h"

#include <utility>

namespace graft::ui {

namespace {
constexpr int kLookIntervalMs = 66;  // 15 Hz
}

RunBridge::RunBridge(ProjectDocument* document, QObject* parent)
    : QObject(parent), m_document(document) {
    m_timer.setInterval(kLookIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &RunBridge::poll);
    connect(document, &ProjectDocument::opened, this, &RunBridge::documentOpened);
}

RunBridge::~RunBridge() {
    // Only at the end of the program: waits for the run to save.
    if (m_handle) {
        m_handle->stop();
    }
}

bool RunBridge::isActive() const {
    return m_handle != nullptr;
}

RunId RunBridge::runId() const {
    return m_handle ? m_handle->id() : m_lastRun;
}

TrainSnapshot RunBridge::snapshot() const {
    return m_snapshot;
}

void RunBridge::start() {
    if (m_document->isOpen() && !m_handle) {
        adopt(engine::startRun(m_document->project()));
    }
}

void RunBridge::resumeStored(RunId run) {
    if (m_document->isOpen() && !m_handle) {
        adopt(engine::resumeRun(m_document->project(), run));
    }
}

void RunBridge::pause() {
    if (m_handle) {
        m_handle->pause();
    }
}

void RunBridge::resume() {
    if (m_handle) {
        m_handle->resume();
    }
}

void RunBridge::stop() {
    if (m_handle) {
        m_handle->stop();
    }
}

void RunBridge::setLearningRate(double rate) {
    post(RunCommand::Kind::SetLearningRate, {}, rate);
}

void RunBridge::setRateFactor(const QString& path, double factor) {
    post(RunCommand::Kind::SetRateFactor, path, factor);
}

void RunBridge::setFrozen(const QString& path, bool frozen) {
    post(frozen ? RunCommand::Kind::Freeze : RunCommand::Kind::Thaw, path);
}

void RunBridge::setAugmentStrength(double strength) {
    post(RunCommand::Kind::SetAugmentStrength, {}, strength);
}

void RunBridge::evaluateNow() {
    post(RunCommand::Kind::EvaluateNow);
}

void RunBridge::saveNow() {
    post(RunCommand::Kind::SaveNow);
}

void RunBridge::post(RunCommand::Kind kind, const QString& path, double value) {
    if (m_handle) {
        m_handle->post({kind, path.toStdString(), value});
    }
}

void RunBridge::adopt(Result<std::unique_ptr<RunHandle>> handle) {
    if (!handle) {
        Q_EMIT failed(handle.error());
        return;
    }
    m_handle = std::move(handle).value();
    m_cursor = 0;
    m_lastRun = m_handle->id();
    m_endState = RunState::Created;
    m_snapshot = {};
    m_timer.start();
    m_document->announceRuns();
    Q_EMIT started(m_lastRun);
}

// The run of a project that was closed goes on only to save; nobody listens to it any more.
void RunBridge::documentOpened() {
    m_lastRun = 0;
    m_snapshot = {};
    if (m_handle) {
        m_handle->stop();
        m_retiring = std::move(m_handle);
    }
}

void RunBridge::poll() {
    if (m_retiring && m_retiring->finished()) {
        m_retiring.reset();
    }
    if (m_handle) {
        // Asked first: what is drained after it is then all there is.
        const bool ended = m_handle->finished();
        drain();
        if (ended && m_handle) {
            retire();
        }
    }
    if (!m_handle && !m_retiring) {
        m_timer.stop();
    }
}

// Handlers may close the project, which takes the handle away.
void RunBridge::drain() {
    const std::vector<MetricRow> rows = m_handle->history().readFrom(m_cursor);
    const std::shared_ptr<const TrainSnapshot> newest = m_handle->snapshot();
    const std::vector<TrainEvent> events = m_handle->takeEvents();
    if (!rows.empty()) {
        Q_EMIT metricsAdded(rows);
    }
    if (newest) {
        m_snapshot = *newest;
        Q_EMIT snapshotChanged(m_snapshot);
    }
    for (const TrainEvent& event : events) {
        if (event.kind == TrainEvent::Kind::Finished) {
            m_endState = RunState::Finished;
        } else if (event.kind == TrainEvent::Kind::Stopped) {
            m_endState = RunState::Stopped;
        } else if (event.kind == TrainEvent::Kind::Failed) {
            m_endState = RunState::Failed;
        }
        Q_EMIT eventArrived(event);
        if (changesStoredRuns(event)) {
            m_document->announceRuns();
        }
    }
}

void RunBridge::retire() {
    const std::unique_ptr<RunHandle> ended = std::move(m_handle);
    const RunState state = m_endState == RunState::Created ? RunState::Failed : m_endState;
    m_snapshot.state = state;
    m_document->announceRuns();
    Q_EMIT snapshotChanged(m_snapshot);
    Q_EMIT finished(ended->id(), state);
}

bool RunBridge::changesStoredRuns(const TrainEvent& event) {
    switch (event.kind) {
        case TrainEvent::Kind::QuickModelReady:
        case TrainEvent::Kind::Started:
        case TrainEvent::Kind::Paused:
        case TrainEvent::Kind::Resumed:
        case TrainEvent::Kind::EpochFinished:
        case TrainEvent::Kind::Finished:
        case TrainEvent::Kind::Stopped:
        case TrainEvent::Kind::Failed:
            return true;
        default:
            return false;
    }
}

}  // namespace graft::ui
