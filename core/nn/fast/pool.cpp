// Max-pool, alone and behind a batch norm. There it comes first: activations never fall, so the
// largest outcome of a window is that of its largest number (of its smallest where the norm's scale
// is negative), and the norm is left with a quarter of the work.
#include "core/nn/fast/norm_parts.h"
#include "core/nn/fast/parallel.h"

#include <vector>

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::int64_t pooledSize(std::int64_t size, const PoolShape& shape) {
    const std::int64_t over = size + 2 * shape.padding - shape.kernel;
    std::int64_t count = (shape.ceilMode ? over + shape.stride - 1 : over) / shape.stride + 1;
    // The last window starts inside the picture or its padding on the left.
    if (shape.ceilMode && (count - 1) * shape.stride >= size + shape.padding) {
        --count;
    }
    return count;
}

/// Over pictures [N, C, H, W].
Window windowOver(at::IntArrayRef sizes, const PoolShape& shape) {
    Window window;
    window.channels = sizes[1];
    window.height = sizes[2];
    window.width = sizes[3];
    window.outHeight = pooledSize(window.height, shape);
    window.outWidth = pooledSize(window.width, shape);
    window.kernel = shape.kernel;
    window.stride = shape.stride;
    window.padTop = window.padLeft = shape.padding;
    return window;
}

struct Sizes {
    std::int64_t in, out;
};

/// Numbers of one picture.
Sizes sizesOf(const Window& w) {
    return {w.height * w.width * w.channels, w.outHeight * w.outWidth * w.channels};
}

void keep(AutogradContext* context, at::IntArrayRef sizes, const PoolShape& shape) {
    context->saved_data["sizes"] = sizes.vec();
    context->saved_data["pool"] =
        std::vector<std::int64_t>{shape.kernel, shape.stride, shape.padding, shape.ceilMode};
}

Window keptWindow(AutogradContext* context) {
    const std::vector<std::int64_t> pool = context->saved_data["pool"].toIntVector();
    return windowOver(context->saved_data["sizes"].toIntVector(),
                      {int(pool[0]), int(pool[1]), int(pool[2]), pool[3] != 0});
}

struct Pooled {
    Tensor numbers;  ///< [N, C, outHeight, outWidth]
    Tensor taken;    ///< where in its window each was; undefined unless that is remembered
};

/// `falling` [C]: below 0 where the smallest number is wanted; undefined: nowhere.
Pooled pooled(const Tensor& x, const Window& window, const Tensor& falling, bool remembers) {
    const Sizes sizes = sizesOf(window);
    Tensor y = emptyPictures({x.size(0), x.size(1), window.outHeight, window.outWidth});
    Tensor taken = remembers ? torch::empty({y.numel()}, torch::kUInt8) : Tensor();
    const float* signs = falling.defined() ? falling.data_ptr<float>() : nullptr;
    std::uint8_t* places = remembers ? taken.data_ptr<std::uint8_t>() : nullptr;
    overItems(x.size(0), sizes.in, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t n = begin; n < end; ++n) {
            kernels().maxPool(numbers(x) + n * sizes.in, signs, window, numbers(y) + n * sizes.out,
                              places ? places + n * sizes.out : nullptr);
        }
    });
    return {y, taken};
}

class MaxPool : public torch::autograd::Function<MaxPool> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given, const PoolShape& shape) {
        GRAFT_NAMED("max-pool");
        const Tensor x = inOrder(given);
        const Pooled outcome = pooled(x, windowOver(x.sizes(), shape), Tensor(), true);
        keep(context, x.sizes(), shape);
        context->save_for_backward({outcome.taken});
        return outcome.numbers;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("max-pool, back");
        const Tensor taken = context->get_saved_variables()[0];
        const Window window = keptWindow(context);
        const Sizes sizes = sizesOf(window);
        const Tensor gradY = inOrder(outputs[0]);
        Tensor gradX = emptyPictures(context->saved_data["sizes"].toIntVector());
        overItems(gradX.size(0), sizes.in, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n) {
                kernels().maxPoolBackward(numbers(gradY) + n * sizes.out,
                                          taken.data_ptr<std::uint8_t>() + n * sizes.out, window, 0,
                                          window.height, numbers(gradX) + n * sizes.in);
            }
        });
        return {gradX, Tensor()};
    }
};

