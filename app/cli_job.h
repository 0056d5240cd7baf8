// Waits for a Job on the command line: shows its progress and hands Ctrl+C on. Thread: main.
#pragma once

#include "app/cli_console.h"
#include "app/cli_interrupt.h"
#include "app/cli_progress.h"
#include "core/engine/job.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace graft::cli {

template <class T>
Result<T> waitFor(Job<T>& job, Console& console, const std::string& title) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const InterruptScope scope([&job] { job.cancel(); });
    EtaEstimate eta;
    while (!job.finished()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (console.terminal()) {
            Progress::State state = job.progress();
            state.text = state.text.empty() ? title : state.text;
            const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
            const double left = eta.secondsLeft(state.done, state.total, elapsed);
            console.drawProgress(jobLine(state, left, console.columns()));
        }
    }
    console.clearProgress();
    return job.take();
}

/// Runs `task` as a job, for blocking functions of core.
template <class T>
Result<T> runJob(Console& console, const std::string& title,
                 std::function<Result<T>(Progress&)> task) {
    const std::unique_ptr<Job<T>> job = Job<T>::start(std::move(task));
    return waitFor(*job, console, title);
}

}  // namespace graft::cli
