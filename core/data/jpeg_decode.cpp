#include "core/data/jpeg_decode.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <jerror.h>

namespace graft {
namespace {

// A progressive file may ask for any number of passes over the picture; real ones have about ten.
constexpr int kMaxScans = 500;
/// Rows and columns decoded around a part, more than the upsampling of the colours looks across.
constexpr int kMargin = 4;

/// Everything that must survive a longjmp lives here, not in the frame that calls setjmp.
struct Decoder {
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    jpeg_decompress_struct info{};
    std::jmp_buf jump{};
    bool damaged = false;
    bool outOfMemory = false;
    std::string message;
    Image image;
    std::vector<std::uint8_t> row;

    ~Decoder() { jpeg_destroy_decompress(&info); }
};

Decoder& owner(j_common_ptr common) {
    return *static_cast<Decoder*>(common->client_data);
}

[[noreturn]] void onError(j_common_ptr common) {
    Decoder& decoder = owner(common);
    char text[JMSG_LENGTH_MAX] = {};
    common->err->format_message(common, text);
    decoder.message = text;
    decoder.outOfMemory = common->err->msg_code == JERR_OUT_OF_MEMORY;
    std::longjmp(decoder.jump, 1);
}

void onMessage(j_common_ptr common, int level) {
    if (level >= 0) {
        return;
    }
    Decoder& decoder = owner(common);
    ++common->err->num_warnings;
    switch (common->err->msg_code) {
        case JWRN_EXTRANEOUS_DATA:
            // Some cameras pad before the end marker: nothing is missing then.
            if (common->err->msg_parm.i[1] == 0xD9) {
                return;
            }
            break;
        case JWRN_HIT_MARKER:
        case JWRN_HUFF_BAD_CODE:
        case JWRN_JPEG_EOF:
        case JWRN_MUST_RESYNC:
        case JWRN_NOT_SEQUENTIAL:
        case JWRN_TOO_MUCH_DATA:
        case JWRN_ARITH_BAD_CODE:
            break;
        default:
            return;  // an odd version number or colour transform harms nothing
    }
    if (!decoder.damaged) {
        char text[JMSG_LENGTH_MAX] = {};
        common->err->format_message(common, text);
        decoder.message = text;
    }
    decoder.damaged = true;
}

void onOutput(j_common_ptr) {}

void onProgress(j_common_ptr common) {
    const auto* info = reinterpret_cast<jpeg_decompress_struct*>(common);
    if (info->input_scan_number > kMaxScans) {
        owner(common).message = "too many scans";
        std::longjmp(owner(common).jump, 1);
    }
}

void writeRow(const std::uint8_t* from, int width, int components, std::uint8_t* to) {
    if (components == 3) {
        std::copy_n(from, 3 * std::size_t(width), to);
        return;
    }
    if (components == 1) {
        for (int x = 0; x < width; ++x) {
            to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = from[x];
        }
        return;
    }
    // CMYK in JPEG is stored inverted (Adobe's convention, which every writer follows).
    for (int x = 0; x < width; ++x) {
        const int black = from[4 * x + 3];
        for (int c = 0; c < 3; ++c) {
            const int product = from[4 * x + c] * black + 128;
            to[3 * x + c] = std::uint8_t((product + (product >> 8)) >> 8);  // product / 255
        }
    }
}

/// Reads the header and sets the decompressor up to give RGB, grey or CMYK.
void prepare(Decoder& decoder, std::string_view bytes, int denominator) {
    jpeg_decompress_struct& info = decoder.info;
    jpeg_create_decompress(&info);
    info.client_data = &decoder;
    decoder.progress.progress_monitor = onProgress;
    info.progress = &decoder.progress;
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()),
                 static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info, TRUE);
    if (info.num_components == 4) {
        info.out_color_space = JCS_CMYK;
    } else if (info.num_components == 1) {
        info.out_color_space = JCS_GRAYSCALE;
    } else {
        info.out_color_space = JCS_RGB;
    }
    info.scale_num = 1;
    info.scale_denom = unsigned(denominator);
    jpeg_start_decompress(&info);
}

PixelRect insideOf(const PixelRect& part, int width, int height) {
    const int x = std::clamp(part.x, 0, width - 1);
    const int y = std::clamp(part.y, 0, height - 1);
    return {x, y, std::clamp(part.width, 1, width - x), std::clamp(part.height, 1, height - y)};
}

