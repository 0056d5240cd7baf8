// What a Project holds, shared by its source files. Private to core/project.
// Thread: the project's owner.
#pragma once

#include "core/project/change.h"
#include "core/project/journal.h"
#include "core/project/log_syncer.h"
#include "core/project/project.h"
#include "core/project/project_store.h"

#include <map>
#include <memory>
#include <string>

namespace graft {

struct Project::State {
    std::string path;
    std::shared_ptr<LogSyncer> syncer;  ///< null when read-only
    ProjectStore store;                 ///< closed before the syncer
    Dataset dataset;
    Journal journal;
    ModelSpec model;
    AugmentSpec augment;
    TrainOptions options;
    std::map<std::string, std::string> notes;

    Status load();
    Status checkWritable() const;
    /// Runs `work` as one transaction. Memory is changed by the caller, after it has succeeded.
    template <class Work>
    Status write(Work&& work, std::uint64_t bytesNeeded = 1 << 16) {
        GRAFT_CHECK(checkWritable());
        GRAFT_TRY(Transaction transaction, Transaction::begin(*store.database, bytesNeeded));
        GRAFT_CHECK(work(static_cast<const Database&>(*store.database)));
        GRAFT_CHECK(transaction.commit());
        syncer->changed();
        return {};
    }
    /// One undo step; nothing at all for an empty change.
    Status edit(const std::string& text, const Change& change);
    /// Takes the last step back, or makes the next one again.
    Status step(Direction direction);
    Result<const ClassInfo*> findClass(ClassId id) const;
};

}  // namespace graft
