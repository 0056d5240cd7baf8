// ProjectStore: makes and opens the project file: what it claims to be is checked before anything
// may touch it, then the lock, the integrity check and the migrations. Private to core/project.
// Thread: any.
#pragma once

#include "core/project/database.h"
#include "core/project/project_lock.h"

#include <memory>
#include <string>

namespace graft {

struct ProjectStore {
    std::unique_ptr<Database> database;
    std::shared_ptr<ProjectLock> lock;  ///< null when open for reading only

    bool readOnly() const { return lock == nullptr; }
};

/// Absolute, links followed as far as they exist.
std::string absoluteProjectPath(const std::string& path);

/// Errors: InvalidArgument (something is there), NotFound (no such folder), as AtomicFile.
Result<ProjectStore> createStore(const std::string& path);
/// Errors: as Project::open.
Result<ProjectStore> openStore(const std::string& path, bool readOnly);
/// One more connection to a file that openStore has checked.
Result<std::unique_ptr<Database>> connectAgain(const std::string& path, bool readOnly);

}  // namespace graft
