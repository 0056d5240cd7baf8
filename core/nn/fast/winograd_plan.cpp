#include "core/nn/fast/winograd_plan.h"

#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

namespace graft::fast {
namespace {

using torch::Tensor;

/// Groups of kWinogradRows tiles at a time: each block of weights is read once for so many. Up to
/// 512 channels in bf16 their points stay in the second cache; half or twice as many were no
/// faster, in float32 either.
constexpr std::int64_t kMostGroups = 8;
/// Tiles at a time for gradients of weights: all sums are read and written once for so many.
constexpr std::int64_t kGradientTiles = 256;

// The two number types of the kernels behind one name.
template <class T>
struct Of;
template <>
struct Of<Bf16> {
    static constexpr auto type = torch::kBFloat16;
    static constexpr auto forward = &Kernels::winograd;
    static constexpr auto weights = &Kernels::winogradWeights;
    static const Bf16* data(const Tensor& x) { return numbers(x); }
    static Bf16* data(Tensor& x) { return numbers(x); }
};
template <>
struct Of<float> {
    static constexpr auto type = torch::kFloat32;
    static constexpr auto forward = &Kernels::winogradFloat;
    static constexpr auto weights = &Kernels::winogradWeightsFloat;
    static const float* data(const Tensor& x) { return x.data_ptr<float>(); }
    static float* data(Tensor& x) { return x.data_ptr<float>(); }
};

/// x and y are pictures: [N, C, H, W].
Tiles tilesOf(const std::vector<std::int64_t>& x, const std::vector<std::int64_t>& y, int padTop,
              int padLeft) {
    const std::int64_t perRow = (y[3] + 1) / 2;
    return {x[0], x[2], x[3], y[2], y[3], padTop, padLeft, perRow, perRow * ((y[2] + 1) / 2)};
}

std::int64_t countOf(const Tiles& tiles) {
    return tiles.pictures * tiles.perPicture;
}

std::int64_t dividedUp(std::int64_t number, std::int64_t by) {
    return (number + by - 1) / by;
}

/// body(first channel, width) for each block of channels that is multiplied at a time.
template <class Body>
void overBlocks(std::int64_t channels, std::int64_t depth, const Body& body) {
    const std::int64_t blocks = dividedUp(channels, kWinogradBlock);
    overItems(blocks, kWinogradBlock * depth, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t first = begin * kWinogradBlock;
             first < std::min(end * kWinogradBlock, channels); first += kWinogradBlock) {
            body(first, std::min(kWinogradBlock, channels - first));
        }
    });
}

template <class T>
class WinogradPlan final : public ConvPlan {
 public:
    explicit WinogradPlan(const ConvShape& shape)
        : m_shape(shape),
          m_inputs(shape.x[1]),
          m_outputs(shape.y[1]),
          m_zeros(torch::zeros({std::max(m_inputs, m_outputs)}, Of<T>::type)) {}

    std::array<std::int64_t, 4> outputSizes() const override {
        return {m_shape.y[0], m_shape.y[1], m_shape.y[2], m_shape.y[3]};
    }

    Tensor packForward(const Tensor& weight) override {
        const Tensor from = inOrder(weight, torch::kFloat32);
        Tensor to = torch::empty({kWinogradPoints * m_inputs * m_outputs}, Of<T>::type);
        overBlocks(m_outputs, m_inputs, [&](std::int64_t first, std::int64_t width) {
            (kernels().*Of<T>::weights)(from.data_ptr<float>(), m_inputs, first, width,
                                        Of<T>::data(to) + kWinogradPoints * m_inputs * first);
        });
        return to;
    }

    Tensor packBackward(const Tensor& weight) override {
        const Tensor from = inOrder(weight, torch::kFloat32);
        Tensor to = torch::empty({kWinogradPoints * m_inputs * m_outputs}, torch::kBFloat16);
        overBlocks(m_inputs, m_outputs, [&](std::int64_t first, std::int64_t width) {
            kernels().winogradTurned(from.data_ptr<float>(), m_inputs, m_outputs, first, width,
                                     numbers(to) + kWinogradPoints * m_outputs * first);
        });
        return to;
    }

