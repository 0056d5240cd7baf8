// RunSink: puts what a run reports into the project file and hands it on. Metric rows are written
// in batches, so that a fast run does not turn into a stream of transactions.
// Thread: the run's.
#pragma once

#include "core/project/run_store.h"
#include "core/train/trainer.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace graft {

class RunSink : public TrainSink {
  public:
    RunSink(RunStore store, std::string filesFolder, TrainSink& next)
        : m_store(std::move(store)), m_filesFolder(std::move(filesFolder)), m_next(next) {}

    void event(const TrainEvent& event) override;
    void metric(const MetricRow& row) override;
    void snapshot(const TrainSnapshot& snapshot) override { m_next.snapshot(snapshot); }
    void checkpoint(const std::string& path, const std::string& kind, const std::string& sha256,
                    std::int64_t step) override;
    void rewind(std::int64_t step, std::int64_t editCount) override;
    Status flush() override;

    /// What the project knew of the run before, for a resumed one.
    const RunStore& store() const { return m_store; }

  private:
    void setState(RunState state, const std::string& message);

    RunStore m_store;
    std::string m_filesFolder;
    TrainSink& m_next;
    std::vector<MetricRow> m_rows;
    std::vector<EditRecord> m_edits;
    std::vector<CheckpointRecord> m_checkpoints;
    struct PendingState {
        RunState state;
        std::string message;
    };
    std::optional<PendingState> m_pendingState;
    std::chrono::steady_clock::time_point m_lastFlush = std::chrono::steady_clock::now();
};

}  // namespace graft
