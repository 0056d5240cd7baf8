// Project: one .graft file (SQLite). Every change is one transaction, so there is nothing to
// forget to save; edits of the data can be undone, also after reopening. The object keeps the data
// set in memory and the file in step with it. `name.graft-files/` beside it holds checkpoints.
// Thread: one owner (GUI or main thread). Runs write through RunStore instead.
#pragma once

#include "core/base/result.h"
#include "core/data/augment_spec.h"
#include "core/data/dataset.h"
#include "core/data/split.h"
#include "core/nn/model_spec.h"
#include "core/project/run_store.h"
#include "core/train/train_options.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace graft {

class Project {
 public:
    enum class Mode { ReadWrite, ReadOnly };

    /// Makes a new project file. Error if something is there already.
    static Result<std::unique_ptr<Project>> create(const std::string& path);
    /// Errors: NotFound, BadFormat (not a Graft project), NewerVersion (refused untouched), Busy
    /// (open elsewhere, when Mode::ReadWrite is asked for), PermissionDenied. Runs that the last
    /// owner left in state running become Interrupted.
    static Result<std::unique_ptr<Project>> open(const std::string& path, Mode mode);
    ~Project();

    const std::string& path() const;  ///< absolute
    std::string name() const;         ///< file name without .graft
    std::string filesFolder() const;  ///< absolute; made when first needed
    std::string runFolder(RunId run) const;
    bool readOnly() const;

    // --- data ----------------------------------------------------------------------------------
    const Dataset& dataset() const;
    /// Takes over a fresh import or rescan (ids of known samples are kept by the caller). Clears
    /// the undo history.
    Status setDataset(Dataset dataset);
    /// Each of these is one transaction and one undo step. Unknown ids are an InvalidArgument.
    Status setLabel(const std::vector<SampleId>& samples, ClassId label);
    Status setExcluded(const std::vector<SampleId>& samples, bool excluded);
    Status setSplit(const std::vector<SampleId>& samples, Split split);
    Status resplit(const SplitOptions& options);
    Status addClass(const std::string& name, ClassId* id);
    Status renameClass(ClassId id, const std::string& name);
    /// Its samples become unlabelled. Undo brings class and labels back.
    Status removeClass(ClassId id);

    bool canUndo() const;
    bool canRedo() const;
    std::string undoText() const;  ///< "Move 3 pictures to ants"
    std::string redoText() const;
    Status undo();
    Status redo();

    // --- options -------------------------------------------------------------------------------
    const ModelSpec& model() const;
    Status setModel(const ModelSpec& spec);
    const AugmentSpec& augment() const;
    Status setAugment(const AugmentSpec& spec);
    const TrainOptions& trainOptions() const;
    Status setTrainOptions(const TrainOptions& options);
    /// Small facts of the window (last page, selected run); not undoable.
    std::string note(const std::string& key) const;
    Status setNote(const std::string& key, const std::string& value);

    // --- runs ----------------------------------------------------------------------------------
    /// Newest first.
    Result<std::vector<RunRecord>> runs() const;
    Result<RunRecord> run(RunId id) const;
    /// Stores the run with the present model, augmentation and options, and the label and split of
    /// each sample as they are now; makes its folder.
    Result<RunRecord> addRun(const std::string& name);
    Status renameRun(RunId id, const std::string& name);
    /// Hides it from the list; its checkpoints stay on disk.
    Status removeRun(RunId id);
    Result<RunStore> runStore(RunId id) const;  ///< a writer of its own for the run's thread

 private:
    Project();
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace graft