    void forward(const Tensor& x, const Tensor& packed, const Tensor& bias, const Tensor& residual,
                 Tensor& y) override {
        WinogradForward<T> pass;
        pass.tiles =
            tilesOf(m_shape.x, m_shape.y, m_shape.geometry.padTop, m_shape.geometry.padLeft);
        pass.inputs = m_inputs;
        pass.outputs = m_outputs;
        pass.x = Of<T>::data(x);
        pass.weight = Of<T>::data(packed);
        pass.bias = bias.defined() ? bias.data_ptr<float>() : nullptr;
        pass.residual = residual.defined() ? Of<T>::data(residual) : nullptr;
        pass.act = m_shape.after.act;
        pass.y = Of<T>::data(y);
        run(pass);
    }

    /// The same convolution with weights turned: what an output took from, it gives back to.
    void backwardInput(const Tensor& gradY, const Tensor& packed, Tensor& gradX) override {
        WinogradForward<Bf16> pass;
        pass.tiles = tilesOf(m_shape.y, m_shape.x, 2 - m_shape.geometry.padTop,
                             2 - m_shape.geometry.padLeft);
        pass.inputs = m_outputs;
        pass.outputs = m_inputs;
        pass.x = numbers(gradY);
        pass.weight = numbers(packed);
        pass.y = numbers(gradX);
        run(pass);
    }

    void backwardWeights(const Tensor& x, const Tensor& gradY, Tensor& gradWeight,
                         Tensor& gradBias) override {
        const Tiles tiles =
            tilesOf(m_shape.x, m_shape.y, m_shape.geometry.padTop, m_shape.geometry.padLeft);
        // Two halves of the points are shared out first, then tiles, of which each part has sums of
        // its own, then outputs.
        const std::int64_t pairs = dividedUp(at::get_num_threads(), 2);
        const std::int64_t parts =
            std::clamp<std::int64_t>(countOf(tiles) / kGradientTiles, 1, pairs);
        const std::int64_t blocks = std::min(dividedUp(pairs, parts), m_outputs / 16);
        Tensor sums = torch::empty({parts, kWinogradPoints, m_outputs, m_inputs});
        const std::int64_t items = 2 * parts * blocks;
        overParts(items, items, [&](std::int64_t item, std::int64_t, std::int64_t) {
            const std::int64_t block = item / 2 % blocks;
            WinogradGradient pass;
            pass.lowerHalf = item % 2 == 1;
            pass.firstOutput = block * (m_outputs / 16) / blocks * 16;
            pass.endOutput = (block + 1) * (m_outputs / 16) / blocks * 16;
            sumGradients(x, gradY, tiles, pass, item / 2 / blocks, sums);
        });
        Tensor gradient = gradWeight.is_contiguous(torch::MemoryFormat::ChannelsLast)
                              ? gradWeight
                              : emptyPictures(gradWeight.sizes(), torch::kFloat32);
        overItems(m_outputs, kWinogradPoints * m_inputs * parts,
                  [&](std::int64_t begin, std::int64_t end) {
                      kernels().winogradGradientEnd(sums.data_ptr<float>(), parts, m_inputs,
                                                    m_outputs, begin, end,
                                                    gradient.data_ptr<float>());
                  });
        if (!gradient.is_same(gradWeight)) {
            gradWeight.copy_(gradient);
        }
        if (gradBias.defined()) {
            sumPixels(gradY, gradBias);
        }
    }

