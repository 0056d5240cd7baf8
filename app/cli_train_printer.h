// TrainPrinter: shows a run on the command line: one line that is redrawn on a terminal, a line per
// epoch everywhere. Thread: the run's, which is main here.
#pragma once

#include "app/cli_console.h"
#include "core/base/run_control.h"
#include "core/train/trainer.h"

#include <chrono>
#include <optional>
#include <string>

namespace graft::cli {

class TrainPrinter : public TrainSink {
 public:
    TrainPrinter(Console& console, RunControl& control) : m_console(console), m_control(control) {}

    void event(const TrainEvent& event) override;
    void metric(const MetricRow& row) override;
    void snapshot(const TrainSnapshot& snapshot) override;
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t step, std::int64_t) override;

    /// The run got as far as training; before that, nothing of it is worth keeping.
    bool started() const { return m_started; }
    /// The problem that made the run pause. Nobody is there to resume it, so it was stopped.
    const std::optional<Error>& problem() const { return m_problem; }

 private:
    Console& m_console;
    RunControl& m_control;
    bool m_started = false;
    std::optional<Error> m_problem;
    std::chrono::steady_clock::time_point m_lastDraw{};
    TrainSnapshot m_last;
};

/// "Epoch  3/10  loss 0.4121 ..." without a line end.
std::string epochLine(const MetricRow& row, std::int64_t epochCount);
/// What the redrawn line shows.
std::string snapshotLine(const TrainSnapshot& snapshot, int columns);

}  // namespace graft::cli
