#include "core/data/cv_decode.h"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <mutex>
#include <streambuf>

namespace graft {
namespace {

thread_local bool t_quiet = false;

/// imdecode() writes every decoder's complaint to std::cerr itself, whatever its log level. The
/// same complaint comes back as an Error here, so that a thread inside it is muted.
class QuietableBuffer : public std::streambuf {
 public:
    explicit QuietableBuffer(std::streambuf* target) : m_target(target) {}

 protected:
    int_type overflow(int_type c) override {
        return t_quiet || traits_type::eq_int_type(c, traits_type::eof())
                   ? traits_type::not_eof(c)
                   : m_target->sputc(traits_type::to_char_type(c));
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        return t_quiet ? count : m_target->sputn(text, count);
    }
    int sync() override { return t_quiet ? 0 : m_target->pubsync(); }

 private:
    std::streambuf* m_target;
};

struct QuietScope {
    QuietScope() { t_quiet = true; }
    ~QuietScope() { t_quiet = false; }
};

Error damagedPicture(const std::string& format, std::string detail) {
    std::string name = format;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return char(std::toupper(c)); });
    return Error{ErrorCode::BadFormat,
                 "The " + (name == "WEBP" ? "WebP" : name) + " picture is truncated or damaged.",
                 std::move(detail), "Replace the file, or leave it out."};
}

/// The decoders apply TIFF's orientation in some depths and not in others: the tag is set to 1 in
/// our copy of the bytes and the caller turns the picture.
std::string withoutOrientation(std::string_view bytes, const TiffHeader& tiff) {
    std::string copy(bytes);
    const bool bigEndian = copy[0] == 'M';
    copy[tiff.orientationOffset] = bigEndian ? 0 : 1;
    copy[tiff.orientationOffset + 1] = bigEndian ? 1 : 0;
    return copy;
}

