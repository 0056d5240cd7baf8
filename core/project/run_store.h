// RunStore: what a run leaves in the project file, written through a connection of its own so
// that the run's thread never waits for the window. RunRecord is what the window lists.
// Thread: a RunStore has one owner; records are plain values.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/base/result.h"
#include "core/data/augment_spec.h"
#include "core/nn/model_spec.h"
#include "core/train/train_messages.h"
#include "core/train/train_options.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace graft {

using RunId = std::int64_t;

struct RunRecord {
    RunId id = 0;
    std::string name;  ///< "Run 3"
    RunState state = RunState::Created;
    std::string created;   ///< UTC
    std::string finished;  ///< UTC, "" while it is not
    std::string message;   ///< why it ended or failed
    ModelSpec model;
    AugmentSpec augment;
    TrainOptions options;
    std::vector<ClassInfo> classes;  ///< as they were when it started
    double bestAccuracy = -1;        ///< validation; -1: none yet
    std::int64_t bestEpoch = 0;      ///< 1-based; 0 with an accuracy: the quick model is the best
    double quickAccuracy = -1;       ///< of the quick model; -1: none
    std::int64_t epochsDone = 0;
    std::int64_t validationCount = 0;

    bool hasModel() const { return bestAccuracy >= 0 || bestEpoch > 0; }
    bool bestIsQuick() const { return bestAccuracy >= 0 && bestEpoch == 0; }
};

struct CheckpointRecord {
    std::string path;  ///< relative to the project's files folder
    std::string kind;  ///< "a", "b", "best", "quick"
    std::string sha256;
    std::int64_t step = 0;
};

class RunStore {
 public:
    RunStore(RunStore&&) noexcept;
    RunStore& operator=(RunStore&&) noexcept;
    ~RunStore();

    /// Each is one transaction. Errors: DiskFull, Io.
    Status setState(RunState state, const std::string& message);
    Status appendMetrics(const std::vector<MetricRow>& rows);
    Status appendEdit(const EditRecord& edit);
    Status setCheckpoint(const CheckpointRecord& checkpoint);
    Status setEvaluation(const Evaluation& evaluation);
    /// Drops metric rows with step > `step` and edits with number > `editCount` (a resume from an
    /// older checkpoint).
    Status rewind(std::int64_t step, std::int64_t editCount);

    Result<std::vector<MetricRow>> metrics() const;
    Result<std::vector<EditRecord>> edits() const;
    Result<std::vector<CheckpointRecord>> checkpoints() const;
    Result<std::optional<Evaluation>> evaluation(Split split) const;
    /// The data set as the run saw it: samples with the label and split of its start.
    Result<Dataset> dataset() const;

 private:
    friend class Project;
    struct State;
    explicit RunStore(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace graft
