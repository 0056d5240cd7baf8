#include "core/project/project_lock.h"

#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace graft {
namespace fs = std::filesystem;
namespace {

// The owner's process number, for the sentence only; the lock itself is what counts.
std::string ownerText(int descriptor) {
    char digits[16] = {};
    const ssize_t count = ::pread(descriptor, digits, sizeof digits - 1, 0);
    return count > 0 ? "process " + std::string(digits, std::size_t(count)) : std::string();
}

bool sameFile(int descriptor, const fs::path& path) {
    struct stat held {};
    struct stat named {};
    return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace

std::string filesFolderOf(const std::string& projectPath) {
    return projectPath + "-files";
}

ProjectLock::ProjectLock(int descriptor, fs::path path, bool madeFolder)
    : m_descriptor(descriptor), m_path(std::move(path)), m_madeFolder(madeFolder) {}

ProjectLock::~ProjectLock() {
    ::close(m_descriptor);
}

void ProjectLock::removeTraces() {
    std::error_code ignored;
    fs::remove(m_path, ignored);
    if (m_madeFolder) {
        fs::remove(m_path.parent_path(), ignored);  // only when empty
    }
}

Result<std::shared_ptr<ProjectLock>> ProjectLock::acquire(const std::string& projectPath) {
    const fs::path folder = filesFolderOf(projectPath);
    const fs::path path = folder / "lock";
    const bool madeFolder = ::mkdir(folder.c_str(), 0777) == 0;
    if (!madeFolder && errno != EEXIST) {
        return fileError(errno, folder, "mkdir");
    }
    while (true) {
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor < 0) {
            const Error error = fileError(errno, path, "open");
            if (madeFolder) {
                ::rmdir(folder.c_str());
            }
            return error;
        }
        std::shared_ptr<ProjectLock> lock(new ProjectLock(descriptor, path, madeFolder));
        struct flock whole {};
        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        // An open-file-description lock: unlike the older kind it also parts two openings within
        // one process and does not end when some other descriptor of the file is closed.
        if (::fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
            if (errno != EAGAIN && errno != EACCES) {
                return fileError(errno, path, "lock");
            }
            return Error{
                ErrorCode::Busy, projectPath + " is open for changes in another window or program.",
                ownerText(descriptor), "Close it there, or open it here for reading only."};
        }
        if (sameFile(descriptor, path)) {
            const std::string owner = std::to_string(::getpid());
            if (::ftruncate(descriptor, 0) == 0) {
                (void)!::pwrite(descriptor, owner.data(), owner.size(), 0);
            }
            return lock;
        }
        // The file was removed between opening and locking it (see removeTraces): once more.
    }
}

}  // namespace graft
