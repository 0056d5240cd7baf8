#include "core/nn/fast/winograd_plan.h"

#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

#include <numeric>

namespace graft::fast {
namespace {

using torch::Tensor;

constexpr std::int64_t kScratch = 400 << 10;  ///< bytes of points at a time, for the second cache

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
    return {x[0], x[2], x[3], y[2], y[3], padTop, padLeft};
}

/// As many tiles as fit into the scratch memory, but at least `least`.
std::int64_t tilesAtOnce(std::int64_t bytesOfOne, std::int64_t least, std::int64_t most) {
    return std::clamp(kScratch / bytesOfOne, least, most);
}

/// body(block, first channel, width) for each block of channels that is multiplied at a time.
template <class Body>
void overBlocks(std::int64_t channels, std::int64_t depth, const Body& body) {
    const std::int64_t blocks = (channels + kWinogradBlock - 1) / kWinogradBlock;
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
        const auto threads = std::int64_t(at::get_num_threads());
        // Two halves of the points are shared out; where that leaves threads without work, tiles,
        // too.
        const std::int64_t parts =
            std::min(threads / std::gcd(threads, std::int64_t(2)), tiles.count());
        Tensor sums = torch::empty({parts, kWinogradPoints, m_outputs, m_inputs});
        overParts(2 * parts, 2 * parts, [&](std::int64_t item, std::int64_t, std::int64_t) {
            sumGradients(x, gradY, tiles, item % 2 == 1, item / 2, sums);
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
            gradBias.copy_(gradY.sum({0, 2, 3}, false, torch::kFloat32));
        }
    }

 private:
    template <class U>
    void run(WinogradForward<U> pass) {
        pass.zeros = Of<U>::data(m_zeros);
        const std::int64_t count = pass.tiles.count();
        pass.atOnce = tilesAtOnce(kWinogradPoints * pass.inputs * std::int64_t(sizeof(U)),
                                  4 * kWinogradRows, 8 * kWinogradRows) /
                      kWinogradRows * kWinogradRows;
        const std::int64_t steps = (count + pass.atOnce - 1) / pass.atOnce;
        const std::int64_t parts = partsFor(count * kWinogradPoints * pass.inputs, steps);
        Tensor points = torch::empty(
            {parts, kWinogradPoints * (pass.atOnce * pass.inputs + kWinogradGap)}, Of<U>::type);
        Tensor products =
            torch::empty({parts, kWinogradPoints * (pass.atOnce * kWinogradBlock + kWinogradGap)});
        overParts(steps, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
            WinogradForward<U> own = pass;
            own.points = Of<U>::data(points) + part * points.size(1);
            own.products = products.data_ptr<float>() + part * products.size(1);
            (kernels().*Of<U>::forward)(own, begin * pass.atOnce,
                                        std::min(end * pass.atOnce, count));
        });
    }

    /// One half of the points over one part of the tiles.
    void sumGradients(const Tensor& x, const Tensor& gradY, const Tiles& tiles, bool lowerHalf,
                      std::int64_t part, Tensor& sums) const {
        const std::int64_t parts = sums.size(0);
        WinogradGradient pass;
        pass.tiles = tiles;
        pass.inputs = m_inputs;
        pass.outputs = m_outputs;
        pass.lowerHalf = lowerHalf;
        pass.x = numbers(x);
        pass.gradY = numbers(gradY);
        pass.zeros = numbers(m_zeros);
        // Fewer would read and write all sums more often than it is worth.
        pass.atOnce = tilesAtOnce(8 * (m_inputs + m_outputs) * 2, 256, 1024) / 2 * 2;
        Tensor scratch = torch::empty({8 * pass.atOnce * (m_inputs + m_outputs)}, torch::kBFloat16);
        pass.inputPoints = numbers(scratch);
        pass.gradientPoints = pass.inputPoints + 8 * pass.atOnce * m_inputs;
        pass.sums = sums.data_ptr<float>() +
                    (part * kWinogradPoints + (lowerHalf ? 8 : 0)) * m_outputs * m_inputs;
        kernels().winogradGradient(pass, part * tiles.count() / parts,
                                   (part + 1) * tiles.count() / parts);
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
           shape.x[1] % 16 == 0 && shape.y[1] % 16 == 0 &&
           (shape.type == torch::kBFloat16 || shape.type == torch::kFloat32);
}

bool winogradPays(const ConvShape& shape) {
    // With few channels, transforms take longer than what they save.
    constexpr std::int64_t kLeastChannels = 48;
    const bool vectors = &kernels() != &portableKernels() && !processorHasAmx();
    return vectors && isWinograd(shape) && shape.x[1] >= kLeastChannels &&
           shape.y[1] >= kLeastChannels;
}

std::shared_ptr<ConvPlan> winogradPlan(const ConvShape& shape) {
    if (shape.type == torch::kFloat32) {
        return std::make_shared<WinogradPlan<float>>(shape);
    }
    return std::make_shared<WinogradPlan<Bf16>>(shape);
}

}  // namespace graft::fast
