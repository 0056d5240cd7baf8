#include "core/train/feature_file.h"

#include "core/base/atomic_file.h"
#include "core/base/rng.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace graft {
namespace {

constexpr char kMagic[8] = {'G', 'R', 'F', 'T', 'F', 'E', 'A', '1'};
constexpr std::uint32_t kMostRows = 1u << 16;
constexpr std::uint64_t kMostRowBytes = 1u << 30;

class Descriptor {
 public:
    Descriptor(const std::string& path, int flags)
        : m_value(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
    ~Descriptor() {
        if (m_value >= 0) {
            ::close(m_value);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int value() const { return m_value; }
    bool open() const { return m_value >= 0; }
    int close() { return ::close(std::exchange(m_value, -1)); }

 private:
    int m_value;
};

bool readAt(int descriptor, std::uint64_t offset, void* to, std::uint64_t count) {
    char* bytes = static_cast<char*>(to);
    while (count > 0) {
        const ssize_t done = ::pread(descriptor, bytes, count, off_t(offset));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        offset += std::uint64_t(done);
        count -= std::uint64_t(done);
    }
    return true;
}

bool writeAll(int descriptor, const void* from, std::uint64_t count) {
    const char* bytes = static_cast<const char*>(from);
    while (count > 0) {
        const ssize_t done = ::write(descriptor, bytes, count);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return false;
        }
        bytes += done;
        count -= std::uint64_t(done);
    }
    return true;
}

struct Fixed {
    char magic[8];
    std::uint32_t keyBytes;
    std::uint32_t rows;
    std::uint64_t rowBytes;
    std::uint64_t headerSum;  // of key, places and sums
};

std::uint64_t headerBytes(std::size_t rows, const std::string& key) {
    return sizeof(Fixed) + key.size() +
           rows * (sizeof(std::uint32_t) + sizeof(std::uint64_t));
}

std::string variablePart(const std::string& key, const std::vector<std::uint32_t>& places,
                         const std::vector<std::uint64_t>& sums) {
    std::string text = key;
    text.append(reinterpret_cast<const char*>(places.data()), places.size() * sizeof places[0]);
    text.append(reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof sums[0]);
    return text;
}

}  // namespace

std::uint64_t featureSum(const void* data, std::uint64_t byteCount) {
    // Four sums side by side, so that the multiplications overlap.
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
    std::uint64_t lanes[4] = {byteCount, byteCount + 1, byteCount + 2, byteCount + 3};
    const char* bytes = static_cast<const char*>(data);
    std::uint64_t at = 0;
    for (; at + 32 <= byteCount; at += 32) {
        std::uint64_t words[4];
        std::memcpy(words, bytes + at, sizeof words);
        for (int i = 0; i < 4; ++i) {
            lanes[i] = std::rotl(lanes[i] ^ words[i], 29) * kOdd;
        }
    }
    std::uint64_t sum = 0;
    for (; at < byteCount; ++at) {
        sum = (sum ^ std::uint8_t(bytes[at])) * kOdd;
    }
    for (const std::uint64_t lane : lanes) {
        sum = mixBits(sum ^ mixBits(lane));
    }
    return sum;
}

std::uint64_t featureFileBytes(const FeatureBlock& block, const std::string& key) {
    return headerBytes(block.places.size(), key) + block.bytes.size();
}

Status writeFeatureFile(const std::string& path, const std::string& key,
                        const FeatureBlock& block) {
    std::vector<std::uint64_t> sums;
    for (std::size_t i = 0; i < block.places.size(); ++i) {
        sums.push_back(featureSum(block.bytes.data() + i * block.rowBytes, block.rowBytes));
    }
    const std::string variable = variablePart(key, block.places, sums);
    Fixed fixed{};
    std::memcpy(fixed.magic, kMagic, sizeof kMagic);
    fixed.keyBytes = std::uint32_t(key.size());
    fixed.rows = std::uint32_t(block.places.size());
    fixed.rowBytes = block.rowBytes;
    fixed.headerSum = featureSum(variable.data(), variable.size());

    static std::atomic<unsigned> counter{0};
    const std::string temporary =
        path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const auto failed = [&](const char* call) {
        const Error error = fileError(errno, path, call, featureFileBytes(block, key));
        ::unlink(temporary.c_str());
        return error;
    };
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.open()) {
        return failed("open");
    }
    if (!writeAll(file.value(), &fixed, sizeof fixed) ||
        !writeAll(file.value(), variable.data(), variable.size()) ||
        !writeAll(file.value(), block.bytes.data(), block.bytes.size())) {
        return failed("write");
    }
    // Starts the disk now, so that gigabytes do not pile up in front of someone else's fsync.
    (void)::sync_file_range(file.value(), 0, 0, SYNC_FILE_RANGE_WRITE);
    if (file.close() != 0) {
        return failed("close");
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        return failed("rename");
    }
    return {};
}

bool readFeatureFile(const std::string& path, const std::string& key, FeatureFileHeader* header,
                     std::vector<char>* rows) {
    const Descriptor file(path, O_RDONLY);
    Fixed fixed{};
    if (!file.open() || !readAt(file.value(), 0, &fixed, sizeof fixed) ||
        std::memcmp(fixed.magic, kMagic, sizeof kMagic) != 0 || fixed.keyBytes != key.size() ||
        fixed.rows > kMostRows || fixed.rowBytes > kMostRowBytes) {
        return false;
    }
    std::string variable(headerBytes(fixed.rows, key) - sizeof fixed, '\0');
    if (!readAt(file.value(), sizeof fixed, variable.data(), variable.size()) ||
        featureSum(variable.data(), variable.size()) != fixed.headerSum ||
        variable.compare(0, key.size(), key) != 0) {
        return false;
    }
    header->rowBytes = fixed.rowBytes;
    header->places.resize(fixed.rows);
    header->sums.resize(fixed.rows);
    const char* at = variable.data() + key.size();
    std::memcpy(header->places.data(), at, fixed.rows * sizeof(std::uint32_t));
    std::memcpy(header->sums.data(), at + fixed.rows * sizeof(std::uint32_t),
                fixed.rows * sizeof(std::uint64_t));
    // Read in order and checked while it is in the cache of the core.
    rows->resize(fixed.rows * fixed.rowBytes);
    std::uint64_t offset = headerBytes(fixed.rows, key);
    for (std::size_t i = 0; i < fixed.rows; ++i, offset += fixed.rowBytes) {
        char* to = rows->data() + i * fixed.rowBytes;
        if (!readAt(file.value(), offset, to, fixed.rowBytes) ||
            featureSum(to, fixed.rowBytes) != header->sums[i]) {
            return false;
        }
    }
    // Eviction goes by this time; a file system without it only forgets what was used last.
    (void)::futimens(file.value(), nullptr);
    return true;
}

bool readFeatureRow(const std::string& path, const std::string& key,
                    const FeatureFileHeader& header, std::size_t index, char* out) {
    const Descriptor file(path, O_RDONLY);
    const std::uint64_t offset =
        headerBytes(header.places.size(), key) + index * header.rowBytes;
    return file.open() && readAt(file.value(), offset, out, header.rowBytes) &&
           featureSum(out, header.rowBytes) == header.sums[index];
}

}  // namespace graft
