// StagingFolder: a folder that appears whole or not at all. It is filled under a hidden name beside
// its place and renamed at the end; without commit() it is removed again, and so are parent folders
// that were made for it. Thread: one owner.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace graft {

class StagingFolder {
 public:
    /// Refuses a target that exists and is not an empty folder. Missing parents are made.
    static Result<StagingFolder> create(const std::filesystem::path& target);
    StagingFolder(StagingFolder&& other) noexcept;
    StagingFolder& operator=(StagingFolder&&) = delete;
    ~StagingFolder();

    const std::filesystem::path& path() const { return m_staging; }  ///< fill this
    const std::filesystem::path& target() const { return m_target; }
    /// An Error speaks of the target instead of the hidden folder.
    Error rewritten(Error error) const;
    Status commit();

 private:
    StagingFolder() = default;
    Status makeParents();

    std::filesystem::path m_target;
    std::filesystem::path m_staging;
    std::vector<std::filesystem::path> m_madeParents;  ///< outermost first
};

}  // namespace graft