 private:
    template <class U>
    void run(WinogradForward<U> pass) {
        pass.zeros = Of<U>::data(m_zeros);
        const std::int64_t count = countOf(pass.tiles);
        const std::int64_t groups = dividedUp(count, kWinogradRows);
        const std::int64_t parts = partsFor(count * kWinogradPoints * pass.inputs, groups);
        const std::int64_t each = dividedUp(groups, parts);
        pass.atOnce = dividedUp(each, dividedUp(each, kMostGroups)) * kWinogradRows;
        Tensor points = torch::empty(
            {parts, kWinogradPoints * (pass.atOnce * pass.inputs + kWinogradGap)}, Of<U>::type);
        Tensor products =
            torch::empty({parts, kWinogradPoints * (pass.atOnce * kWinogradBlock + kWinogradGap)});
        overParts(groups, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
            WinogradForward<U> own = pass;
            own.points = Of<U>::data(points) + part * points.size(1);
            own.products = products.data_ptr<float>() + part * products.size(1);
            (kernels().*Of<U>::forward)(own, begin * kWinogradRows,
                                        std::min(end * kWinogradRows, count));
        });
    }

    /// What `pass` says, over one part of the tiles.
    void sumGradients(const Tensor& x, const Tensor& gradY, const Tiles& tiles,
                      WinogradGradient pass, std::int64_t part, Tensor& sums) const {
        pass.tiles = tiles;
        pass.inputs = m_inputs;
        pass.outputs = m_outputs;
        pass.x = numbers(x);
        pass.gradY = numbers(gradY);
        pass.zeros = numbers(m_zeros);
        pass.atOnce = kGradientTiles;
        Tensor scratch = torch::empty({8 * pass.atOnce * (m_inputs + m_outputs)}, torch::kBFloat16);
        pass.inputScratch = numbers(scratch);
        pass.gradientScratch = pass.inputScratch + 8 * pass.atOnce * m_inputs;
        pass.sums = sums.data_ptr<float>() +
                    (part * kWinogradPoints + (pass.lowerHalf ? 8 : 0)) * m_outputs * m_inputs;
        const std::int64_t parts = sums.size(0);
        kernels().winogradGradient(pass, part * countOf(tiles) / parts,
                                   (part + 1) * countOf(tiles) / parts);
    }

    static void sumPixels(const Tensor& gradY, Tensor& gradBias) {
        const std::vector<float> origin(std::size_t(gradY.size(1)), 0.0F);
        const ChannelSums sums =
            sumOver(rowsOf(gradY), [&](std::int64_t row, Rows part, double* first, double* second) {
                kernels().normSums(numbers(gradY) + row * part.channels, part, origin.data(), first,
                                   second);
            });
        for (std::size_t c = 0; c < sums.first.size(); ++c) {
            gradBias.data_ptr<float>()[c] = float(sums.first[c]);
        }
    }

    ConvShape m_shape;
    std::int64_t m_inputs, m_outputs;
    Tensor m_zeros;
};

}  // namespace

bool isWinograd(const ConvShape& shape) {
    const ConvGeometry& g = shape.geometry;
    const auto known = [](int pad) { return pad >= 0 && pad <= 2; };
    return g.stride == 1 && g.groups == 1 && shape.weight[2] == 3 && shape.weight[3] == 3 &&
           known(g.padTop) && known(g.padLeft) && known(g.padBottom) && known(g.padRight) &&
           shape.x[0] > 0 && shape.y[2] > 0 && shape.y[3] > 0 && shape.x[1] % 16 == 0 &&
           shape.y[1] % 16 == 0 &&
           (shape.type == torch::kBFloat16 || shape.type == torch::kFloat32);
}

bool winogradPays(const ConvShape& shape) {
    // With few channels, transforms take longer than what they save.
    constexpr std::int64_t kLeastChannels = 48;
    const bool matrices = shape.type == torch::kBFloat16 && processorHasAmx();
    return &kernels() != &portableKernels() && !matrices && isWinograd(shape) &&
           shape.x[1] >= kLeastChannels && shape.y[1] >= kLeastChannels;
}

std::shared_ptr<ConvPlan> winogradPlan(const ConvShape& shape) {
    if (shape.type == torch::kFloat32) {
        return std::make_shared<WinogradPlan<float>>(shape);
    }
    return std::make_shared<WinogradPlan<Bf16>>(shape);
}

}  // namespace graft::fast
