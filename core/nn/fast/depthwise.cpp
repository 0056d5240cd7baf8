// Depthwise convolution: split by picture and row, so that a thread's rows stay in its cache.
#include "core/nn/fast/ops.h"

#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Window windowOf(at::IntArrayRef x, std::int64_t kernel, const DepthwiseShape& shape) {
    Window window;
    window.channels = x[1];
    window.height = x[2];
    window.width = x[3];
    window.kernel = int(kernel);
    window.stride = shape.stride;
    window.padTop = shape.padTop;
    window.padLeft = shape.padLeft;
    window.outHeight =
        (x[2] + shape.padTop + shape.padBottom - kernel) / shape.stride + 1;
    window.outWidth = (x[3] + shape.padLeft + shape.padRight - kernel) / shape.stride + 1;
    return window;
}

std::int64_t pictureSize(const Window& w) {
    return w.height * w.width * w.channels;
}
std::int64_t outputSize(const Window& w) {
    return w.outHeight * w.outWidth * w.channels;
}

/// body(picture, first row, last row) over the rows of all pictures.
template <class Body>
void overPictureRows(std::int64_t pictures, std::int64_t rows, std::int64_t width,
                     const Body& body) {
    overItems(pictures * rows, width, [&](std::int64_t begin, std::int64_t end) {
        while (begin < end) {
            const std::int64_t n = begin / rows;
            const std::int64_t last = std::min(end, (n + 1) * rows);
            body(n, begin - n * rows, last - n * rows);
            begin = last;
        }
    });
}

/// [C, 1, K, K] -> [K * K, C], or turned by half a circle.
Tensor byPosition(const Tensor& weight, bool turned) {
    Tensor taps = weight.detach().reshape({weight.size(0), -1});
    taps = turned ? taps.flip({1}) : taps;
    return taps.t().contiguous();
}

void forwardInto(const Tensor& x, const Tensor& taps, const Window& w, Tensor& y) {
    overPictureRows(x.size(0), w.outHeight, w.outWidth * w.channels,
                    [&](std::int64_t n, std::int64_t first, std::int64_t last) {
                        kernels().depthwise(numbers(x) + n * pictureSize(w),
                                            taps.data_ptr<float>(), w, first, last,
                                            numbers(y) + n * outputSize(w));
                    });
}

Tensor gradientOfInput(const Tensor& gradY, const Tensor& weight, const Window& w,
                       at::IntArrayRef sizes) {
    Tensor gradX = emptyPictures(sizes);
    if (w.stride == 1) {
        // The same loop with the kernel turned: what an output took from, it gives back to.
        Window back = w;
        std::swap(back.height, back.outHeight);
        std::swap(back.width, back.outWidth);
        back.padTop = w.kernel - 1 - w.padTop;
        back.padLeft = w.kernel - 1 - w.padLeft;
        forwardInto(gradY, byPosition(weight, true), back, gradX);
        return gradX;
    }
    const Tensor taps = byPosition(weight, false);
    overPictureRows(sizes[0], w.height, w.width * w.channels,
                    [&](std::int64_t n, std::int64_t first, std::int64_t last) {
                        kernels().depthwiseBackward(numbers(gradY) + n * outputSize(w),
                                                    taps.data_ptr<float>(), w, first, last,
                                                    numbers(gradX) + n * pictureSize(w));
                    });
    return gradX;
}

Tensor gradientOfWeight(const Tensor& x, const Tensor& gradY, const Window& w,
                        const Tensor& weight) {
    GRAFT_NAMED("depthwise, gradient of weights");
    const std::int64_t rows = x.size(0) * w.outHeight;
    const std::int64_t parts = partsFor(gradY.numel(), rows);
    const Tensor sums = torch::zeros({parts, w.kernel * w.kernel, w.channels});
    overParts(rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* own = sums.data_ptr<float>() + part * w.kernel * w.kernel * w.channels;
        while (begin < end) {
            const std::int64_t n = begin / w.outHeight;
            const std::int64_t last = std::min(end, (n + 1) * w.outHeight);
            kernels().depthwiseWeights(numbers(x) + n * pictureSize(w),
                                       numbers(gradY) + n * outputSize(w), w,
                                       begin - n * w.outHeight, last - n * w.outHeight, own);
            begin = last;
        }
    });
    return torch::empty_like(weight).copy_(sums.sum(0).t().reshape(weight.sizes()));
}

class Depthwise : public torch::autograd::Function<Depthwise> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight,
                          const DepthwiseShape& shape) {
        GRAFT_NAMED("depthwise");
        const Tensor x = inOrder(given);
        const Window w = windowOf(x.sizes(), weight.size(2), shape);
        Tensor y = emptyPictures({x.size(0), x.size(1), w.outHeight, w.outWidth});
        forwardInto(x, byPosition(weight, false), w, y);
        context->saved_data["shape"] = std::vector<std::int64_t>{
            shape.stride, shape.padTop, shape.padLeft, shape.padBottom, shape.padRight};
        context->save_for_backward({x, weight});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("depthwise, back");
        const variable_list saved = context->get_saved_variables();
        const std::vector<std::int64_t> n = context->saved_data["shape"].toIntVector();
        const DepthwiseShape shape{int(n[0]), int(n[1]), int(n[2]), int(n[3]), int(n[4])};
        const Tensor gradY = inOrder(outputs[0]);
        const Window w = windowOf(saved[0].sizes(), saved[1].size(2), shape);
        return {context->needs_input_grad(0)
                    ? gradientOfInput(gradY, saved[1], w, saved[0].sizes())
                    : Tensor(),
                context->needs_input_grad(1) ? gradientOfWeight(saved[0], gradY, w, saved[1])
                                             : Tensor(),
                Tensor()};
    }
};

}  // namespace

torch::Tensor depthwise(const torch::Tensor& x, const torch::Tensor& weight,
                        const DepthwiseShape& shape) {
    return Depthwise::apply(x, weight, shape);
}

}  // namespace graft::fast
