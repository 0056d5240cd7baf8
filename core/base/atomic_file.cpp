#include "core/base/atomic_file.h"

#include "core/base/amounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace graft {
namespace fs = std::filesystem;
namespace {

Status syncFolder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return fileError(errno, folder, "open");
    }
    const int failed = ::fsync(descriptor) != 0 ? errno : 0;
    ::close(descriptor);
    // Some file systems cannot sync a folder and say EINVAL; there is nothing more to do there.
    if (failed != 0 && failed != EINVAL) {
        return fileError(failed, folder, "fsync");
    }
    return {};
}

}  // namespace

Error fileError(int errnoValue, const fs::path& path, const char* call,
                std::uint64_t bytesNeeded) {
    Error error;
    error.detail = std::string(call) + ": " + std::strerror(errnoValue);
    const std::string name = path.string();
    switch (errnoValue) {
        case ENOSPC:
        case EDQUOT: {
            std::error_code ignored;
            const fs::space_info space = fs::space(path.parent_path(), ignored);
            error.code = ErrorCode::DiskFull;
            error.message = "The disk is full: " + name + " could not be written";
            if (!ignored && space.available != static_cast<std::uintmax_t>(-1)) {
                error.message += " (" + bytesText(space.available) + " free";
                if (bytesNeeded > 0) {
                    error.message += ", at least " + bytesText(bytesNeeded) + " needed";
                }
                error.message += ")";
            }
            error.message += ". The previous version of the file is unchanged.";
            error.hint = "Free some space on that disk, then try again.";
            break;
        }
        case EACCES:
        case EPERM:
        case EROFS:
            error.code = ErrorCode::PermissionDenied;
            error.message = "There is no permission to use " + name + ".";
            error.hint = "Choose another folder, or change the permissions.";
            break;
        case ENOENT:
        case ENOTDIR:
            error.code = ErrorCode::NotFound;
            error.message = name + " was not found.";
            error.hint = "Check the name, and that the drive is connected.";
            break;
        default:
            error.code = ErrorCode::Io;
            error.message = name + " could not be read or written.";
            error.hint = "Check the drive, then try again.";
    }
    return error;
}

Status moveIntoPlace(const fs::path& temporary, const fs::path& target) {
    if (::rename(temporary.c_str(), target.c_str()) != 0) {
        return fileError(errno, target, "rename");
    }
    Status synced = syncFolder(target.parent_path().empty() ? fs::path(".") : target.parent_path());
    if (!synced) {
        Error error = synced.error();
        error.message = target.string() +
                        " was written, but the disk did not confirm it; after a power failure the "
                        "version before it could come back.";
        return error;
    }
    return {};
}

Result<AtomicFile> AtomicFile::create(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    fs::path temporary = target;
    temporary += ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const int descriptor =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        return fileError(errno, target, "open");
    }
    return AtomicFile(target, std::move(temporary), descriptor);
}

AtomicFile::AtomicFile(fs::path target, fs::path temporary, int descriptor)
    : m_target(std::move(target)), m_temporary(std::move(temporary)), m_descriptor(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_target(std::move(other.m_target)),
      m_temporary(std::move(other.m_temporary)),
      m_descriptor(std::exchange(other.m_descriptor, -1)),
      m_written(other.m_written) {
    other.m_temporary.clear();
}

AtomicFile::~AtomicFile() {
    if (m_descriptor >= 0) {
        ::close(m_descriptor);
    }
    if (!m_temporary.empty()) {
        ::unlink(m_temporary.c_str());
    }
}

Status AtomicFile::fail(int errnoValue, const char* call) {
    return fileError(errnoValue, m_target, call, m_written);
}

Status AtomicFile::write(const void* data, std::size_t byteCount) {
    const char* bytes = static_cast<const char*>(data);
    m_written += byteCount;  // counted first: a failure then tells how much is needed
    while (byteCount > 0) {
        const ssize_t written = ::write(m_descriptor, bytes, byteCount);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail(errno, "write");
        }
        bytes += written;
        byteCount -= std::size_t(written);
    }
    return {};
}

Status AtomicFile::commit() {
    if (::fsync(m_descriptor) != 0) {
        return fail(errno, "fsync");
    }
    if (::close(std::exchange(m_descriptor, -1)) != 0) {
        return fail(errno, "close");
    }
    GRAFT_CHECK(moveIntoPlace(m_temporary, m_target));
    m_temporary.clear();
    return {};
}

Status writeFileAtomically(const fs::path& target, std::string_view content) {
    GRAFT_TRY(AtomicFile file, AtomicFile::create(target));
    GRAFT_CHECK(file.write(content));
    return file.commit();
}

Result<std::string> readWholeFile(const fs::path& path, std::uint64_t maxBytes) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fileError(errno, path, "open");
    }
    struct Closer {
        int descriptor;
        ~Closer() { ::close(descriptor); }
    } closer{descriptor};
    struct stat info {};
    if (::fstat(descriptor, &info) != 0) {
        return fileError(errno, path, "stat");
    }
    if (!S_ISREG(info.st_mode)) {
        return Error{ErrorCode::BadFormat, path.string() + " is not a file.", {}, {}};
    }
    if (std::uint64_t(info.st_size) > maxBytes) {
        return Error{ErrorCode::TooLarge,
                     path.string() + " is larger than the limit of " + bytesText(maxBytes) + ".",
                     {},
                     {}};
    }
    std::string content(std::size_t(info.st_size), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::read(descriptor, content.data() + done, content.size() - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fileError(errno, path, "read");
        }
        if (count == 0) {
            break;
        }
        done += std::size_t(count);
    }
    content.resize(done);
    return content;
}

}  // namespace graft