/// Rows of a picture that fit into a quarter of the second cache.
std::int64_t rowsInCache(const Window& window) {
    constexpr std::int64_t kNumbers = 1 << 17;
    return std::max<std::int64_t>(1, kNumbers / (window.width * window.channels));
}

struct PooledInputs {
    const Tensor &x, &taken, &gradY;
};

/// Gradients of pictures begin..end-1 before the norm, some rows at a time: what the pool gives
/// back stays in the processor's cache.
void spreadAndNorm(NormBackward pass, const Window& window, const PooledInputs& inputs,
                   std::int64_t begin, std::int64_t end, Tensor& gradX) {
    const Sizes sizes = sizesOf(window);
    const std::int64_t row = window.width * window.channels;
    const std::int64_t step = rowsInCache(window);
    std::vector<Bf16> spread(std::size_t(step * row));
    pass.gradY = spread.data();
    for (std::int64_t n = begin; n < end; ++n) {
        for (std::int64_t first = 0; first < window.height; first += step) {
            const std::int64_t last = std::min(first + step, window.height);
            kernels().maxPoolBackward(numbers(inputs.gradY) + n * sizes.out,
                                      inputs.taken.data_ptr<std::uint8_t>() + n * sizes.out, window,
                                      first, last, spread.data());
            pass.size = {(last - first) * window.width, window.channels};
            pass.x = numbers(inputs.x) + n * sizes.in + first * row;
            pass.gradX = numbers(gradX) + n * sizes.in + first * row;
            kernels().normBackward(pass);
        }
    }
}

class NormActivateMaxPool : public torch::autograd::Function<NormActivateMaxPool> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight,
                          const Tensor& bias, const NormTensors& norm, Act act,
                          const PoolShape& shape) {
        GRAFT_NAMED("norm, activation and max-pool");
        const Tensor x = inOrder(given);
        const NormStatistics statistics = statisticsOf(x, norm);
        const NormAffine affine = affineOf(statistics, weight, bias);
        const Pooled taken = pooled(x, windowOver(x.sizes(), shape), affine.scale, true);
        Tensor y = normForwardOf(taken.numbers, affine, act, Tensor());
        keep(context, x.sizes(), shape);
        context->saved_data["act"] = std::int64_t(act);
        context->saved_data["training"] = norm.training;
        context->save_for_backward(
            {x, taken.numbers, taken.taken, weight, bias, statistics.mean, statistics.inverse});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("norm, activation and max-pool, back");
        const variable_list saved = context->get_saved_variables();
        const Tensor &x = saved[0], &best = saved[1], &taken = saved[2];
        const Tensor gradY = inOrder(outputs[0]);
        NormWayBack back({saved[5], saved[6]}, saved[3], saved[4],
                         Act(context->saved_data["act"].toInt()),
                         context->saved_data["training"].toBool());
        back.sum(best, Tensor(), gradY, rowsOf(x).rows);
        const Window window = keptWindow(context);
        Tensor gradX = emptyPictures(x.sizes());
        overItems(x.size(0), sizesOf(window).in, [&](std::int64_t begin, std::int64_t end) {
            spreadAndNorm(back.pass(), window, {x, taken, gradY}, begin, end, gradX);
        });
        return {gradX, back.gradWeight, back.gradBias, {}, {}, {}};
    }
};

}  // namespace

torch::Tensor maxPool(const torch::Tensor& given, const PoolShape& shape) {
    if (torch::GradMode::is_enabled() && given.requires_grad()) {
        return MaxPool::apply(given, shape);
    }
    GRAFT_NAMED("max-pool");
    const Tensor x = inOrder(given);
    return pooled(x, windowOver(x.sizes(), shape), Tensor(), false).numbers;
}

torch::Tensor normActivateMaxPool(const torch::Tensor& x, const NormTensors& norm, Act act,
                                  const PoolShape& shape) {
    const bool neverFalls = act == Act::None || act == Act::Relu || act == Act::Relu6;
    if (!neverFalls) {
        return maxPool(normActivate(x, norm, act, {}), shape);
    }
    return NormActivateMaxPool::apply(x, norm.weight, norm.bias, norm, act, shape);
}

}  // namespace graft::fast
