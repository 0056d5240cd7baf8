// What goes into a run while it runs (commands) and what comes out (events, snapshots, metrics):
// plain values that cross the thread border. Thread: any.
#pragma once

#include "core/base/result.h"
#include "core/data/dataset.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

/// A change asked for while the run goes on; taken between two steps, in order.
struct RunCommand {
    enum class Kind {
        SetLearningRate,     ///< `value`: new base rate; the schedule goes on from it
        SetRateFactor,       ///< `path`, `value`
        Freeze,              ///< `path`
        Thaw,                ///< `path`
        SetAugmentStrength,  ///< `value`, 0..2
        SaveNow,
        EvaluateNow,
    };
    Kind kind = Kind::SaveNow;
    std::string path;
    double value = 0;
    bool operator==(const RunCommand&) const = default;
};
const char* commandName(RunCommand::Kind kind);  ///< "set-learning-rate" ...
std::string commandText(const RunCommand& command);  ///< "Learning rate 0.003", for log and marks

/// A command that was applied, as it stands in the run's edit log.
struct EditRecord {
    std::int64_t number = 0;  ///< 1, 2, 3 ... in the run
    std::int64_t step = 0;    ///< applied before this step (0-based count of steps taken)
    std::string time;         ///< UTC
    RunCommand command;
};
nlohmann::json toJson(const EditRecord& edit);
Result<EditRecord> editFromJson(const nlohmann::json& json);

enum class RunState {
    Created, Running, Paused, Finished,
    Stopped,   ///< by the user; can be resumed
    Failed,    ///< with an Error; can be resumed from its last checkpoint
    Interrupted ///< the program ended while it ran; can be resumed
};
const char* runStateName(RunState state);  ///< "running" ...
RunState runStateFromName(const std::string& name);

struct TrainEvent {
    enum class Kind {
        QuickModelReady,    ///< `text`, `path`: before the first step, see TrainOptions
        Started,            ///< `text`: what trains
        Paused,             ///< `error` set when a problem (full disk) paused it
        Resumed,
        EditApplied,        ///< `edit`
        EditRejected,       ///< `error`
        CheckpointWritten,  ///< `path`, `best`
        EpochFinished,      ///< `epoch`
        Problem,            ///< `problem`: an unreadable picture, left out
        Notice,             ///< `text`
        Finished,           ///< `text`: why it ended ("All epochs done", "No better epoch for 5")
        Stopped,
        Failed,             ///< `error`
    };
    Kind kind = Kind::Notice;
    std::int64_t step = 0;
    std::int64_t epoch = 0;  ///< 1-based
    std::string text;
    std::string path;
    bool best = false;
    Error error;
    EditRecord edit;
    Problem problem;
};

/// One point of the curves.
struct MetricRow {
    enum class Kind { Step, Epoch };
    Kind kind = Kind::Step;
    std::int64_t step = 0;   ///< steps taken so far
    std::int64_t epoch = 0;  ///< 1-based; 0: the quick model
    double trainLoss = 0;    ///< Step: of the batch; Epoch: mean over the epoch's samples
    double trainAccuracy = 0;
    double learningRate = 0; ///< of the head
    // Epoch rows only:
    double validationLoss = 0;
    double validationAccuracy = 0;
    std::int64_t validationCount = 0;
    double imagesPerSecond = 0;  ///< wall-clock figure, the one that differs between repeats
    bool best = false;
};

/// Where the run is right now; newest wins.
struct TrainSnapshot {
    RunState state = RunState::Created;
    std::int64_t step = 0;
    std::int64_t stepCount = 0;  ///< of the whole run
    std::int64_t epoch = 0;      ///< 1-based, the one under way
    std::int64_t epochCount = 0;
    double trainLoss = 0;        ///< running mean of this epoch
    double trainAccuracy = 0;
    double bestAccuracy = -1;    ///< validation, -1 before the first
    std::int64_t bestEpoch = 0;  ///< 0 with an accuracy: the quick model is the best so far
    double quickAccuracy = -1;   ///< of the quick model; -1: none yet, or none at all
    std::int64_t quickCount = 0; ///< validation pictures that this is from
    bool quickEstimate = false;  ///< from some of the pictures; the whole is under way
    std::int64_t lookedAt = 0;   ///< pictures, for the quick model ...
    std::int64_t toLookAt = 0;   ///< ... of so many; 0: this is not what it does now
    std::int64_t validationCount = 0;
    double learningRate = 0;
    double imagesPerSecond = 0;
    double secondsLeft = -1;     ///< -1: not known yet
    double cacheHits = -1;       ///< share of the features that were there already; -1: not used
    std::uint64_t cacheBytes = 0;  ///< of the feature cache, in memory and on the disk
    std::string activity;        ///< "Training", "Checking on validation pictures", "Saving"
};

}  // namespace graft
