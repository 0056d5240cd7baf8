// RunBridge: the run under way as a QObject. Looks at the RunHandle on one timer (15 Hz, off when
// nothing runs) and tells the window what is new; never waits for the run. Thread: GUI.
#pragma once

#include "core/engine/run_handle.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <vector>

namespace graft::ui {

class ProjectDocument;

class RunBridge : public QObject {
    Q_OBJECT
 public:
    explicit RunBridge(ProjectDocument* document, QObject* parent = nullptr);
    ~RunBridge() override;

    bool isActive() const;           ///< a run is under way (running or paused)
    RunId runId() const;             ///< of the run under way, else the last one; 0 if none
    TrainSnapshot snapshot() const;  ///< newest; default-made before the first

    void start();                  ///< a new run with the document's options; failed() on error
    void resumeStored(RunId run);  ///< goes on with a stopped, failed or interrupted run
    void pause();
    void resume();
    void stop();  ///< saves and stops; finished() follows
    void setLearningRate(double rate);
    void setRateFactor(const QString& path, double factor);
    void setFrozen(const QString& path, bool frozen);
    void setAugmentStrength(double strength);
    void evaluateNow();
    void saveNow();
    /// Looks after a run that was started elsewhere; start() and resumeStored() end here too. On an
    /// Error: failed(). The bridge owns the handle until the run has finished.
    void adopt(Result<std::unique_ptr<RunHandle>> handle);

 Q_SIGNALS:
    void started(graft::RunId run);
    void snapshotChanged(const graft::TrainSnapshot& snapshot);
    void metricsAdded(const std::vector<graft::MetricRow>& rows);
    void eventArrived(const graft::TrainEvent& event);
    void finished(graft::RunId run, graft::RunState state);
    void failed(const graft::Error& error);

 private:
    void post(RunCommand::Kind kind, const QString& path = {}, double value = 0);
    void documentOpened();
    void poll();
    void drain();
    void retire();
    static bool changesStoredRuns(const TrainEvent& event);

    ProjectDocument* m_document;
    std::unique_ptr<RunHandle> m_handle;
    std::unique_ptr<RunHandle> m_retiring;  ///< of a project that is closed; asked to stop
    QTimer m_timer;
    std::size_t m_cursor = 0;
    RunId m_lastRun = 0;
    RunState m_endState = RunState::Created;
    TrainSnapshot m_snapshot;
};

}  // namespace graft::ui
