// Activation and means: ops that look at one number or one picture.
#include "core/nn/fast/ops.h"

#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The same numbers in the same order as `x`, for what does not care which they are.
Tensor likeIn(const Tensor& gradient, const Tensor& x) {
    const Tensor given = gradient.to(torch::kBFloat16);
    return given.strides() == x.strides() ? given : torch::empty_like(x).copy_(given);
}

class Activate : public torch::autograd::Function<Activate> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given, Act act) {
        GRAFT_NAMED("activation");
        const Tensor x = given.is_non_overlapping_and_dense() ? given : given.contiguous();
        Tensor y = torch::empty_like(x);
        overItems(x.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
            kernels().activate(numbers(x) + begin, numbers(y) + begin, end - begin, act);
        });
        context->saved_data["act"] = std::int64_t(act);
        context->save_for_backward({x});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("activation, back");
        const Tensor x = context->get_saved_variables()[0];
        const Tensor gradY = likeIn(outputs[0], x);
        const Act act = Act(context->saved_data["act"].toInt());
        Tensor gradX = torch::empty_like(x);
        overItems(x.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
            kernels().activateBackward(numbers(x) + begin, numbers(gradY) + begin,
                                       numbers(gradX) + begin, end - begin, act);
        });
        return {gradX, Tensor()};
    }
};

/// Pixels of one picture.
Rows pictureOf(const Tensor& x) {
    return {x.size(2) * x.size(3), x.size(1)};
}

template <class Body>
void eachPicture(const Tensor& x, const Body& body) {
    const std::int64_t size = x.size(1) * x.size(2) * x.size(3);
    overItems(x.size(0), size, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t n = begin; n < end; ++n) {
            body(n * size, n * x.size(1));
        }
    });
}

Tensor meansOf(const Tensor& x) {
    Tensor means = torch::empty({x.size(0), x.size(1)});
    eachPicture(x, [&](std::int64_t at, std::int64_t channel) {
        kernels().mean(numbers(x) + at, pictureOf(x), means.data_ptr<float>() + channel);
    });
    return means;
}

class Mean : public torch::autograd::Function<Mean> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given) {
        GRAFT_NAMED("mean");
        const Tensor x = inOrder(given);
        context->saved_data["sizes"] = x.sizes().vec();
        return meansOf(x);
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("mean, back");
        const std::vector<std::int64_t> sizes = context->saved_data["sizes"].toIntVector();
        const Tensor share = outputs[0] / double(sizes[2] * sizes[3]);
        return {share.to(torch::kBFloat16)
                    .view({sizes[0], sizes[1], 1, 1})
                    .expand(sizes)
                    .contiguous(torch::MemoryFormat::ChannelsLast)};
    }
};

/// Everything of the gate that the way back needs.
struct Gate {
    Tensor means, inner, activated, outer, gate;  // [N, C], [N, S], [N, S], [N, C], [N, C]
};

Tensor asMatrix(const Tensor& weight) {
    return weight.reshape({weight.size(0), weight.size(1)});
}

Gate gateOf(const Tensor& means, const SqueezeTensors& t) {
    Gate gate;
    gate.means = means;
    gate.inner = torch::addmm(t.reduceBias, means, asMatrix(t.reduceWeight).t());
    gate.activated = t.silu ? torch::silu(gate.inner) : torch::relu(gate.inner);
    gate.outer = torch::addmm(t.expandBias, gate.activated, asMatrix(t.expandWeight).t());
    gate.gate = t.hardGate ? torch::hardsigmoid(gate.outer) : torch::sigmoid(gate.outer);
    return gate;
}

