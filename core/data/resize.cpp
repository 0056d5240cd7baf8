#include "core/data/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace graft {
namespace {

/// For each output position the first input position and the weights of those from there on.
struct Axis {
    int taps = 0;  // weights kept per output position; the unused ones are 0
    std::vector<int> first;
    std::vector<int> count;
    std::vector<float> weights;
};

/// Half the width of the filter, in pixels of the coarser picture.
float radiusOf(Interpolation interpolation) {
    return interpolation == Interpolation::Bicubic ? 2.0f : 1.0f;
}

/// Triangle, or Keys's cubic convolution with a = -0.5 as PIL has it.
float filterAt(float distance, Interpolation interpolation) {
    if (interpolation == Interpolation::Bilinear) {
        return distance < 1.0f ? 1.0f - distance : 0.0f;
    }
    if (distance < 1.0f) {
        return (1.5f * distance - 2.5f) * distance * distance + 1.0f;
    }
    return distance < 2.0f
               ? (((distance - 5.0f) * distance + 8.0f) * distance - 4.0f) * -0.5f
               : 0.0f;
}

/// The filter is widened by the ratio when shrinking. float32 throughout, as in LibTorch.
Axis makeAxis(int inputSize, int outputSize, int from, int length, Interpolation interpolation) {
    const float scale = float(inputSize) / float(outputSize);
    const float support = radiusOf(interpolation) * (scale >= 1.0f ? scale : 1.0f);
    const float inverse = scale >= 1.0f ? 1.0f / scale : 1.0f;
    Axis axis;
    axis.taps = int(std::ceil(support)) * 2 + 1;
    axis.first.resize(std::size_t(length));
    axis.count.resize(std::size_t(length));
    axis.weights.assign(std::size_t(length) * std::size_t(axis.taps), 0.0f);
    for (int i = 0; i < length; ++i) {
        const float center = scale * (float(from + i) + 0.5f);
        const int low = std::max(int(center - support + 0.5f), 0);
        const int high = std::min(int(center + support + 0.5f), inputSize);
        const int count = std::min(std::max(high - low, 1), axis.taps);
        float* weights = axis.weights.data() + std::size_t(i) * std::size_t(axis.taps);
        float total = 0.0f;
        for (int k = 0; k < count; ++k) {
            const float distance = std::abs((float(k + low) - center + 0.5f) * inverse);
            weights[k] = filterAt(distance, interpolation);
            total += weights[k];
        }
        for (int k = 0; k < count && total != 0.0f; ++k) {
            weights[k] /= total;
        }
        axis.first[std::size_t(i)] = std::min(low, inputSize - 1);
        axis.count[std::size_t(i)] = count;
    }
    return axis;
}

void resizeRow(const std::uint8_t* from, const Axis& axis, float* to) {
    const std::size_t length = axis.first.size();
    for (std::size_t i = 0; i < length; ++i, to += 3) {
        const std::uint8_t* pixel = from + std::size_t(axis.first[i]) * 3;
        const float* weights = axis.weights.data() + i * std::size_t(axis.taps);
        float r = 0.0f;
        float g = 0.0f;
        float b = 0.0f;
        for (int k = 0; k < axis.count[i]; ++k, pixel += 3) {
            r += float(pixel[0]) * weights[k];
            g += float(pixel[1]) * weights[k];
            b += float(pixel[2]) * weights[k];
        }
        to[0] = r;
        to[1] = g;
        to[2] = b;
    }
}

float clamped(float value) {
    return std::min(std::max(value, 0.0f), 255.0f);
}

/// PIL keeps whole grey levels between its two passes, half up, and cuts what overshoots.
void roundAsPil(float* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = std::floor(clamped(values[i]) + 0.5f);
    }
}

/// Rounds half to even, as torch.round does.
void writeRow(const float* values, std::size_t count, std::uint8_t* to) {
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves no fraction bits
    for (std::size_t i = 0; i < count; ++i) {
        to[i] = std::uint8_t((clamped(values[i]) + kRound) - kRound);
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
    std::vector<float> narrowed(std::size_t(endRow - firstRow) * rowValues);
    for (int y = firstRow; y < endRow; ++y) {
        float* row = narrowed.data() + std::size_t(y - firstRow) * rowValues;
        resizeRow(image.row(source.y + y) + std::size_t(source.x) * 3, across, row);
        if (interpolation == Interpolation::Bicubic) {
            roundAsPil(row, rowValues);
        }
    }
    Image out = Image::blank(window.width, window.height);
    std::vector<float> sum(rowValues);
    for (int y = 0; y < window.height; ++y) {
        const std::size_t at = std::size_t(y);
        const float* weights = down.weights.data() + at * std::size_t(down.taps);
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (int k = 0; k < down.count[at]; ++k) {
            const float weight = weights[k];
            const float* row =
                narrowed.data() + std::size_t(down.first[at] + k - firstRow) * rowValues;
            for (std::size_t i = 0; i < rowValues; ++i) {
                sum[i] += row[i] * weight;
            }
        }
        writeRow(sum.data(), rowValues, out.row(y));
    }
    return out;
}

}  // namespace graft