Result<cv::Mat> decodeMat(std::string_view bytes, const PictureProbe& probe) {
    const std::string& format = probe.header.format;
    // A 32-bit BMP without an alpha mask has garbage in its fourth byte.
    const int flags = format == "bmp" && !probe.alpha
                          ? cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION
                          : cv::IMREAD_UNCHANGED;
    std::string copy;
    if (format == "tiff" && probe.tiff.orientation != 1 && probe.tiff.orientationOffset != 0) {
        copy = withoutOrientation(bytes, probe.tiff);
        bytes = copy;
    }
    try {
        // imdecode only reads; Mat has no constructor for constant data.
        const cv::Mat buffer(1, int(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
        const QuietScope quiet;
        cv::Mat mat = cv::imdecode(buffer, flags);
        if (mat.empty() || mat.cols != probe.header.width || mat.rows != probe.header.height) {
            return damagedPicture(format, {});
        }
        return mat;
    } catch (const cv::Exception& exception) {
        if (exception.code == cv::Error::StsNoMem) {
            throw std::bad_alloc();
        }
        return damagedPicture(format, exception.err);
    }
}

template <class T>
double largestValue(const cv::Mat& mat, int colours) {
    double largest = 0;
    const int channels = mat.channels();
    for (int y = 0; y < mat.rows; ++y) {
        const T* row = mat.ptr<T>(y);
        for (int x = 0; x < mat.cols; ++x, row += channels) {
            for (int c = 0; c < colours; ++c) {
                const double value = double(row[c]);
                if (value > largest && std::isfinite(value)) {
                    largest = value;
                }
            }
        }
    }
    return largest;
}

/// How values of type T become 0..255.
template <class T>
struct Scale {
    double colour = 1;  // factor
    double alpha = 1;
    bool inverted = false;  // white is zero

    double grey(T value) const {
        const double scaled = double(value) * colour;
        // Not a number falls to 0 with everything below it.
        const double clamped = scaled > 0 ? std::min(scaled, 255.0) : 0.0;
        return inverted ? 255.0 - clamped : clamped;
    }
};

/// `premultiplied`: the colours already contain their alpha.
template <class T>
Image toRgb(const cv::Mat& mat, const Scale<T>& scale, const PictureProbe& probe,
            bool premultiplied) {
    Image image = Image::unset(mat.cols, mat.rows);
    const int channels = mat.channels();
    const int colours = channels >= 3 ? 3 : 1;
    const bool alpha = channels == 2 || channels == 4;
    const auto& key = probe.colourKey;
    for (int y = 0; y < mat.rows; ++y) {
        const T* from = mat.ptr<T>(y);
        std::uint8_t* to = image.row(y);
        for (int x = 0; x < mat.cols; ++x, from += channels, to += 3) {
            double rgb[3];
            for (int c = 0; c < 3; ++c) {
                rgb[c] = scale.grey(from[colours == 3 ? 2 - c : 0]);  // OpenCV keeps B, G, R
            }
            if (alpha) {
                const double opaque =
                    std::clamp(double(from[channels - 1]) * scale.alpha, 0.0, 1.0);
                for (double& value : rgb) {
                    value = (premultiplied ? value : value * opaque) + 255.0 * (1.0 - opaque);
                }
            } else if (key && double(from[colours == 3 ? 2 : 0]) == (*key)[0] &&
                       double(from[colours == 3 ? 1 : 0]) == (*key)[1] &&
                       double(from[0]) == (*key)[2]) {
                rgb[0] = rgb[1] = rgb[2] = 255.0;
            }
            for (int c = 0; c < 3; ++c) {
                to[c] = std::uint8_t(std::min(rgb[c], 255.0) + 0.5);
            }
        }
    }
    return image;
}

Image bytesToRgb(const cv::Mat& mat, const PictureProbe& probe) {
    if (mat.channels() != 3 || probe.colourKey) {
        // libtiff's RGBA interface multiplies the colours with alpha.
        return toRgb<std::uint8_t>(mat, {1.0, 1.0 / 255.0, false}, probe,
                                   probe.header.format == "tiff");
    }
    Image image = Image::unset(mat.cols, mat.rows);
    for (int y = 0; y < mat.rows; ++y) {
        const std::uint8_t* from = mat.ptr<std::uint8_t>(y);
        std::uint8_t* to = image.row(y);
        for (int x = 0; x < mat.cols; ++x, from += 3, to += 3) {
            to[0] = from[2];
            to[1] = from[1];
            to[2] = from[0];
        }
    }
    return image;
}

/// 0 to 0 and the largest value of the picture to 255.
template <class T>
Image scaledToRgb(const cv::Mat& mat, const PictureProbe& probe) {
    const double largest = largestValue<T>(mat, mat.channels() >= 3 ? 3 : 1);
    Scale<T> scale;
    scale.colour = largest > 0 ? 255.0 / largest : 0.0;
    scale.alpha =
        std::numeric_limits<T>::is_integer ? 1.0 / double(std::numeric_limits<T>::max()) : 1.0;
    scale.inverted = probe.header.format == "tiff" && probe.tiff.photometric == 0;
    return toRgb<T>(mat, scale, probe,
                    probe.header.format == "tiff" && probe.tiff.extraSample == 1);
}

}  // namespace

void quietOpenCv() {
    static std::once_flag once;
    std::call_once(once, [] {
        cv::setNumThreads(1);
        // Never given back: std::cerr is used to the very end of the program.
        std::cerr.rdbuf(new QuietableBuffer(std::cerr.rdbuf()));
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    });
}

Result<Image> decodeWithOpenCv(std::string_view bytes, const PictureProbe& probe) {
    quietOpenCv();
    if (probe.truncated) {
        return damagedPicture(probe.header.format, "the file is shorter than its header says");
    }
    GRAFT_TRY(const cv::Mat mat, decodeMat(bytes, probe));
    switch (mat.depth()) {
        case CV_8U:
            return bytesToRgb(mat, probe);
        case CV_8S:
            return scaledToRgb<std::int8_t>(mat, probe);
        case CV_16U:
            return scaledToRgb<std::uint16_t>(mat, probe);
        case CV_16S:
            return scaledToRgb<std::int16_t>(mat, probe);
        case CV_32S:
            return scaledToRgb<std::int32_t>(mat, probe);
        case CV_32F:
            return scaledToRgb<float>(mat, probe);
        case CV_64F:
            return scaledToRgb<double>(mat, probe);
        default:
            return Error{ErrorCode::Unsupported,
                         "This picture has a kind of number in it that Graft does not read.",
                         {},
                         "Save it with 8 or 16 bits per channel."};
    }
}

}  // namespace graft
