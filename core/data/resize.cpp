#include "core/data/resize.h"

#include "core/data/resize_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace graft {
namespace {

/// Scratch of more than this is not kept for the next picture.
constexpr std::size_t kMostKept = 16u << 20;

/// So that memory has brought a row before it is its turn.
constexpr std::size_t kRowsAhead = 2;

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
    const double scaled = weight * double(1 << kResizeFractionBits);
    return std::int32_t(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/// From `start`, a share of the first pixel, `extent` pixels of `inputSize`.
struct Span {
    double start = 0;
    double extent = 0;
    int inputSize = 0;
};

/// The filter is widened by the ratio when shrinking.
void makeAxis(const Span& span, int outputSize, int from, int length, Interpolation interpolation,
              ResizeAxis& axis) {
    const double scale = span.extent / double(outputSize);
    const double widening = std::max(scale, 1.0);
    const double support = radiusOf(interpolation) * widening;
    const double inverse = 1.0 / widening;
    // At most so many pixels lie within the support; a little more for the rounding of its ends.
    axis.taps = (int(2 * support + 0.01) + 1 + 3) / 4 * 4;
    axis.first.resize(std::size_t(length));
    axis.count.resize(std::size_t(length));
    axis.weights.assign(std::size_t(length) * std::size_t(axis.taps), 0);
    std::vector<double> shares(std::size_t(axis.taps));
    for (std::size_t i = 0; i < std::size_t(length); ++i) {
        const double center = span.start + scale * (double(from) + double(i) + 0.5);
        const int low = std::max(int(center - support + 0.5), 0);
        const int high = std::min(int(center + support + 0.5), span.inputSize);
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
}

struct Scratch {
    ResizeAxis across;
    ResizeAxis down;
    std::vector<std::uint8_t> narrowed;
    std::vector<std::uint8_t> lastRow;
};

/// The pixels that `box` touches.
PixelRect touched(const PixelBox& box) {
    const int x = int(std::floor(box.x));
    const int y = int(std::floor(box.y));
    return {x, y, int(std::ceil(box.x + box.width)) - x, int(std::ceil(box.y + box.height)) - y};
}

/// Asks the memory for these bytes: a part's rows end and begin where no processor looks ahead by
/// itself.
void prefetch(const std::uint8_t* from, std::size_t bytes) {
    constexpr std::size_t kCacheLine = 64;
    for (std::size_t at = 0; at < bytes; at += kCacheLine) {
        __builtin_prefetch(from + at);
    }
}

/// Rows `firstRow` to `endRow` of the rectangle at the new width, in scratch.narrowed.
void narrowRows(const Image& image, const PixelRect& rect, int firstRow, int endRow,
                std::size_t rowValues, Scratch& scratch) {
    scratch.narrowed.resize(std::size_t(endRow - firstRow) * rowValues + kWriteSlack);
    const std::size_t slack = readSlack(scratch.across);
    const std::uint8_t* const end = image.rgb.data() + image.rgb.size();
    const std::size_t bytes = std::size_t(rect.width) * 3;
    const std::size_t ahead = kRowsAhead * std::size_t(image.width) * 3;
    for (int y = firstRow; y < endRow; ++y) {
        const std::uint8_t* from = image.row(rect.y + y) + std::size_t(rect.x) * 3;
        if (std::size_t(end - from) > ahead + bytes) {
            prefetch(from + ahead, bytes);
        }
        if (std::size_t(end - from) < bytes + slack) {
            scratch.lastRow.resize(bytes + slack);
            std::memcpy(scratch.lastRow.data(), from, bytes);
            from = scratch.lastRow.data();
        }
        narrowRow(from, scratch.across,
                  scratch.narrowed.data() + std::size_t(y - firstRow) * rowValues);
    }
}

}  // namespace

void resizeInto(const Image& image, const PixelBox& source, int width, int height,
                const PixelRect& window, Interpolation interpolation, Image& out) {
    static const ResizeVariant variant = resizeVariants().back();
    thread_local Scratch scratch;
    const PixelRect rect = touched(source);
    makeAxis({source.x - rect.x, source.width, rect.width}, width, window.x, window.width,
             interpolation, scratch.across);
    spreadWeights(variant, scratch.across);
    makeAxis({source.y - rect.y, source.height, rect.height}, height, window.y, window.height,
             interpolation, scratch.down);
    const ResizeAxis& down = scratch.down;
    const int firstRow = down.first.front();
    const int endRow = down.first.back() + down.count.back();
    const std::size_t rowValues = std::size_t(window.width) * 3;
    narrowRows(image, rect, firstRow, endRow, rowValues, scratch);
    out.width = window.width;
    out.height = window.height;
    out.rgb.resize(rowValues * std::size_t(window.height));
    for (int y = 0; y < window.height; ++y) {
        const std::size_t at = std::size_t(y);
        mixRows(variant,
                scratch.narrowed.data() + std::size_t(down.first[at] - firstRow) * rowValues,
                rowValues, down.weightsOf(at), down.count[at], rowValues, out.row(y));
    }
    if (scratch.narrowed.size() > kMostKept) {
        scratch = {};
    }
}

Image resizePart(const Image& image, const PixelRect& source, int width, int height,
                 const PixelRect& window, Interpolation interpolation) {
    Image out;
    resizeInto(image,
               {double(source.x), double(source.y), double(source.width), double(source.height)},
               width, height, window, interpolation, out);
    return out;
}

}  // namespace graft
