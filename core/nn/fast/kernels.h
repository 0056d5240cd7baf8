// Kernels: the loops between the convolutions and those of convolutions that oneDNN is slower at,
// over numbers that lie channels-last, in bf16 but for a few. Plain pointers and serial code: who
// calls them splits the work. Separate because they are compiled twice from one source, for the
// processor at hand and for any other, without a header of the standard library or of torch, whose
// inline functions must not get AVX-512 instructions. Sums over pictures are kept in double or in
// float over few rows, so that results do not depend on the size of a batch more than rounding
// does; gradients of weights are float sums. Thread: any.
#pragma once

#include "core/nn/activation.h"

#include <cstdint>

namespace graft::fast {

using Bf16 = std::uint16_t;

/// A pass over [rows, channels]: `rows` pixels of `channels` numbers each.
struct Rows {
    std::int64_t rows = 0;
    std::int64_t channels = 0;
};

/// Where batch norm brings a channel: y = act(x * scale + shift + residual).
struct NormForward {
    Rows size;
    const Bf16* x = nullptr;
    const Bf16* residual = nullptr;  ///< or null
    const float* scale = nullptr;    ///< [C]
    const float* shift = nullptr;    ///< [C]
    Act act = Act::None;
    Bf16* y = nullptr;
};

/// Back through the same. What the activation lets through is read from y where there was a
/// residual (Relu and None only), else computed anew from x.
struct NormBackward {
    Rows size;
    const Bf16* x = nullptr;
    const Bf16* y = nullptr;  ///< with a residual, else null
    const Bf16* gradY = nullptr;
    const float* scale = nullptr;
    const float* shift = nullptr;
    const float* mean = nullptr;
    Act act = Act::None;
    // gradient of x = a * g + b * (x - mean) + c, g = gradient before the activation
    const float* a = nullptr;
    const float* b = nullptr;
    const float* c = nullptr;
    Bf16* gradX = nullptr;
    Bf16* gradResidual = nullptr;  ///< g itself, or null
};

/// A window that slides over pictures [N, height, width, C].
struct Window {
    std::int64_t height = 0, width = 0;        ///< of the input
    std::int64_t outHeight = 0, outWidth = 0;  ///< of the output
    std::int64_t channels = 0;
    int kernel = 1, stride = 1, padTop = 0, padLeft = 0;
};

/// How a 3x3 convolution with stride 1 falls into tiles: 2x2 outputs and the 4x4 inputs that they
/// see, numbered over pictures, then rows, then columns.
struct Tiles {
    std::int64_t pictures = 0;
    std::int64_t height = 0, width = 0;        ///< of the input
    std::int64_t outHeight = 0, outWidth = 0;  ///< of the output
    int padTop = 0, padLeft = 0;
    std::int64_t perRow = 0, perPicture = 0;  ///< so many tiles
};

/// Such a convolution by Winograd's F(2x2, 3x3): with inputs and weights transformed to 4x4 points,
/// an output takes 4 products a channel instead of 9 (Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks", 2016). T is Bf16 or float; transforms and sums are in float.
/// `inputs` and `outputs` are multiples of 16.
template <class T>
struct WinogradForward {
    Tiles tiles;
    std::int64_t inputs = 0, outputs = 0;
    const T* x = nullptr;
    const T* weight = nullptr;    ///< as winogradWeights writes them, block by block
    const float* bias = nullptr;  ///< [outputs] or null
    const T* residual = nullptr;  ///< as y, or null; added before the activation
    Act act = Act::None;
    T* y = nullptr;
    const T* zeros = nullptr;  ///< as many as inputs
    std::int64_t atOnce = 0;   ///< tiles, a multiple of kWinogradRows
    T* points = nullptr;       ///< scratch, kWinogradPoints * (atOnce * inputs + kWinogradGap)
    float* products = nullptr;  ///< scratch, the same with kWinogradBlock instead of inputs
};

/// Gradients of its weights for the upper or the lower two rows of points and some of the outputs
/// (multiples of 16), from bf16.
struct WinogradGradient {
    Tiles tiles;
    std::int64_t inputs = 0, outputs = 0;
    std::int64_t firstOutput = 0, endOutput = 0;
    bool lowerHalf = false;
    const Bf16* x = nullptr;
    const Bf16* gradY = nullptr;
    const Bf16* zeros = nullptr;     ///< as many as inputs and as outputs
    std::int64_t atOnce = 0;         ///< tiles, an even number
    Bf16* inputScratch = nullptr;    ///< 8 * atOnce * inputs
    Bf16* gradientScratch = nullptr;  ///< 8 * atOnce * outputs
    float* sums = nullptr;           ///< [8][outputs][inputs], set
};

constexpr std::int64_t kWinogradPoints = 16;
constexpr std::int64_t kWinogradRows = 6;    ///< tiles in registers at a time
constexpr std::int64_t kWinogradBlock = 64;  ///< outputs in registers at a time, or what is left
constexpr std::int64_t kWinogradGap =
    64;  ///< between points: a power of two would leave most of a cache unused

/// One update of SGD with Nesterov momentum or of AdamW for `count` numbers.
struct SgdUpdate {
    float rate = 0, momentum = 0, decay = 0;
};
struct AdamUpdate {
    float shrink = 1;  ///< 1 - rate * decay
    float beta1 = 0, beta2 = 0;
    float fresh1 = 1, fresh2 = 1;  ///< 1 - beta, rounded once
    float epsilon = 0;
    float step = 0;      ///< rate / (1 - beta1^t)
    float rootScale = 1; ///< 1 / sqrt(1 - beta2^t)
};

struct Kernels {
    const char* name;
    void (*toBf16)(const float* from, Bf16* to, std::int64_t count);
    void (*toFloat)(const Bf16* from, float* to, std::int64_t count);
    /// Rows of planes (`from` [3 planes][pixels]) to [pixels, channels >= planes], rest zero.
    void (*interleave)(const float* from, std::int64_t planes, std::int64_t planeSize,
                       std::int64_t pixels, std::int64_t channels, Bf16* to);

