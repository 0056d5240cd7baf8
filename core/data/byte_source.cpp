#include "core/data/byte_source.h"

#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace graft {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

std::uint64_t join(const std::uint8_t* bytes, int count, bool bigEndian) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
        value = value << 8 | bytes[bigEndian ? i : count - 1 - i];
    }
    return value;
}

}  // namespace

bool ByteSource::u8(std::uint64_t offset, std::uint32_t& value) {
    std::uint8_t byte = 0;
    const bool ok = read(offset, &byte, 1);
    value = byte;
    return ok;
}

bool ByteSource::u16(std::uint64_t offset, bool bigEndian, std::uint32_t& value) {
    std::uint8_t bytes[2] = {};
    const bool ok = read(offset, bytes, 2);
    value = std::uint32_t(join(bytes, 2, bigEndian));
    return ok;
}

bool ByteSource::u32(std::uint64_t offset, bool bigEndian, std::uint32_t& value) {
    std::uint8_t bytes[4] = {};
    const bool ok = read(offset, bytes, 4);
    value = std::uint32_t(join(bytes, 4, bigEndian));
    return ok;
}

bool ByteSource::u64(std::uint64_t offset, bool bigEndian, std::uint64_t& value) {
    std::uint8_t bytes[8] = {};
    const bool ok = read(offset, bytes, 8);
    value = join(bytes, 8, bigEndian);
    return ok;
}

std::string ByteSource::peek(std::uint64_t offset, std::size_t count) {
    if (offset >= size()) {
        return {};
    }
    std::string bytes(std::size_t(std::min<std::uint64_t>(count, size() - offset)), '\0');
    if (!read(offset, bytes.data(), bytes.size())) {
        bytes.clear();
    }
    return bytes;
}

bool MemorySource::read(std::uint64_t offset, void* to, std::size_t count) {
    if (offset > m_bytes.size() || count > m_bytes.size() - offset) {
        return false;
    }
    if (count > 0) {
        std::memcpy(to, m_bytes.data() + offset, count);
    }
    return true;
}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
    struct stat info {};
    // Asked before opening: opening a pipe can wait for ever, opening a device can do anything.
    if (::stat(path.c_str(), &info) != 0) {
        return fileError(errno, path, "stat");
    }
    if (!S_ISREG(info.st_mode)) {
        return Error{ErrorCode::BadFormat,
                     path + (S_ISDIR(info.st_mode) ? " is a folder, not a picture file."
                                                   : " is not an ordinary file."),
                     {},
                     {}};
    }
    std::unique_ptr<FileSource> source(new FileSource);
    source->m_path = path;
    source->m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (source->m_descriptor < 0) {
        return fileError(errno, path, "open");
    }
    if (::fstat(source->m_descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        return Error{ErrorCode::BadFormat, path + " is not an ordinary file.", {}, {}};
    }
    source->m_size = std::uint64_t(info.st_size);
    source->m_modifiedNs = std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
    return source;
}

FileSource::~FileSource() {
    if (m_descriptor >= 0) {
        ::close(m_descriptor);
    }
}

void FileSource::readAhead() const {
    // Linux cuts a longer wish down to what the device reads at once.
    constexpr std::uint64_t kAtOnce = 128 << 10;
    for (std::uint64_t at = 0; at < m_size; at += kAtOnce) {
        (void)::posix_fadvise(m_descriptor, off_t(at), off_t(kAtOnce), POSIX_FADV_WILLNEED);
    }
}

int FileSource::release() {
    return std::exchange(m_descriptor, -1);
}

bool FileSource::readDirect(std::uint64_t offset, char* to, std::size_t count) {
    while (count > 0) {
        const ssize_t got = ::pread(m_descriptor, to, count, off_t(offset));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            m_errno = got < 0 ? errno : 0;
            return false;
        }
        to += got;
        offset += std::uint64_t(got);
        count -= std::size_t(got);
    }
    return true;
}

bool FileSource::read(std::uint64_t offset, void* to, std::size_t count) {
    if (offset > m_size || count > m_size - offset) {
        return false;
    }
    if (count > kBlockBytes) {
        return readDirect(offset, static_cast<char*>(to), count);
    }
    if (offset < m_bufferOffset || offset + count > m_bufferOffset + m_buffer.size()) {
        m_buffer.resize(std::size_t(std::min<std::uint64_t>(kBlockBytes, m_size - offset)));
        m_bufferOffset = offset;
        if (!readDirect(offset, m_buffer.data(), m_buffer.size())) {
            m_buffer.clear();
            return false;
        }
    }
    if (count > 0) {
        std::memcpy(to, m_buffer.data() + (offset - m_bufferOffset), count);
    }
    return true;
}

Result<std::string> FileSource::readAll() {
    if (m_size > kMaxFileBytes) {
        return Error{
            ErrorCode::TooLarge, m_path + " is larger than 1 GB and was not opened.", {}, {}};
    }
    std::string bytes(std::size_t(m_size), '\0');
    if (!readDirect(0, bytes.data(), bytes.size())) {
        return m_errno != 0 ? fileError(m_errno, m_path, "read")
                            : Error{ErrorCode::Io, m_path + " changed while it was read.", {}, {}};
    }
    return bytes;
}

}  // namespace graft
