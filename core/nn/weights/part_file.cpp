#include "core/nn/weights/part_file.h"

#include "core/base/atomic_file.h"
#include "core/base/hash.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxVersionBytes = 4096;

fs::path withSuffix(fs::path path, const char* suffix) {
    path += suffix;
    return path;
}

}  // namespace

Result<PartFile> PartFile::open(const fs::path& target) {
    const fs::path path = withSuffix(target, ".part");
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        return fileError(errno, path, "open");
    }
    PartFile part(target, descriptor);
    struct stat opened {};
    struct stat named {};
    // Between opening and locking another program may have finished and renamed it.
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || ::fstat(descriptor, &opened) != 0 ||
        ::stat(path.c_str(), &named) != 0 || opened.st_ino != named.st_ino) {
        ::close(std::exchange(part.m_descriptor, -1));
        return Error{ErrorCode::Busy,
                     target.filename().string() + " is being downloaded by another program.",
                     {},
                     "Wait until it is done."};
    }
    part.m_size = std::uint64_t(opened.st_size);
    if (const Result<std::string> version = readWholeFile(part.m_versionFile, kMaxVersionBytes)) {
        part.m_version = *version;
    }
    return part;
}

PartFile::PartFile(fs::path target, int descriptor)
    : m_target(std::move(target)),
      m_part(withSuffix(m_target, ".part")),
      m_versionFile(withSuffix(m_target, ".part.version")),
      m_descriptor(descriptor) {}

PartFile::PartFile(PartFile&& other) noexcept
    : m_target(std::move(other.m_target)),
      m_part(std::move(other.m_part)),
      m_versionFile(std::move(other.m_versionFile)),
      m_version(std::move(other.m_version)),
      m_descriptor(std::exchange(other.m_descriptor, -1)),
      m_size(other.m_size) {}

PartFile::~PartFile() {
    if (m_descriptor >= 0) {
        if (m_size == 0) {
            ::unlink(m_part.c_str());
            ::unlink(m_versionFile.c_str());
        }
        ::close(m_descriptor);
    }
}

Error PartFile::diskError(int errnoValue, const char* call) const {
    Error error = fileError(errnoValue, m_part, call);
    if (error.code == ErrorCode::DiskFull) {
        error.message = "The disk became full while " + m_target.filename().string() + " came.";
    }
    return error;
}

Status PartFile::startOver(const std::string& version) {
    if (::ftruncate(m_descriptor, 0) != 0) {
        return diskError(errno, "ftruncate");
    }
    m_size = 0;
    m_version = version;
    return writeFileAtomically(m_versionFile, version);
}

Status PartFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return diskError(errno, "write");
        }
        m_size += std::uint64_t(written);
        bytes.remove_prefix(std::size_t(written));
    }
    return {};
}

Status PartFile::finish(const std::string& sha256) {
    if (::fsync(m_descriptor) != 0) {
        return diskError(errno, "fsync");
    }
    GRAFT_TRY(const std::string hex, sha256File(m_part));
    if (!hex.starts_with(sha256)) {
        GRAFT_CHECK(startOver({}));
        return Error{ErrorCode::BadFormat,
                     "What came is not " + m_target.filename().string() +
                         " as it was published: its content is different. It was deleted.",
                     "SHA-256 begins with " + hex.substr(0, sha256.size()) + ", not " + sha256,
                     "Try again. If it stays so, something on the way changes downloads (a login "
                     "page of the network, a filter), or the file was replaced."};
    }
    if (::fchmod(m_descriptor, 0444) != 0) {
        return diskError(errno, "fchmod");
    }
    ::unlink(m_versionFile.c_str());  // a whole part needs none
    return moveIntoPlace(m_part, m_target);
}

}  // namespace graft
