#include "core/nn/weights/mapped_file.h"

#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace graft {
namespace {

struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) {
            close(number);
        }
    }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    // Non-blocking, or opening a named pipe would wait for a writer.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0) {
        return fileError(errno, path, "open");
    }
    struct stat info {};
    if (fstat(file.number, &info) != 0) {
        return fileError(errno, path, "fstat");
    }
    if (!S_ISREG(info.st_mode)) {
        return Error{ErrorCode::BadFormat,
                     path.string() + " is not an ordinary file.",
                     {},
                     "Choose a file of weights."};
    }
    MappedFile mapped;
    if (info.st_size > 0) {
        void* address =
            mmap(nullptr, std::size_t(info.st_size), PROT_READ, MAP_PRIVATE, file.number, 0);
        if (address == MAP_FAILED) {
            return fileError(errno, path, "mmap");
        }
        mapped.m_mapped = address;
        mapped.m_byteCount = std::size_t(info.st_size);
    }
    return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_mapped(std::exchange(other.m_mapped, nullptr)),
      m_byteCount(std::exchange(other.m_byteCount, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(m_mapped, other.m_mapped);
    std::swap(m_byteCount, other.m_byteCount);
    return *this;
}

MappedFile::~MappedFile() {
    if (m_mapped != nullptr) {
        munmap(m_mapped, m_byteCount);
    }
}

std::string_view MappedFile::bytes() const {
    return m_mapped == nullptr ? std::string_view()
                               : std::string_view(static_cast<const char*>(m_mapped), m_byteCount);
}

}  // namespace graft
