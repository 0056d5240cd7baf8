// ProjectLock: the right to write a project, held as a lock of the kernel on a file in the
// project's folder, so that it ends with the process however that ends. It is not taken on the
// project file itself, because closing a second descriptor of that would drop SQLite's own locks.
// Thread: any (shared by the project and its runs; the last one to let go unlocks).
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <memory>
#include <string>

namespace graft {

/// "name.graft" -> "name.graft-files".
std::string filesFolderOf(const std::string& projectPath);

class ProjectLock {
 public:
    /// Makes the files folder where it is missing. Errors: Busy, PermissionDenied, DiskFull.
    static Result<std::shared_ptr<ProjectLock>> acquire(const std::string& projectPath);
    ~ProjectLock();
    ProjectLock(const ProjectLock&) = delete;
    ProjectLock& operator=(const ProjectLock&) = delete;

    /// For a project that could not be made: removes what acquire() has put on disk.
    void removeTraces();

 private:
    ProjectLock(int descriptor, std::filesystem::path path, bool madeFolder);

    int m_descriptor;
    std::filesystem::path m_path;
    bool m_madeFolder;
};

}  // namespace graft
