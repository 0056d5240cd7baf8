// JPEG files of every kind of colour sampling, coding and orientation, by libjpeg's encoder.
#pragma once

#include "core/base/image.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <jpeglib.h>

namespace graft::testing {

struct JpegKind {
    int samplingX = 2;  ///< luma samples for each of colour, 1 or 2
    int samplingY = 2;
    bool progressive = false;
    bool grey = false;
    int orientation = 1;  ///< EXIF, 1 writes none
    int quality = 90;
};

inline std::string encodeJpeg(const Image& image, const JpegKind& kind) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_width = JDIMENSION(image.width);
    info.image_height = JDIMENSION(image.height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, kind.quality, TRUE);
    if (kind.grey) {
        jpeg_set_colorspace(&info, JCS_GRAYSCALE);
    } else {
        info.comp_info[0].h_samp_factor = kind.samplingX;
        info.comp_info[0].v_samp_factor = kind.samplingY;
    }
    if (kind.progressive) {
        jpeg_simple_progression(&info);
    }
    jpeg_start_compress(&info, TRUE);
    if (kind.orientation != 1) {
        // "Exif", a big-endian TIFF header and one entry: tag 0x0112, a short, once.
        const char exif[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12,
                             0, 3, 0, 0, 0, 1, 0, char(kind.orientation), 0, 0, 0, 0, 0, 0};
        jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif),
                          sizeof exif);
    }
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = const_cast<std::uint8_t*>(image.row(int(info.next_scanline)));
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::string encoded(reinterpret_cast<char*>(bytes), size);
    std::free(bytes);
    return encoded;
}

}  // namespace graft::testing