/// Decodes the rows and columns of `part` and passes over the rest. What is passed over is still
/// read up to the last row, because only that tells a damaged file.
void readPart(Decoder& decoder, const PixelRect& part) {
    jpeg_decompress_struct& info = decoder.info;
    const int height = int(info.output_height);
    // The upsampling of the colours looks one sample across the border of what is decoded.
    const int left = std::max(0, part.x - kMargin);
    JDIMENSION from = JDIMENSION(left);
    JDIMENSION width = JDIMENSION(
        std::min(int(info.output_width), part.x + part.width + kMargin) - left);
    jpeg_crop_scanline(&info, &from, &width);
    const std::size_t components = std::size_t(info.output_components);
    decoder.row.resize(std::size_t(width) * components);
    JSAMPROW rows[1] = {decoder.row.data()};
    const int top = std::max(0, part.y - kMargin);
    if (top > 0) {
        jpeg_skip_scanlines(&info, JDIMENSION(top));
    }
    const std::size_t skipped = (std::size_t(part.x) - from) * components;
    const int end = part.y + part.height;
    while (int(info.output_scanline) < end) {
        const int y = int(info.output_scanline) - part.y;
        if (jpeg_read_scanlines(&info, rows, 1) == 1 && y >= 0) {
            writeRow(decoder.row.data() + skipped, part.width, int(components),
                     decoder.image.row(y));
        }
    }
    if (int(info.output_scanline) < height - 1) {
        jpeg_skip_scanlines(&info, JDIMENSION(height - 1) - info.output_scanline);
    }
    while (int(info.output_scanline) < height) {
        jpeg_read_scanlines(&info, rows, 1);
    }
}

void readWhole(Decoder& decoder) {
    jpeg_decompress_struct& info = decoder.info;
    const bool direct = info.output_components == 3;
    if (!direct) {
        decoder.row.resize(std::size_t(info.output_width) * std::size_t(info.output_components));
    }
    while (info.output_scanline < info.output_height) {
        std::uint8_t* target = decoder.image.row(int(info.output_scanline));
        JSAMPROW rows[1] = {direct ? target : decoder.row.data()};
        if (jpeg_read_scanlines(&info, rows, 1) == 1 && !direct) {
            writeRow(decoder.row.data(), int(info.output_width), info.output_components, target);
        }
    }
}

bool decodeInto(Decoder& decoder, std::string_view bytes, int denominator,
                const std::optional<PixelRect>& wanted) {
    jpeg_decompress_struct& info = decoder.info;
    info.err = jpeg_std_error(&decoder.errors);
    decoder.errors.error_exit = onError;
    decoder.errors.emit_message = onMessage;
    decoder.errors.output_message = onOutput;
    info.client_data = &decoder;
    if (setjmp(decoder.jump) != 0) {
        return false;
    }
    prepare(decoder, bytes, denominator);
    const int width = int(info.output_width);
    const int height = int(info.output_height);
    if (wanted) {
        const PixelRect part = insideOf(*wanted, width, height);
        decoder.image = Image::unset(part.width, part.height);
        readPart(decoder, part);
    } else {
        decoder.image = Image::unset(width, height);
        readWhole(decoder);
    }
    jpeg_finish_decompress(&info);
    return true;
}

}  // namespace

int jpegDenominator(int width, int height, int minShorterSide) {
    const int shorter = std::min(width, height);
    for (const int denominator : {8, 4, 2}) {
        if (minShorterSide > 0 && (shorter + denominator - 1) / denominator >= minShorterSide) {
            return denominator;
        }
    }
    return 1;
}

Result<Image> decodeJpeg(std::string_view bytes, int denominator,
                         const std::optional<PixelRect>& part) {
    const auto decoder = std::make_unique<Decoder>();
    const bool finished = decodeInto(*decoder, bytes, denominator, part);
    if (decoder->outOfMemory) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory for this picture.",
                     decoder->message, "Close other programs, or save the picture smaller."};
    }
    if (!finished || decoder->damaged) {
        return Error{ErrorCode::BadFormat, "The JPEG picture is truncated or damaged.",
                     decoder->message, "Replace the file, or leave it out."};
    }
    return std::move(decoder->image);
}

}  // namespace graft
