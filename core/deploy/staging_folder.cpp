#include "core/deploy/staging_folder.h"

#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace graft {
namespace fs = std::filesystem;
namespace {

Error occupied(const fs::path& target, bool isFolder) {
    return {ErrorCode::InvalidArgument,
            target.string() + (isFolder ? " is a folder with something in it; it was left as it is."
                                        : " is a file; it was left as it is."),
            {},
            "Choose a new folder for the package."};
}

Status checkTarget(const fs::path& target) {
    std::error_code failed;
    const fs::file_status status = fs::status(target, failed);
    if (status.type() == fs::file_type::not_found) {
        return {};
    }
    if (failed) {
        return fileError(failed.value(), target, "stat");
    }
    if (status.type() != fs::file_type::directory) {
        return occupied(target, false);
    }
    const bool empty = fs::is_empty(target, failed);
    if (failed) {
        return fileError(failed.value(), target, "opendir");
    }
    return empty ? Status() : occupied(target, true);
}

void syncFolder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        ::fsync(descriptor);
        ::close(descriptor);
    }
}

void replaceAll(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

Result<StagingFolder> StagingFolder::create(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    std::error_code failed;
    StagingFolder staging;
    // Through links, so that the rename goes to where the link points.
    staging.m_target = fs::weakly_canonical(fs::absolute(target, failed), failed);
    if (failed) {
        return fileError(failed.value(), target, "realpath");
    }
    if (!staging.m_target.has_filename()) {
        staging.m_target = staging.m_target.parent_path();
    }
    GRAFT_CHECK(checkTarget(staging.m_target));
    GRAFT_CHECK(staging.makeParents());
    const fs::path folder = staging.m_target.parent_path() /
                            ("." + staging.m_target.filename().string() + ".writing-" +
                             std::to_string(::getpid()) + "-" + std::to_string(counter++));
    if (!fs::create_directory(folder, failed)) {
        return fileError(failed ? failed.value() : EEXIST, staging.m_target, "mkdir");
    }
    staging.m_staging = folder;
    return staging;
}

Status StagingFolder::makeParents() {
    std::vector<fs::path> missing;
    std::error_code failed;
    for (fs::path parent = m_target.parent_path();
         !parent.empty() && !fs::exists(parent, failed) && parent != parent.parent_path();
         parent = parent.parent_path()) {
        missing.push_back(parent);
    }
    std::reverse(missing.begin(), missing.end());
    for (const fs::path& parent : missing) {
        if (!fs::create_directory(parent, failed) && failed) {
            return fileError(failed.value(), parent, "mkdir");
        }
        m_madeParents.push_back(parent);
    }
    return {};
}

StagingFolder::StagingFolder(StagingFolder&& other) noexcept
    : m_target(std::move(other.m_target)),
      m_staging(std::exchange(other.m_staging, {})),
      m_madeParents(std::exchange(other.m_madeParents, {})) {}

StagingFolder::~StagingFolder() {
    std::error_code ignored;
    if (!m_staging.empty()) {
        fs::remove_all(m_staging, ignored);
    }
    for (auto parent = m_madeParents.rbegin(); parent != m_madeParents.rend(); ++parent) {
        fs::remove(*parent, ignored);  // only if nothing else has come into it
    }
}

Error StagingFolder::rewritten(Error error) const {
    replaceAll(error.message, m_staging.string(), m_target.string());
    replaceAll(error.message, " The previous version of the file is unchanged.",
               " Nothing was left behind.");
    return error;
}

Status StagingFolder::commit() {
    // rename() takes the place of an empty folder and of nothing else.
    if (::rename(m_staging.c_str(), m_target.c_str()) != 0) {
        const int failed = errno;
        if (failed == ENOTEMPTY || failed == EEXIST) {
            return occupied(m_target, true);
        }
        return fileError(failed, m_target, "rename");
    }
    m_staging.clear();
    m_madeParents.clear();
    syncFolder(m_target.parent_path());
    return {};
}

}  // namespace graft
