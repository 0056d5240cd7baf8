#include "core/data/picture_format.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace graft {
namespace {

using std::string_view_literals::operator""sv;

bool isoBrand(std::string_view start, std::initializer_list<std::string_view> brands) {
    return start.size() >= 12 && start.substr(4, 4) == "ftyp" &&
           std::find(brands.begin(), brands.end(), start.substr(8, 4)) != brands.end();
}

}  // namespace

std::string_view supportedFormat(std::string_view start) {
    if (start.starts_with("\xFF\xD8\xFF"sv)) {
        return "jpeg";
    }
    if (start.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        return "png";
    }
    if (start.starts_with("BM"sv) && start.size() >= 26) {
        const auto headerSize = std::uint8_t(start[14]);
        const bool plausible = headerSize == 12 || headerSize == 40 || headerSize == 52 ||
                               headerSize == 56 || headerSize == 64 || headerSize == 108 ||
                               headerSize == 124;
        if (plausible && start[15] == 0 && start[16] == 0 && start[17] == 0) {
            return "bmp";
        }
    }
    if (start.starts_with("II*\0"sv) || start.starts_with("MM\0*"sv) ||
        start.starts_with("II+\0"sv) || start.starts_with("MM\0+"sv)) {
        return "tiff";
    }
    if (start.starts_with("RIFF"sv) && start.size() >= 12 && start.substr(8, 4) == "WEBP") {
        return "webp";
    }
    return {};
}

std::string_view otherPictureFormat(std::string_view start) {
    static constexpr std::pair<std::string_view, std::string_view> kMagic[] = {
        {"GIF8"sv, "GIF"},
        {"8BPS"sv, "Photoshop document"},
        {"\0\0\1\0"sv, "Windows icon"},
        {"\0\0\0\x0CjP  "sv, "JPEG 2000"},
        {"\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
        {"\xFF\x0A"sv, "JPEG XL"},
        {"\0\0\0\x0CJXL "sv, "JPEG XL"},
        {"\x76\x2F\x31\x01"sv, "OpenEXR picture"},
        {"#?RADIANCE"sv, "Radiance HDR picture"},
        {"%PDF"sv, "PDF document"},
        {"DDS "sv, "DDS texture"},
        {"qoif"sv, "QOI picture"},
        {"<svg"sv, "SVG drawing"},
        {"FUJIFILM"sv, "camera raw file"},
        {"gimp xcf"sv, "GIMP document"},
        {"P1\n"sv, "PBM picture"},
        {"P2\n"sv, "PGM picture"},
        {"P3\n"sv, "PPM picture"},
        {"P4\n"sv, "PBM picture"},
        {"P5\n"sv, "PGM picture"},
        {"P6\n"sv, "PPM picture"},
    };
    for (const auto& [magic, name] : kMagic) {
        if (start.starts_with(magic)) {
            return name;
        }
    }
    if (isoBrand(start, {"heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"})) {
        return "HEIC photo";
    }
    if (isoBrand(start, {"avif", "avis"})) {
        return "AVIF picture";
    }
    if (start.size() >= 132 && start.substr(128, 4) == "DICM") {
        return "DICOM picture";
    }
    if (start.starts_with("<?xml") && start.find("<svg") != std::string_view::npos) {
        return "SVG drawing";
    }
    return {};
}

}  // namespace graft
