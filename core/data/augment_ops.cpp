#include "core/data/augment_ops.h"

#include "core/data/cv_decode.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace graft::augment {
namespace {

// Luma of ITU-R 601-2 with the weights that PIL and torchvision use.
constexpr float kRed = 0.2989f;
constexpr float kGreen = 0.587f;
constexpr float kBlue = 0.114f;

std::uint8_t toByte(float value) {
    return std::uint8_t(std::min(std::max(value, 0.0f), 255.0f) + 0.5f);
}

float greyOf(const std::uint8_t* pixel) {
    return kRed * float(pixel[0]) + kGreen * float(pixel[1]) + kBlue * float(pixel[2]);
}

/// a * value + b for every byte.
void applyLine(Image& image, float a, float b) {
    std::uint8_t table[256];
    for (int v = 0; v < 256; ++v) {
        table[v] = toByte(a * float(v) + b);
    }
    for (std::uint8_t& value : image.rgb) {
        value = table[value];
    }
}

cv::Mat asMat(const Image& image) {
    // Only read through; Mat has no constructor for constant data.
    return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
}

/// Foley, van Dam: HSV with hue in 0..6.
void turnHue(std::uint8_t* pixel, float turn6) {
    const float r = pixel[0];
    const float g = pixel[1];
    const float b = pixel[2];
    const float high = std::max(r, std::max(g, b));
    const float low = std::min(r, std::min(g, b));
    const float range = high - low;
    if (range == 0.0f) {
        return;  // grey has no hue
    }
    float hue;
    if (high == r) {
        hue = (g - b) / range;
    } else if (high == g) {
        hue = 2.0f + (b - r) / range;
    } else {
        hue = 4.0f + (r - g) / range;
    }
    hue += turn6;
    hue -= 6.0f * std::floor(hue / 6.0f);
    const auto channel = [&](float offset) {
        float k = offset + hue;
        k -= k >= 6.0f ? 6.0f : 0.0f;
        return toByte(high - range * std::max(0.0f, std::min(1.0f, std::min(k, 4.0f - k))));
    };
    pixel[0] = channel(5.0f);
    pixel[1] = channel(3.0f);
    pixel[2] = channel(1.0f);
}

}  // namespace

void flipHorizontal(Image& image) {
    quietOpenCv();
    cv::Mat mat(image.height, image.width, CV_8UC3, image.rgb.data());
    cv::flip(mat, mat, 1);
}

void flipVertical(Image& image) {
    const std::size_t bytes = std::size_t(image.width) * 3;
    for (int top = 0, bottom = image.height - 1; top < bottom; ++top, --bottom) {
        std::swap_ranges(image.row(top), image.row(top) + bytes, image.row(bottom));
    }
}

Matrix3 multiply(const Matrix3& a, const Matrix3& b) {
    Matrix3 product{};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            for (std::size_t k = 0; k < 3; ++k) {
                product[row * 3 + column] += a[row * 3 + k] * b[k * 3 + column];
            }
        }
    }
    return product;
}

Matrix3 affineMap(int width, int height, double degrees, double scale, double shiftX,
                  double shiftY) {
    // Output to input: back to the centre, turned and zoomed the other way round.
    const double angle = degrees * std::numbers::pi / 180.0;
    const double c = std::cos(angle) / scale;
    const double s = std::sin(angle) / scale;
    const double centerX = 0.5 * (width - 1);
    const double centerY = 0.5 * (height - 1);
    const double backX = centerX + shiftX;
    const double backY = centerY + shiftY;
    return {c, s, centerX - c * backX - s * backY, -s, c, centerY + s * backX - c * backY, 0, 0, 1};
}

Matrix3 perspectiveMap(const Corners& from, const Corners& to) {
    cv::Point2f target[4];
    cv::Point2f origin[4];
    for (std::size_t i = 0; i < 4; ++i) {
        target[i] = {float(to[i][0]), float(to[i][1])};
        origin[i] = {float(from[i][0]), float(from[i][1])};
    }
    const cv::Mat map = cv::getPerspectiveTransform(target, origin);
    Matrix3 matrix;
    std::memcpy(matrix.data(), map.ptr<double>(), sizeof matrix);
    return matrix;
}

Image warp(const Image& image, const Matrix3& outputToInput) {
    quietOpenCv();
    const cv::Mat map(3, 3, CV_64F, const_cast<double*>(outputToInput.data()));
    Image out = Image::unset(image.width, image.height);
    cv::Mat target(out.height, out.width, CV_8UC3, out.rgb.data());
    cv::warpPerspective(asMat(image), target, map, target.size(),
                        cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REFLECT);
    return out;
}

void adjustBrightness(Image& image, double factor) {
    applyLine(image, float(factor), 0.0f);
}

void adjustContrast(Image& image, double factor) {
    double sum = 0;
    for (std::size_t i = 0; i + 2 < image.rgb.size(); i += 3) {
        sum += double(greyOf(image.rgb.data() + i));
    }
    const double mean = sum / std::max(1.0, double(image.rgb.size() / 3));
    applyLine(image, float(factor), float((1.0 - factor) * mean));
}

void adjustSaturation(Image& image, double factor) {
    const float a = float(factor);
    for (std::size_t i = 0; i + 2 < image.rgb.size(); i += 3) {
        std::uint8_t* pixel = image.rgb.data() + i;
        const float grey = (1.0f - a) * greyOf(pixel);
        for (int c = 0; c < 3; ++c) {
            pixel[c] = toByte(a * float(pixel[c]) + grey);
        }
    }
}

void adjustHue(Image& image, double turn) {
    const float turn6 = float(turn * 6.0);
    for (std::size_t i = 0; i + 2 < image.rgb.size(); i += 3) {
        turnHue(image.rgb.data() + i, turn6);
    }
}

Image blur(const Image& image, double sigma) {
    quietOpenCv();
    const int taps = 2 * int(std::ceil(3.0 * sigma)) + 1;
    Image out = Image::unset(image.width, image.height);
    cv::Mat target(out.height, out.width, CV_8UC3, out.rgb.data());
    cv::GaussianBlur(asMat(image), target, cv::Size(taps, taps), sigma, sigma,
                     cv::BORDER_REFLECT_101);
    return out;
}

void addNoise(Image& image, double sigma, Rng rng) {
    // Box-Muller with both of its values, in float: this runs for every byte of a picture.
    const float scale = float(sigma);
    std::size_t i = 0;
    while (i < image.rgb.size()) {
        const std::uint64_t bits = rng.next();
        const float u = (float(bits >> 40) + 1.0f) * 0x1.0p-24f;
        const float angle = float(bits & 0xFFFFFF) * (6.2831853f * 0x1.0p-24f);
        const float radius = scale * std::sqrt(-2.0f * std::log(u));
        const float pair[2] = {radius * std::cos(angle), radius * std::sin(angle)};
        for (int k = 0; k < 2 && i < image.rgb.size(); ++k, ++i) {
            image.rgb[i] = toByte(float(image.rgb[i]) + pair[k]);
        }
    }
}

void fillRect(Image& image, int x, int y, int width, int height,
              const std::array<std::uint8_t, 3>& colour) {
    const int right = std::min(x + width, image.width);
    const int bottom = std::min(y + height, image.height);
    for (int row = std::max(0, y); row < bottom; ++row) {
        std::uint8_t* pixel = image.row(row) + std::size_t(std::max(0, x)) * 3;
        for (int column = std::max(0, x); column < right; ++column, pixel += 3) {
            std::copy(colour.begin(), colour.end(), pixel);
        }
    }
}

}  // namespace graft::augment
