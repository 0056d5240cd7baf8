#include "core/engine/run_thread.h"

#include "core/base/machine.h"
#include "core/engine/run_sink.h"
#include "core/train/checkpoint.h"

namespace graft {

RunThread::RunThread(RunId id, TrainJob job, RunStore store, std::string filesFolder) : m_id(id) {
    // The curve of a resumed run starts with what is stored.
    if (!job.resumeFrom.empty()) {
        if (Result<std::vector<MetricRow>> stored = store.metrics()) {
            if (const auto info = readCheckpointInfo(job.resumeFrom)) {
                for (const MetricRow& row : *stored) {
                    if (row.step <= info->step) {
                        m_history.append(row);
                    }
                }
            }
        }
    }
    m_thread = std::thread([this, job = std::move(job), store = std::move(store),
                            files = std::move(filesFolder)]() mutable {
        lowerThreadPriority();
        RunSink sink(std::move(store), std::move(files), *this);
        (void)runTraining(job, m_control, m_commands, sink);  // its end is an event
        m_finished.store(true, std::memory_order_release);
    });
}

RunThread::~RunThread() {
    m_control.requestStop();
    m_thread.join();
}

void RunThread::post(const RunCommand& command) {
    m_commands.post(command);
    m_control.wake();
}

}  // namespace graft
