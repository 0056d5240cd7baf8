#include "core/data/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace graft {
namespace {

/// Weights are whole multiples of 2^-22: 255 times their sum still fits into 32 bits.
constexpr int kFractionBits = 22;
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

/// For each output position the first input position and the weights of those from there on.
struct Axis {
    int taps = 0;  // weights kept per output position; the unused ones are 0
    std::vector<int> first;
    std::vector<int> count;
    std::vector<std::int32_t> weights;

    const std::int32_t* weightsOf(std::size_t i) const {
        return weights.data() + i * std::size_t(taps);
    }
};

/// Half the width of the filter, in pixels of the coarser picture.
double radiusOf(Interpolation interpolation) {
    return interpolation == Interpolation::Bicubic ? 2.0 : 1.0;
}

/// Triangle, or Keys's cubic convolution with a = -0.5.
double filterAt(double distance, Interpolation interpolation) {
    if (interpolation == Interpolation::Bilinear) {
        return distance < 1.0 ? 1.0 - distance : 0.0;
    }
    if (distance < 1.0) {
        return (1.5 * distance - 2.5) * distance * distance + 1.0;
    }
    return distance < 2.0 ? (((distance - 5.0) * distance + 8.0) * distance - 4.0) * -0.5 : 0.0;
}

/// Half away from zero.
std::int32_t wholeWeight(double weight) {
    const double scaled = weight * double(1 << kFractionBits);
    return std::int32_t(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/// The filter is widened by the ratio when shrinking.
Axis makeAxis(int inputSize, int outputSize, int from, int length, Interpolation interpolation) {
    const double scale = double(inputSize) / double(outputSize);
    const double widening = std::max(scale, 1.0);
    const double support = radiusOf(interpolation) * widening;
    const double inverse = 1.0 / widening;
    Axis axis;
    axis.taps = int(std::ceil(support)) * 2 + 1;
    axis.first.resize(std::size_t(length));
    axis.count.resize(std::size_t(length));
    axis.weights.assign(std::size_t(length) * std::size_t(axis.taps), 0);
    std::vector<double> shares(std::size_t(axis.taps));
    for (std::size_t i = 0; i < std::size_t(length); ++i) {
        const double center = scale * (double(from) + double(i) + 0.5);
        const int low = std::max(int(center - support + 0.5), 0);
        const int high = std::min(int(center + support + 0.5), inputSize);
        const int count = high - low;
        double total = 0;
        for (int k = 0; k < count; ++k) {
            const double distance = std::abs((double(k + low) - center + 0.5) * inverse);
            shares[std::size_t(k)] = filterAt(distance, interpolation);
            total += shares[std::size_t(k)];
        }
        for (int k = 0; k < count; ++k) {
            axis.weights[i * std::size_t(axis.taps) + std::size_t(k)] =
                wholeWeight(shares[std::size_t(k)] / total);
        }
        axis.first[i] = low;
        axis.count[i] = count;
    }
    return axis;
}

/// Half up; what a cubic overshoots is cut.
std::uint8_t greyLevel(std::int32_t sum) {
    return std::uint8_t(std::clamp(sum >> kFractionBits, 0, 255));
}

void resizeRow(const std::uint8_t* from, const Axis& axis, std::uint8_t* to) {
    const std::size_t length = axis.first.size();
    for (std::size_t i = 0; i < length; ++i, to += 3) {
        const std::uint8_t* pixel = from + std::size_t(axis.first[i]) * 3;
        const std::int32_t* weights = axis.weightsOf(i);
        std::int32_t r = kHalf;
        std::int32_t g = kHalf;
        std::int32_t b = kHalf;
        for (int k = 0; k < axis.count[i]; ++k, pixel += 3) {
            r += pixel[0] * weights[k];
            g += pixel[1] * weights[k];
            b += pixel[2] * weights[k];
        }
        to[0] = greyLevel(r);
        to[1] = greyLevel(g);
        to[2] = greyLevel(b);
    }
}

}  // namespace

Image resizePart(const Image& image, const PixelRect& source, int width, int height,
                 const PixelRect& window, Interpolation interpolation) {
    const Axis across = makeAxis(source.width, width, window.x, window.width, interpolation);
    const Axis down = makeAxis(source.height, height, window.y, window.height, interpolation);
    const int firstRow = down.first.front();
    const int endRow = down.first.back() + down.count.back();
    const std::size_t rowValues = std::size_t(window.width) * 3;
    std::vector<std::uint8_t> narrowed(std::size_t(endRow - firstRow) * rowValues);
    for (int y = firstRow; y < endRow; ++y) {
        resizeRow(image.row(source.y + y) + std::size_t(source.x) * 3, across,
                  narrowed.data() + std::size_t(y - firstRow) * rowValues);
    }
    Image out = Image::blank(window.width, window.height);
    std::vector<std::int32_t> sum(rowValues);
    for (int y = 0; y < window.height; ++y) {
        const std::size_t at = std::size_t(y);
        std::fill(sum.begin(), sum.end(), kHalf);
        for (int k = 0; k < down.count[at]; ++k) {
            const std::int32_t weight = down.weightsOf(at)[k];
            const std::uint8_t* row =
                narrowed.data() + std::size_t(down.first[at] + k - firstRow) * rowValues;
            for (std::size_t i = 0; i < rowValues; ++i) {
                sum[i] += row[i] * weight;
            }
        }
        std::transform(sum.begin(), sum.end(), out.row(y), greyLevel);
    }
    return out;
}

}  // namespace graft
