// The inner loops of the resize, with vectorised variants for processors that have AVX2 or
// AVX-512 with VNNI and VBMI. Every variant adds the same whole numbers, so all give the same
// bytes. Thread: any (pure functions).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace graft {

/// Weights are whole multiples of 2^-22: 255 times their sum still fits into 32 bits.
inline constexpr int kResizeFractionBits = 22;

enum class ResizeVariant { Plain, Avx2, Avx512 };
/// What this processor has, the fastest last.
const std::vector<ResizeVariant>& resizeVariants();

/// For each output position the first input position and the weights of those from there on.
struct ResizeAxis {
    int taps = 0;  ///< weights kept per output position, a multiple of 4; the unused ones are 0
    std::vector<int> first;
    std::vector<int> count;
    std::vector<std::int32_t> weights;
    ResizeVariant variant = ResizeVariant::Plain;  ///< of narrowRow(), by spreadWeights()
    std::vector<std::int32_t> spread;  ///< the weights as it wants them, by spreadWeights()

    std::size_t length() const { return first.size(); }
    const std::int32_t* weightsOf(std::size_t i) const {
        return weights.data() + i * std::size_t(taps);
    }
};

/// Prepares the axis for narrowRow() in this variant, or in a slower one where it cannot serve.
void spreadWeights(ResizeVariant variant, ResizeAxis& axis);
/// Bytes behind the last pixel of its input that narrowRow() may read besides.
inline std::size_t readSlack(const ResizeAxis& axis) {
    return 3 * std::size_t(axis.taps) + 64;
}
/// Bytes behind the last pixel of its output that narrowRow() may write besides.
inline constexpr std::size_t kWriteSlack = 16;

/// One RGB row of axis.length() pixels: `from` is the row at input position 0.
void narrowRow(const std::uint8_t* from, const ResizeAxis& axis, std::uint8_t* to);
/// `to[i]` from rows[i], rows[i + stride] ... with one weight each.
void mixRows(ResizeVariant variant, const std::uint8_t* rows, std::size_t stride,
             const std::int32_t* weights, int count, std::size_t values, std::uint8_t* to);

}  // namespace graft
