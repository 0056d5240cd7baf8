// What a RunStore holds: a connection of its own, a share in the project's lock, and a writer of
// whole transactions. Private to core/project. Thread: the RunStore's owner.
#pragma once

#include "core/project/database.h"
#include "core/project/log_syncer.h"
#include "core/project/project_lock.h"
#include "core/project/run_store.h"

#include <memory>

namespace graft {

struct RunStore::State {
    RunId run = 0;
    std::shared_ptr<LogSyncer> syncer;   ///< null when read-only
    std::shared_ptr<ProjectLock> lock;   ///< null when read-only
    std::unique_ptr<Database> database;  ///< closed first

    template <class Work>
    Status write(Work&& work) {
        if (!lock) {
            return Error{ErrorCode::PermissionDenied,
                         database->path() + " is open for reading only.",
                         {},
                         "Close it where it is open for changes, then open it again."};
        }
        GRAFT_TRY(Transaction transaction, Transaction::begin(*database));
        GRAFT_CHECK(work(static_cast<const Database&>(*database)));
        GRAFT_CHECK(transaction.commit());
        syncer->changed();
        return {};
    }
};

}  // namespace graft
