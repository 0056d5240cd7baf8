// RunThread: a RunHandle whose run lives on a thread of this process. That thread alone owns the
// model, the optimiser and the loader. Thread: see RunHandle.
#pragma once

#include "core/base/run_control.h"
#include "core/base/snapshot_cell.h"
#include "core/engine/run_handle.h"
#include "core/train/trainer.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace graft {

class RunThread : public RunHandle, private TrainSink {
  public:
    RunThread(RunId id, TrainJob job, RunStore store, std::string filesFolder);
    ~RunThread() override;  ///< stops the run and waits for it

    RunId id() const override { return m_id; }
    void pause() override { m_control.requestPause(); }
    void resume() override { m_control.resume(); }
    void stop() override { m_control.requestStop(); }
    void post(const RunCommand& command) override;
    std::vector<TrainEvent> takeEvents() override { return m_events.takeAll(); }
    std::shared_ptr<const TrainSnapshot> snapshot() const override { return m_snapshot.latest(); }
    const MetricsHistory& history() const override { return m_history; }
    bool finished() const override { return m_finished.load(std::memory_order_acquire); }

  private:
    void event(const TrainEvent& event) override { m_events.post(event); }
    void metric(const MetricRow& row) override { m_history.append(row); }
    void snapshot(const TrainSnapshot& snapshot) override { m_snapshot.publish(snapshot); }
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t, std::int64_t) override {}

    const RunId m_id;
    RunControl m_control;
    Mailbox<RunCommand> m_commands;
    Mailbox<TrainEvent> m_events;
    SnapshotCell<TrainSnapshot> m_snapshot;
    MetricsHistory m_history;
    std::atomic<bool> m_finished{false};
    std::thread m_thread;
};

}  // namespace graft
