// Trainer: the training loop as an ordinary blocking function. It does not know who calls it: the
// command line on its main thread, the window through Engine on a worker thread, tests directly.
// Thread: the caller's; commands and control may be used from any thread meanwhile.
#pragma once

#include "core/base/mailbox.h"
#include "core/base/run_control.h"
#include "core/data/augment_spec.h"
#include "core/data/dataset.h"
#include "core/nn/model_spec.h"
#include "core/train/train_messages.h"
#include "core/train/train_options.h"

#include <string>
#include <vector>

namespace graft {

/// Everything a run is made of. A value: the run owns its copy.
struct TrainJob {
    Dataset dataset;       ///< problems are not needed
    ModelSpec model;
    AugmentSpec augment;
    TrainOptions options;
    std::string folder;    ///< where checkpoints go; exists
    std::string cacheFolder;  ///< for features on the disk; "" = in memory only
    std::int64_t cacheMemoryBytes = -1;  ///< for features in memory; -1: by what is available
    std::string resumeFrom;///< "" = from the start; else a checkpoint file
};

/// Where the run reports to. Called on the run's thread; must not block for long.
class TrainSink {
  public:
    virtual ~TrainSink() = default;
    virtual void event(const TrainEvent& event) = 0;
    virtual void metric(const MetricRow& row) = 0;
    virtual void snapshot(const TrainSnapshot& snapshot) = 0;
    /// Called with every checkpoint file written: kind "a", "b", "best" or "quick", and its SHA-256.
    virtual void checkpoint(const std::string& path, const std::string& kind,
                            const std::string& sha256, std::int64_t step) = 0;
    /// The run starts again from a checkpoint after `step` steps and `editCount` edits: later
    /// metric rows and edits are void. `step` -1: from nothing, so that all of them are.
    virtual void rewind(std::int64_t step, std::int64_t editCount) = 0;
    /// Everything reported so far must be on disk when this returns; an Error pauses the run.
    virtual Status flush() { return {}; }
};

/// Returns the final state: Finished, Stopped, or an Error (bad options, weights that do not fit,
/// no usable pictures, Diverged). A failed checkpoint write pauses the run (Paused event with the
/// Error) and is tried again on resume. No exception leaves it.
Result<RunState> runTraining(const TrainJob& job, RunControl& control,
                             Mailbox<RunCommand>& commands, TrainSink& sink);

}  // namespace graft
