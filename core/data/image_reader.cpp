#include "core/data/image_reader.h"

#include "core/data/byte_source.h"
#include "core/data/cv_decode.h"
#include "core/data/idx_file.h"
#include "core/data/image_probe.h"
#include "core/data/jpeg_decode.h"

#include <cstring>
#include <exception>
#include <new>

namespace graft {
namespace {

/// Over this a decoder would need gigabytes even inside the pixel limit (64-bit channels).
constexpr std::uint64_t kMaxDecodedBytes = 1600ull << 20;

Error noMemory() {
    return Error{ErrorCode::OutOfMemory,
                 "There is not enough memory for this picture.",
                 {},
                 "Close other programs, or save the picture smaller."};
}

/// EXIF 2.3, tag 0x0112: where row 0 and column 0 of the stored picture belong.
Image turned(Image image, int orientation) {
    if (orientation <= 1 || orientation > 8) {
        return image;
    }
    const bool swapped = orientation >= 5;
    Image out =
        Image::blank(swapped ? image.height : image.width, swapped ? image.width : image.height);
    const int lastX = image.width - 1;
    const int lastY = image.height - 1;
    for (int y = 0; y < out.height; ++y) {
        std::uint8_t* to = out.row(y);
        for (int x = 0; x < out.width; ++x, to += 3) {
            int fromX = swapped ? y : x;
            int fromY = swapped ? x : y;
            if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
                fromX = lastX - fromX;
            }
            if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
                fromY = lastY - fromY;
            }
            std::memcpy(to, image.row(fromY) + std::size_t(fromX) * 3, 3);
        }
    }
    return out;
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

Result<Image> decodeChecked(std::string_view bytes, const ReadOptions& options) {
    MemorySource source(bytes);
    GRAFT_TRY(const PictureProbe probe, probePicture(source, options));
    GRAFT_CHECK(checkDecodedSize(probe));
    if (bytes.size() > FileSource::kMaxFileBytes) {
        return Error{ErrorCode::TooLarge, "The picture file is larger than 1 GB.", {}, {}};
    }
    GRAFT_TRY(Image image, probe.header.format == "jpeg" ? decodeJpeg(bytes, options.minShorterSide)
                                                         : decodeWithOpenCv(bytes, probe));
    return turned(std::move(image), probe.header.orientation);
}

/// The decoders' exceptions end here.
template <class F>
auto guarded(F&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return noMemory();
    } catch (const std::exception& exception) {
        return Error{ErrorCode::BadFormat, "The picture could not be read.", exception.what(),
                     "Replace the file, or leave it out."};
    }
}

Result<ImageHeader> probeIdx(const ImageRef& ref) {
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

Result<ImageHeader> probeImage(const ImageRef& ref, const ReadOptions& options) {
    return guarded([&]() -> Result<ImageHeader> {
        if (ref.index >= 0) {
            return probeIdx(ref);
        }
        GRAFT_TRY(const auto source, FileSource::open(ref.path));
        GRAFT_TRY(const PictureProbe probe, probePicture(*source, options));
        return probe.header;
    });
}

Result<Image> readImage(const ImageRef& ref, const ReadOptions& options) {
    return guarded([&]() -> Result<Image> {
        if (ref.index >= 0) {
            return readIdxPicture(ref.path, ref.index);
        }
        GRAFT_TRY(const auto source, FileSource::open(ref.path));
        // The gate again before reading all of a file that will be refused.
        GRAFT_TRY(const PictureProbe probe, probePicture(*source, options));
        GRAFT_TRY(const std::string bytes, source->readAll());
        return decodeChecked(bytes, options);
    });
}

Result<Image> decodeImage(std::string_view bytes, const ReadOptions& options) {
    return guarded([&] { return decodeChecked(bytes, options); });
}

}  // namespace graft
