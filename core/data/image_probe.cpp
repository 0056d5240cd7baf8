#include "core/data/image_probe.h"

#include "core/data/picture_format.h"

#include <algorithm>
#include <cstdlib>

namespace graft {
namespace {

constexpr std::uint64_t kMaxChunks = 1u << 20;
using std::string_view_literals::operator""sv;

Error damaged(std::string_view format, std::string detail) {
    return Error{ErrorCode::BadFormat,
                 "The " + std::string(format) + " picture has a damaged header.", std::move(detail),
                 "Replace the file, or leave it out."};
}

// ---- JPEG: markers up to the frame header (ITU T.81, annex B)

bool isFrameMarker(std::uint32_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Result<PictureProbe> probeJpeg(ByteSource& source) {
    PictureProbe probe;
    probe.header.format = "jpeg";
    bool haveOrientation = false;
    std::uint64_t at = 2;
    for (std::uint64_t guard = 0; guard < kMaxChunks; ++guard) {
        std::uint32_t byte = 0;
        if (!source.u8(at++, byte)) {
            return damaged("JPEG", "the file ends before its frame header");
        }
        if (byte != 0xFF) {
            continue;  // libjpeg skips stray bytes between segments too
        }
        std::uint32_t marker = 0xFF;
        while (marker == 0xFF) {
            if (!source.u8(at++, marker)) {
                return damaged("JPEG", "the file ends before its frame header");
            }
        }
        if (marker == 0 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
            continue;
        }
        std::uint32_t length = 0;
        if (marker == 0xD9 || marker == 0xDA || !source.u16(at, true, length) || length < 2) {
            return damaged("JPEG", "no frame header before the picture data");
        }
        if (isFrameMarker(marker)) {
            std::uint32_t width = 0;
            std::uint32_t height = 0;
            if (!source.u16(at + 3, true, height) || !source.u16(at + 5, true, width)) {
                return damaged("JPEG", "the file ends in its frame header");
            }
            probe.header.width = int(width);
            probe.header.height = int(height);
            return probe;
        }
        if (marker == 0xE1 && !haveOrientation) {
            const std::string segment = source.peek(at + 2, length - 2);
            if (segment.starts_with("Exif\0\0"sv)) {
                probe.header.orientation = readExifOrientation(std::string_view(segment).substr(6));
                haveOrientation = true;
            }
        }
        at += length;
    }
    return damaged("JPEG", "too many segments");
}

// ---- PNG: IHDR, and a walk over the chunks (PNG 1.2, 4.1)

Status readColourKey(ByteSource& source, std::uint64_t data, std::uint32_t length,
                     std::uint32_t colourType, PictureProbe& probe) {
    std::array<std::uint32_t, 3> key{};
    if (colourType == 0 && length >= 2 && source.u16(data, true, key[0])) {
        key[1] = key[2] = key[0];
        probe.colourKey = key;
    } else if (colourType == 2 && length >= 6 && source.u16(data, true, key[0]) &&
               source.u16(data + 2, true, key[1]) && source.u16(data + 4, true, key[2])) {
        probe.colourKey = key;
    }
    return {};
}

Result<PictureProbe> probePng(ByteSource& source) {
    PictureProbe probe;
    probe.header.format = "png";
    std::uint32_t length = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t depth = 0;
    std::uint32_t colourType = 0;
    if (!source.u32(8, true, length) || length != 13 || source.peek(12, 4) != "IHDR" ||
        !source.u32(16, true, width) || !source.u32(20, true, height) || !source.u8(24, depth) ||
        !source.u8(25, colourType) || width > 0x7FFFFFFF || height > 0x7FFFFFFF) {
        return damaged("PNG", "no usable IHDR chunk");
    }
    probe.header.width = int(width);
    probe.header.height = int(height);
    std::uint64_t at = 33;
    bool haveEnd = false;
    for (std::uint64_t guard = 0; guard < kMaxChunks && !haveEnd; ++guard) {
        if (!source.u32(at, true, length)) {
            break;
        }
        const std::string type = source.peek(at + 4, 4);
        if (type.size() < 4 || at + 12 + length > source.size()) {
            break;
        }
        if (type == "tRNS") {
            GRAFT_CHECK(readColourKey(source, at + 8, length, colourType, probe));
        } else if (type == "eXIf") {
            probe.header.orientation = readExifOrientation(source.peek(at + 8, length));
        }
        haveEnd = type == "IEND";
        at += 12 + std::uint64_t(length);
    }
    probe.truncated = !haveEnd;
    if (probe.colourKey && depth < 8) {
        for (std::uint32_t& value : *probe.colourKey) {
            value = (value & ((1u << depth) - 1)) * 255 / ((1u << depth) - 1);
        }
    }
    return probe;
}

// ---- BMP

Result<PictureProbe> probeBmp(ByteSource& source) {
    PictureProbe probe;
    probe.header.format = "bmp";
    std::uint32_t dataOffset = 0;
    std::uint32_t headerSize = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t bits = 0;
    std::uint32_t compression = 0;
    if (!source.u32(10, false, dataOffset) || !source.u32(14, false, headerSize)) {
        return damaged("BMP", "the file ends in its header");
    }
    const bool core = headerSize == 12;
    const bool ok = core ? source.u16(18, false, width) && source.u16(20, false, height) &&
                               source.u16(24, false, bits)
                         : headerSize >= 40 && headerSize <= 1024 && source.u32(18, false, width) &&
                               source.u32(22, false, height) && source.u16(28, false, bits) &&
                               source.u32(30, false, compression);
    const std::int64_t signedHeight = core ? std::int64_t(height) : std::int32_t(height);
    if (!ok || width > 0x7FFFFFFF || signedHeight == INT32_MIN ||
        (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)) {
        return damaged("BMP", "no usable BITMAPINFO header");
    }
    probe.header.width = int(width);
    probe.header.height = int(std::llabs(signedHeight));
    std::uint32_t alphaMask = 0;
    if (compression == 3 && bits == 32 && headerSize >= 56 && source.u32(66, false, alphaMask)) {
        probe.alpha = alphaMask != 0;
    }
    if (compression == 0 || compression == 3) {
        const std::uint64_t rowBytes = (std::uint64_t(width) * bits + 31) / 32 * 4;
        const std::uint64_t rows = std::uint64_t(probe.header.height);
        probe.truncated =
            dataOffset > source.size() ||
            rowBytes > (source.size() - dataOffset) / std::max<std::uint64_t>(1, rows);
    }
    return probe;
}

// ---- WebP (RIFF container; RFC 9649)

bool webpSize(ByteSource& source, std::uint64_t data, const std::string& type,
              PictureProbe& probe) {
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    if (type == "VP8 ") {
        if (!source.u16(data + 6, false, a) || !source.u16(data + 8, false, b)) {
            return false;
        }
        probe.header.width = int(a & 0x3FFF);
        probe.header.height = int(b & 0x3FFF);
        return source.peek(data + 3, 3) == "\x9d\x01\x2a"sv;
    }
    if (type == "VP8L") {
        if (!source.u8(data, b) || b != 0x2F || !source.u32(data + 1, false, a)) {
            return false;
        }
        probe.header.width = int(a & 0x3FFF) + 1;
        probe.header.height = int(a >> 14 & 0x3FFF) + 1;
        return true;
    }
    if (!source.u32(data + 4, false, a) || !source.u32(data + 6, false, b)) {  // VP8X
        return false;
    }
    probe.header.width = int(a & 0xFFFFFF) + 1;
    probe.header.height = int(b >> 8 & 0xFFFFFF) + 1;
    return true;
}

Result<PictureProbe> probeWebp(ByteSource& source) {
    PictureProbe probe;
    probe.header.format = "webp";
    std::uint32_t riffSize = 0;
    std::uint32_t length = 0;
    const std::string type = source.peek(12, 4);
    if (!source.u32(4, false, riffSize) || !source.u32(16, false, length) ||
        (type != "VP8 " && type != "VP8L" && type != "VP8X") ||
        !webpSize(source, 20, type, probe)) {
        return damaged("WebP", "no usable first chunk");
    }
    probe.truncated = std::uint64_t(riffSize) + 8 > source.size() || 20u + length > source.size();
    std::uint32_t flags = 0;
    if (type != "VP8X" || !source.u8(20, flags)) {
        return probe;
    }
    if ((flags & 0x02) != 0) {
        return Error{ErrorCode::Unsupported,
                     "This is an animated WebP, which Graft does not read.",
                     {},
                     "Save one of its pictures as PNG or JPEG."};
    }
    std::uint64_t at = 20 + std::uint64_t(length) + (length & 1);
    for (std::uint64_t guard = 0; guard < 1024; ++guard) {
        if (!source.u32(at + 4, false, length)) {
            break;
        }
        if (source.peek(at, 4) == "EXIF") {
            std::string exif = source.peek(at + 8, std::min<std::uint32_t>(length, 1u << 20));
            if (exif.starts_with("Exif\0\0"sv)) {
                exif.erase(0, 6);
            }
            probe.header.orientation = readExifOrientation(exif);
            break;
        }
        at += 8 + std::uint64_t(length) + (length & 1);
    }
    return probe;
}

// ---- TIFF

Result<PictureProbe> probeTiff(ByteSource& source, const ReadOptions& options) {
    PictureProbe probe;
    probe.header.format = "tiff";
    TiffHeader& tiff = probe.tiff;
    if (!readTiffHeader(source, 0, tiff) || tiff.width > INT32_MAX || tiff.height > INT32_MAX) {
        return damaged("TIFF", "no usable first image directory");
    }
    if (tiff.samplesPerPixel > 4 || tiff.samplesPerPixel == 0) {
        return Error{ErrorCode::Unsupported,
                     "This TIFF has " + std::to_string(tiff.samplesPerPixel) +
                         " channels; Graft reads 1 to 4.",
                     {},
                     "Save the channels that matter as an RGB picture."};
    }
    if (tiff.tileWidth > INT32_MAX || tiff.tileHeight > INT32_MAX ||
        tiff.tileWidth * tiff.tileHeight > options.maxPixels) {
        return damaged("TIFF", "tiles larger than the pixel limit");
    }
    probe.header.width = int(tiff.width);
    probe.header.height = int(tiff.height);
    probe.header.orientation = tiff.orientation;
    probe.truncated = !tiff.dataComplete;
    return probe;
}

Result<PictureProbe> probeFormat(std::string_view format, ByteSource& source,
                                 const ReadOptions& options) {
    if (format == "jpeg") {
        return probeJpeg(source);
    }
    if (format == "png") {
        return probePng(source);
    }
    if (format == "bmp") {
        return probeBmp(source);
    }
    return format == "tiff" ? probeTiff(source, options) : probeWebp(source);
}

Error unknownFormat(std::string_view start) {
    if (start.empty()) {
        return Error{ErrorCode::BadFormat,
                     "The file is empty (0 bytes).",
                     {},
                     "Replace the file, or leave it out."};
    }
    const std::string_view other = otherPictureFormat(start);
    if (other.empty()) {
        return Error{ErrorCode::BadFormat,
                     "This is not a picture that Graft knows.",
                     {},
                     "Graft reads JPEG, PNG, BMP, TIFF and WebP."};
    }
    return Error{ErrorCode::Unsupported,
                 "This is a " + std::string(other) + ", which Graft does not read.",
                 {},
                 "Save it as PNG or JPEG."};
}

}  // namespace

Result<PictureProbe> probePicture(ByteSource& source, const ReadOptions& options) {
    const std::string start = source.peek(0, kMagicBytes);
    const std::string_view format = supportedFormat(start);
    if (format.empty()) {
        return unknownFormat(start);
    }
    GRAFT_TRY(PictureProbe probe, probeFormat(format, source, options));
    const ImageHeader& header = probe.header;
    if (header.width <= 0 || header.height <= 0) {
        return damaged(format, "a side of 0 pixels");
    }
    const std::uint64_t pixels = std::uint64_t(header.width) * std::uint64_t(header.height);
    if (pixels > options.maxPixels) {
        return Error{ErrorCode::TooLarge,
                     "The picture has " + std::to_string(pixels / 1'000'000) +
                         " megapixels; the limit is " +
                         std::to_string(options.maxPixels / 1'000'000) + ".",
                     std::to_string(header.width) + " x " + std::to_string(header.height),
                     "Save it smaller."};
    }
    return probe;
}

}  // namespace graft
