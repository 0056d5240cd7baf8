// RunHandle: a training under way, wherever it lives (here: a thread of its own). The owner posts
// commands and looks at snapshot, events and history; nobody waits for the other.
// Thread: all functions any, except that one owner destroys it (that joins).
#pragma once

#include "core/base/mailbox.h"
#include "core/project/run_store.h"
#include "core/train/metrics_history.h"
#include "core/train/train_messages.h"

#include <memory>
#include <vector>

namespace graft {

class RunHandle {
  public:
    virtual ~RunHandle() = default;

    virtual RunId id() const = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
    /// Asks the run to save and stop; watch finished().
    virtual void stop() = 0;
    virtual void post(const RunCommand& command) = 0;

    virtual std::vector<TrainEvent> takeEvents() = 0;  ///< ordered, never dropped
    virtual std::shared_ptr<const TrainSnapshot> snapshot() const = 0;  ///< null at first
    virtual const MetricsHistory& history() const = 0;
    virtual bool finished() const = 0;  ///< the thread has nothing more to do
};

}  // namespace graft