class SqueezeExcite : public torch::autograd::Function<SqueezeExcite> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given,
                          const Tensor& reduceWeight, const Tensor& reduceBias,
                          const Tensor& expandWeight, const Tensor& expandBias, bool silu,
                          bool hardGate) {
        GRAFT_NAMED("squeeze and excitation");
        const Tensor x = inOrder(given);
        const Gate gate = gateOf(
            meansOf(x), {reduceWeight, reduceBias, expandWeight, expandBias, silu, hardGate});
        const float* factors = gate.gate.data_ptr<float>();
        Tensor y = emptyPictures(x.sizes());
        eachPicture(x, [&](std::int64_t at, std::int64_t channel) {
            kernels().scaleRows(numbers(x) + at, pictureOf(x), factors + channel, nullptr,
                                numbers(y) + at);
        });
        context->saved_data["silu"] = silu;
        context->saved_data["hardGate"] = hardGate;
        context->save_for_backward({x, reduceWeight, expandWeight, gate.means, gate.inner,
                                    gate.activated, gate.outer, gate.gate});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("squeeze and excitation, back");
        const variable_list saved = context->get_saved_variables();
        const Tensor& x = saved[0];
        const Tensor reduceWeight = asMatrix(saved[1]);
        const Tensor expandWeight = asMatrix(saved[2]);
        const Tensor &means = saved[3], &inner = saved[4], &activated = saved[5];
        const Tensor &outer = saved[6], &gate = saved[7];
        const Tensor gradY = inOrder(outputs[0]);
        Tensor gradGate = torch::empty_like(gate);
        eachPicture(x, [&](std::int64_t at, std::int64_t channel) {
            kernels().dotRows(numbers(x) + at, numbers(gradY) + at, pictureOf(x),
                              gradGate.data_ptr<float>() + channel);
        });
        const Tensor gradOuter =
            context->saved_data["hardGate"].toBool()
                ? torch::where((outer > -3.0).logical_and(outer < 3.0), gradGate / 6.0,
                               torch::zeros_like(gradGate))
                : gradGate * gate * (1.0 - gate);
        const Tensor gradActivated = gradOuter.matmul(expandWeight);
        const Tensor s = torch::sigmoid(inner);
        const Tensor slope =
            context->saved_data["silu"].toBool() ? s * (1.0 + inner * (1.0 - s))
                                                 : (inner > 0.0).to(torch::kFloat32);
        const Tensor gradInner = gradActivated * slope;
        const Tensor gradMeans =
            gradInner.matmul(reduceWeight).div_(double(pictureOf(x).rows)).contiguous();
        Tensor gradX = emptyPictures(x.sizes());
        eachPicture(x, [&](std::int64_t at, std::int64_t channel) {
            kernels().scaleRows(numbers(gradY) + at, pictureOf(x),
                                gate.data_ptr<float>() + channel,
                                gradMeans.data_ptr<float>() + channel, numbers(gradX) + at);
        });
        return {gradX,
                gradInner.t().matmul(means).view_as(saved[1]),
                gradInner.sum(0),
                gradOuter.t().matmul(activated).view_as(saved[2]),
                gradOuter.sum(0),
                Tensor(),
                Tensor()};
    }
};

}  // namespace

torch::Tensor toChannelsLastBf16(const torch::Tensor& pixels) {
    if (pixels.scalar_type() != torch::kFloat32 || !pixels.is_contiguous() ||
        pixels.dim() != 4 || pixels.requires_grad()) {
        const torch::Tensor x = pixels.to(torch::kBFloat16);
        return x.dim() == 4 ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x;
    }
    torch::Tensor result = emptyPictures(pixels.sizes());
    const std::int64_t planes = pixels.size(1);
    const std::int64_t plane = pixels.size(2) * pixels.size(3);
    overItems(pixels.size(0) * pixels.size(2), planes * pixels.size(3),
              [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t row = begin; row < end; ++row) {
                      const std::int64_t n = row / pixels.size(2);
                      const std::int64_t at = row % pixels.size(2) * pixels.size(3);
                      kernels().interleave(pixels.data_ptr<float>() + n * planes * plane + at,
                                           planes, plane, pixels.size(3), planes,
                                           numbers(result) + (n * plane + at) * planes);
                  }
              });
    return result;
}

torch::Tensor activate(const torch::Tensor& x, Act act) {
    return act == Act::None ? x : Activate::apply(x, act);
}

torch::Tensor activateByTorch(torch::Tensor x, Act act) {
    switch (act) {
        case Act::Relu:
            return torch::relu_(x);
        case Act::Relu6:
            return torch::hardtanh_(x, 0, 6);
        case Act::Silu:
            return torch::silu_(x);
        case Act::Hardswish:
            return torch::hardswish_(x);
        case Act::None:
            break;
    }
    return x;
}

torch::Tensor meanOverPicture(const torch::Tensor& x) {
    return Mean::apply(x);
}

torch::Tensor squeezeExcite(const torch::Tensor& x, const SqueezeTensors& tensors) {
    return SqueezeExcite::apply(x, tensors.reduceWeight, tensors.reduceBias, tensors.expandWeight,
                                tensors.expandBias, tensors.silu, tensors.hardGate);
}

}  // namespace graft::fast
