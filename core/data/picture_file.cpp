#include "core/data/picture_file.h"

#include "core/data/byte_source.h"
#include "core/data/cv_decode.h"
#include "core/data/idx_file.h"
#include "core/data/jpeg_decode.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

namespace graft {
namespace {

/// Over this a decoder would need gigabytes even inside the pixel limit (64-bit channels).
constexpr std::uint64_t kMaxDecodedBytes = 1600ull << 20;
/// Files up to this are read before their header is looked at: one reading of the disk less.
constexpr std::uint64_t kSmallFileBytes = 4u << 20;

bool sidesSwapped(int orientation) {
    return orientation >= 5 && orientation <= 8;
}

/// EXIF 2.3, tag 0x0112: whether the stored columns or rows are seen in reverse.
bool columnsReversed(int orientation) {
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

bool rowsReversed(int orientation) {
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

/// Puts row 0 and column 0 of the stored picture where they belong.
Image turned(Image image, int orientation) {
    if (orientation <= 1 || orientation > 8) {
        return image;
    }
    const bool swapped = sidesSwapped(orientation);
    Image out =
        Image::blank(swapped ? image.height : image.width, swapped ? image.width : image.height);
    const int lastX = image.width - 1;
    const int lastY = image.height - 1;
    for (int y = 0; y < out.height; ++y) {
        std::uint8_t* to = out.row(y);
        for (int x = 0; x < out.width; ++x, to += 3) {
            int fromX = swapped ? y : x;
            int fromY = swapped ? x : y;
            if (columnsReversed(orientation)) {
                fromX = lastX - fromX;
            }
            if (rowsReversed(orientation)) {
                fromY = lastY - fromY;
            }
            std::memcpy(to, image.row(fromY) + std::size_t(fromX) * 3, 3);
        }
    }
    return out;
}

/// The rectangle of the stored width x height picture that is seen as `part`.
PixelRect storedPart(const PixelRect& part, int width, int height, int orientation) {
    PixelRect stored = part;
    if (sidesSwapped(orientation)) {
        stored = {part.y, part.x, part.height, part.width};
    }
    if (columnsReversed(orientation)) {
        stored.x = width - (stored.x + stored.width);
    }
    if (rowsReversed(orientation)) {
        stored.y = height - (stored.y + stored.height);
    }
    return stored;
}

Status checkDecodedSize(const PictureProbe& probe) {
    const std::uint64_t pixels =
        std::uint64_t(probe.header.width) * std::uint64_t(probe.header.height);
    const std::uint64_t bits =
        probe.header.format == "tiff" ? std::max(8u, probe.tiff.bitsPerSample) * 4ull : 64ull;
    if (pixels > kMaxDecodedBytes * 8 / bits) {
        return Error{ErrorCode::TooLarge,
                     "The picture needs more than 1.6 GB of memory and was not opened.",
                     {},
                     "Save it smaller, or with 8 bits per channel."};
    }
    return {};
}

Result<PictureProbe> probeBytes(std::string_view bytes, const ReadOptions& options) {
    MemorySource source(bytes);
    GRAFT_TRY(PictureProbe probe, probePicture(source, options));
    GRAFT_CHECK(checkDecodedSize(probe));
    if (bytes.size() > FileSource::kMaxFileBytes) {
        return Error{ErrorCode::TooLarge, "The picture file is larger than 1 GB.", {}, {}};
    }
    return probe;
}

/// The decoders' exceptions end here.
template <class F>
auto guarded(F&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory for this picture.",
                     {},
                     "Close other programs, or save the picture smaller."};
    } catch (const std::exception& exception) {
        return Error{ErrorCode::BadFormat, "The picture could not be read.", exception.what(),
                     "Replace the file, or leave it out."};
    }
}

Result<ImageHeader> idxHeader(const ImageRef& ref) {
    GRAFT_TRY(const std::shared_ptr<const IdxImages> images, openIdxImages(ref.path));
    if (ref.index >= images->count) {
        return Error{ErrorCode::NotFound,
                     ref.path + " has no picture no. " + std::to_string(ref.index) + ".",
                     {},
                     {}};
    }
    return ImageHeader{"idx", images->width, images->height, 1};
}

}  // namespace

Result<PictureFile> PictureFile::open(const ImageRef& ref, const ReadOptions& options) {
    return guarded([&]() -> Result<PictureFile> {
        PictureFile file;
        if (ref.index >= 0) {
            GRAFT_TRY(file.m_probe.header, idxHeader(ref));
            file.m_idx = ref;
            return file;
        }
        GRAFT_TRY(const auto source, FileSource::open(ref.path));
        if (source->size() > kSmallFileBytes) {
            // The gate before reading all of a file that will be refused.
            GRAFT_TRY(file.m_probe, probePicture(*source, options));
        }
        GRAFT_TRY(file.m_own, source->readAll());
        GRAFT_TRY(file.m_probe, probeBytes(file.m_own, options));
        return file;
    });
}

Result<PictureFile> PictureFile::inMemory(std::string_view bytes, const ReadOptions& options) {
    return guarded([&]() -> Result<PictureFile> {
        PictureFile file;
        file.m_given = bytes;
        GRAFT_TRY(file.m_probe, probeBytes(bytes, options));
        return file;
    });
}

int PictureFile::width() const {
    const ImageHeader& header = m_probe.header;
    return sidesSwapped(header.orientation) ? header.height : header.width;
}

int PictureFile::height() const {
    const ImageHeader& header = m_probe.header;
    return sidesSwapped(header.orientation) ? header.width : header.height;
}

Result<Image> PictureFile::decode(int denominator) const {
    return guarded([&]() -> Result<Image> {
        if (m_idx.index >= 0) {
            return readIdxPicture(m_idx.path, m_idx.index);
        }
        GRAFT_TRY(Image image, divisible() ? decodeJpeg(bytes(), denominator)
                                           : decodeWithOpenCv(bytes(), m_probe));
        return turned(std::move(image), m_probe.header.orientation);
    });
}

Result<PicturePart> PictureFile::decodePart(int denominator, const PixelRect& part) const {
    if (!divisible()) {
        GRAFT_TRY(Image image, decode());
        return PicturePart{std::move(image), 0, 0};
    }
    return guarded([&]() -> Result<PicturePart> {
        const ImageHeader& header = m_probe.header;
        const int width = (header.width + denominator - 1) / denominator;
        const int height = (header.height + denominator - 1) / denominator;
        GRAFT_TRY(Image image,
                  decodeJpeg(bytes(), denominator,
                             storedPart(part, width, height, header.orientation)));
        return PicturePart{turned(std::move(image), header.orientation), part.x, part.y};
    });
}

Result<ImageHeader> PictureFile::probe(const ImageRef& ref, const ReadOptions& options) {
    return guarded([&]() -> Result<ImageHeader> {
        if (ref.index >= 0) {
            return idxHeader(ref);
        }
        GRAFT_TRY(const auto source, FileSource::open(ref.path));
        GRAFT_TRY(const PictureProbe probe, probePicture(*source, options));
        return probe.header;
    });
}

}  // namespace graft