    /// One picture [rows, C] to [C / 16][rows][16], C a multiple of 16.
    void (*toBlocks)(const Bf16* from, Rows size, Bf16* to);
    /// Weights [16 outputs][taps][inputs] to [inputs / 16][taps][8][16][2]: of each 16 inputs the
    /// numbers of two outputs side by side. `inputs` is a multiple of 16.
    void (*pairOutputs)(const float* weight, std::int64_t taps, std::int64_t inputs, Bf16* to);

    /// Adds sum(x - origin) to sums[C] and sum((x - origin)^2) to squares[C].
    void (*normSums)(const Bf16* x, Rows size, const float* origin, double* sums, double* squares);
    void (*normForward)(const NormForward& pass);
    /// Adds sum(g) to sums[C] and sum(g * (x - mean)) to products[C].
    void (*normBackwardSums)(const NormBackward& pass, double* sums, double* products);
    void (*normBackward)(const NormBackward& pass);

    void (*activate)(const Bf16* x, Bf16* y, std::int64_t count, Act act);
    /// From the input of the activation.
    void (*activateBackward)(const Bf16* x, const Bf16* gradY, Bf16* gradX, std::int64_t count,
                             Act act);

    /// One picture. `taken` holds for each output the position in the window, kernel^2 <= 255; null
    /// where nobody asks, and then so is `falling`.
    /// Where falling[C] (or null) is below 0, the smallest number is taken.
    void (*maxPool)(const Bf16* x, const float* falling, const Window& window, Bf16* y,
                    std::uint8_t* taken);
    /// Input rows first..last-1 of one picture; gradX begins with the first of them.
    void (*maxPoolBackward)(const Bf16* gradY, const std::uint8_t* taken, const Window& window,
                            std::int64_t first, std::int64_t last, Bf16* gradX);

    /// Depthwise convolution, output rows first..last-1 of one picture; weight [kernel^2, C].
    void (*depthwise)(const Bf16* x, const float* weight, const Window& window, std::int64_t first,
                      std::int64_t last, Bf16* y);
    /// Input rows first..last-1 of one picture.
    void (*depthwiseBackward)(const Bf16* gradY, const float* weight, const Window& window,
                              std::int64_t first, std::int64_t last, Bf16* gradX);
    /// Adds to gradWeight [kernel^2, C] what output rows first..last-1 of one picture say.
    void (*depthwiseWeights)(const Bf16* x, const Bf16* gradY, const Window& window,
                             std::int64_t first, std::int64_t last, float* gradWeight);

    /// Tiles first..last-1.
    void (*winograd)(const WinogradForward<Bf16>& pass, std::int64_t first, std::int64_t last);
    void (*winogradFloat)(const WinogradForward<float>& pass, std::int64_t first,
                          std::int64_t last);
    /// Weights [outputs][9][inputs] of `width` outputs from `first` on, as a block of a forward
    /// pass: [16 points][inputs / 2][width][2] (float: [16][inputs][width]).
    void (*winogradWeights)(const float* weight, std::int64_t inputs, std::int64_t first,
                            std::int64_t width, Bf16* to);
    void (*winogradWeightsFloat)(const float* weight, std::int64_t inputs, std::int64_t first,
                                 std::int64_t width, float* to);
    /// The same for the gradient of inputs: `width` inputs from `first` on, weights turned.
    void (*winogradTurned)(const float* weight, std::int64_t inputs, std::int64_t outputs,
                           std::int64_t first, std::int64_t width, Bf16* to);
    void (*winogradGradient)(const WinogradGradient& pass, std::int64_t first, std::int64_t last);
    /// From sums [parts][16][outputs][inputs] to gradWeight [outputs][9][inputs], outputs
    /// first..last-1.
    void (*winogradGradientEnd)(const float* sums, std::int64_t parts, std::int64_t inputs,
                                std::int64_t outputs, std::int64_t first, std::int64_t last,
                                float* gradWeight);

    /// One picture: mean[C] of [rows, C].
    void (*mean)(const Bf16* x, Rows size, float* mean);
    /// y = x * factor[C] + offset[C]; offset may be null.
    void (*scaleRows)(const Bf16* x, Rows size, const float* factor, const float* offset, Bf16* y);
    /// products[C] = sum over rows of x * gradY.
    void (*dotRows)(const Bf16* x, const Bf16* gradY, Rows size, float* products);

    void (*sgd)(float* parameter, const float* gradient, float* momentum, std::int64_t count,
                const SgdUpdate& update);
    void (*adam)(float* parameter, const float* gradient, float* average, float* square,
                 std::int64_t count, const AdamUpdate& update);
};

/// The best ones for this processor; the portable ones where the environment says
/// GRAFT_KERNELS=portable.
const Kernels& kernels();
/// For comparison and for processors without AVX-512 BF16.
const Kernels& portableKernels();

/// Whether this processor multiplies bf16 numbers itself (AVX-512 BF16 or AMX): without, training
/// in bf16 works and is slower than in fp32.
bool processorHasBf16();
/// Whether it multiplies whole matrices of them (AMX), several times as fast.
bool processorHasAmx();

}  // namespace graft::fast
