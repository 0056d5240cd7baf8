#include "core/data/idx_file.h"

#include "core/data/byte_source.h"

#include <zlib.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>

namespace graft {
namespace {

constexpr std::uint64_t kMaxDataBytes = 2ull << 30;
constexpr std::size_t kKeptFiles = 4;  // training, test and one more pair

Error badIdx(const std::string& path, const std::string& what) {
    return Error{ErrorCode::BadFormat,
                 path + " is not a usable IDX file: " + what + ".",
                 {},
                 "Download the file again, or leave it out."};
}

/// zlib reads plain files through the same calls.
class Reader {
 public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
        if (m_file) {
            gzclose(m_file);
        }
    }
    Status open(const std::string& path) {
        GRAFT_TRY(const auto source, FileSource::open(path));
        m_file = gzdopen(source->release(), "rb");
        if (!m_file) {
            return Error{
                ErrorCode::OutOfMemory, "There is not enough memory to read " + path + ".", {}, {}};
        }
        gzbuffer(m_file, 256 * 1024);
        return {};
    }
    bool read(void* to, std::size_t count) {
        return gzread(m_file, to, unsigned(count)) == int(count);
    }
    bool u32(std::uint32_t& value) {
        std::uint8_t bytes[4];
        if (!read(bytes, 4)) {
            return false;
        }
        value = std::uint32_t(bytes[0]) << 24 | std::uint32_t(bytes[1]) << 16 |
                std::uint32_t(bytes[2]) << 8 | bytes[3];
        return true;
    }
    /// In pieces: a header that lies about the size costs no memory.
    bool readData(std::uint64_t count, std::string& data) {
        constexpr std::uint64_t kPiece = 4u << 20;
        while (data.size() < count) {
            const std::size_t old = data.size();
            const auto piece = std::size_t(std::min(kPiece, count - old));
            data.resize(old + piece);
            if (!read(data.data() + old, piece)) {
                return false;
            }
        }
        return true;
    }
    /// Reading on to the end lets zlib check the sum of a gzipped file.
    bool atGoodEnd() {
        char byte = 0;
        const int count = gzread(m_file, &byte, 1);
        int error = Z_OK;
        gzerror(m_file, &error);
        return count == 0 && (error == Z_OK || error == Z_STREAM_END);
    }

 private:
    gzFile m_file = nullptr;
};

Result<std::vector<std::uint32_t>> readHeader(Reader& reader, const std::string& path,
                                              std::uint32_t dimensions) {
    std::uint32_t magic = 0;
    if (!reader.u32(magic) || magic != (0x0800u | dimensions)) {
        return badIdx(path, dimensions == 3 ? "it does not hold pictures of grey bytes"
                                            : "it does not hold a list of labels");
    }
    std::vector<std::uint32_t> sizes(dimensions);
    for (std::uint32_t& size : sizes) {
        if (!reader.u32(size)) {
            return badIdx(path, "it ends in its header");
        }
    }
    return sizes;
}

Result<std::shared_ptr<const IdxImages>> loadImages(const std::string& path) {
    Reader reader;
    GRAFT_CHECK(reader.open(path));
    GRAFT_TRY(const std::vector<std::uint32_t> sizes, readHeader(reader, path, 3));
    if (sizes[0] == 0 || sizes[0] > INT32_MAX || sizes[1] == 0 || sizes[2] == 0 ||
        sizes[1] > 32768 || sizes[2] > 32768) {
        return badIdx(path, "its sizes make no sense");
    }
    const std::uint64_t bytes = std::uint64_t(sizes[1]) * sizes[2];
    if (bytes > kMaxDataBytes / sizes[0]) {
        return Error{ErrorCode::TooLarge, path + " holds more than 2 GB of pictures.", {}, {}};
    }
    auto images = std::make_shared<IdxImages>();
    images->count = int(sizes[0]);
    images->height = int(sizes[1]);
    images->width = int(sizes[2]);
    if (!reader.readData(bytes * sizes[0], images->pixels) || !reader.atGoodEnd()) {
        return badIdx(path, "it is truncated, damaged, or longer than its header says");
    }
    return std::shared_ptr<const IdxImages>(std::move(images));
}

struct Kept {
    std::string path;
    std::int64_t size = 0;
    std::int64_t modifiedNs = 0;
    std::shared_ptr<const IdxImages> images;
};

}  // namespace

std::string_view IdxImages::picture(int index) const {
    const std::size_t bytes = std::size_t(width) * std::size_t(height);
    return std::string_view(pixels).substr(std::size_t(index) * bytes, bytes);
}

Result<std::shared_ptr<const IdxImages>> openIdxImages(const std::string& path) {
    static std::mutex mutex;
    static std::deque<Kept> kept;
    struct stat info {};
    const bool found = ::stat(path.c_str(), &info) == 0;
    const std::int64_t modifiedNs =
        std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
    // Held while loading, so that many threads that want the same file load it once.
    const std::lock_guard lock(mutex);
    for (const Kept& entry : kept) {
        if (found && entry.path == path && entry.size == info.st_size &&
            entry.modifiedNs == modifiedNs) {
            return entry.images;
        }
    }
    GRAFT_TRY(std::shared_ptr<const IdxImages> images, loadImages(path));
    std::erase_if(kept, [&path](const Kept& entry) { return entry.path == path; });
    if (kept.size() >= kKeptFiles) {
        kept.pop_front();
    }
    kept.push_back({path, info.st_size, modifiedNs, images});
    return images;
}

Result<std::vector<std::int64_t>> readIdxLabels(const std::string& path) {
    Reader reader;
    GRAFT_CHECK(reader.open(path));
    GRAFT_TRY(const std::vector<std::uint32_t> sizes, readHeader(reader, path, 1));
    std::string bytes;
    if (!reader.readData(sizes[0], bytes) || !reader.atGoodEnd()) {
        return badIdx(path, "it is truncated, damaged, or longer than its header says");
    }
    std::vector<std::int64_t> labels;
    labels.reserve(bytes.size());
    for (const char byte : bytes) {
        labels.push_back(std::uint8_t(byte));
    }
    return labels;
}

bool looksLikeIdx(const std::string& path, int dimensions) {
    Reader reader;
    std::uint32_t magic = 0;
    return reader.open(path).ok() && reader.u32(magic) &&
           magic == (0x0800u | std::uint32_t(dimensions));
}

Result<Image> readIdxPicture(const std::string& path, int index) {
    GRAFT_TRY(const std::shared_ptr<const IdxImages> images, openIdxImages(path));
    if (index < 0 || index >= images->count) {
        return Error{ErrorCode::NotFound,
                     path + " has no picture no. " + std::to_string(index) + " (it has " +
                         std::to_string(images->count) + ").",
                     {},
                     "Import the file again."};
    }
    Image image = Image::blank(images->width, images->height);
    const std::string_view grey = images->picture(index);
    for (std::size_t i = 0; i < grey.size(); ++i) {
        std::memset(image.rgb.data() + 3 * i, std::uint8_t(grey[i]), 3);
    }
    return image;
}

}  // namespace graft
