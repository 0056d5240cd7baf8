#include "core/nn/fast/convolution.h"

#include "core/nn/fast/ops.h"
#include "core/nn/fast/tensors.h"

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool isDepthwise(at::IntArrayRef weight, const ConvGeometry& geometry) {
    return geometry.groups > 1 && geometry.groups == weight[0] && weight[1] == 1 &&
           weight[2] == weight[3] && (weight[2] == 3 || weight[2] == 5);
}

DepthwiseShape depthwiseShape(const ConvGeometry& g) {
    return {g.stride, g.padTop, g.padLeft, g.padBottom, g.padRight};
}

Tensor padded(const Tensor& x, const ConvGeometry& g) {
    const bool even = g.padTop == g.padBottom && g.padLeft == g.padRight;
    return even ? x
                : torch::constant_pad_nd(x, {g.padLeft, g.padRight, g.padTop, g.padBottom}, 0);
}

/// Without oneDNN for this shape or processor: torch's own, computed and given in float32.
Tensor inFloat(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvGeometry& g) {
    const Tensor whole = padded(x.to(torch::kFloat32), g);
    const bool even = g.padTop == g.padBottom && g.padLeft == g.padRight;
    const std::int64_t rows = even ? g.padTop : 0;
    const std::int64_t columns = even ? g.padLeft : 0;
    return torch::conv2d(whole, weight, bias, g.stride, c10::IntArrayRef{rows, columns}, 1,
                         g.groups);
}

void refresh(PackedWeights& kept, const std::shared_ptr<ConvPlan>& plan, const Tensor& weight) {
    const auto version = std::int64_t(weight._version());
    if (kept.plan != plan || kept.version != version) {
        GRAFT_NAMED("weights packed");
        kept = {plan, plan->packForward(weight), {}, version};
    }
}

Tensor foldedWithoutPlan(const Tensor& x, const FoldedWeights& folded, const ConvGeometry& geometry,
                         Act act, const Tensor& residual) {
    if (x.scalar_type() == torch::kFloat32) {
        Tensor y = inFloat(x, folded.weight, folded.bias, geometry);
        if (residual.defined()) {
            y += residual;
        }
        return activateByTorch(y, act);
    }
    const Tensor y = isDepthwise(folded.weight.sizes(), geometry)
                         ? depthwise(x, folded.weight, depthwiseShape(geometry))
                         : inFloat(x, folded.weight, Tensor(), geometry).to(torch::kBFloat16);
    NormTensors norm;
    norm.weight = torch::ones_like(folded.bias);
    norm.bias = folded.bias;
    norm.runningMean = torch::zeros_like(folded.bias);
    norm.runningVar = torch::ones_like(folded.bias);
    norm.eps = 0;
    return normActivate(y, norm, act, residual);
}

/// A plan and weights packed for the way back, held by the graph through a tensor-free holder.
struct Held : torch::CustomClassHolder {
    std::shared_ptr<ConvPlan> plan;
};

class Convolve : public torch::autograd::Function<Convolve> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight,
                          const c10::optional<Tensor>& bias, PackedWeights& kept,
                          bool inputGradient) {
        GRAFT_NAMED("convolution");
        const Tensor x = inOrder(given);
        ConvPlan& plan = *kept.plan;
        Tensor y = emptyPictures(plan.outputSizes());
        plan.forward(x, kept.forward, bias ? *bias : Tensor(), Tensor(), y);
        if (inputGradient && !kept.backward.defined()) {
            GRAFT_NAMED("weights packed");
            kept.backward = plan.packBackward(weight);
        }
        auto held = c10::make_intrusive<Held>();
        held->plan = kept.plan;
        context->saved_data["plan"] = c10::IValue::make_capsule(std::move(held));
        context->saved_data["bias"] = bias.has_value();
        context->save_for_backward({x, weight, inputGradient ? kept.backward : Tensor()});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        const variable_list saved = context->get_saved_variables();
        const auto held = context->saved_data["plan"].toCapsule();
        ConvPlan& plan = *static_cast<Held*>(held.get())->plan;
        const bool hasBias = context->saved_data["bias"].toBool();
        const Tensor gradY = inOrder(outputs[0]);
        Tensor gradX, gradWeight, gradBias;
        if (context->needs_input_grad(0)) {
            GRAFT_NAMED("convolution, gradient of input");
            gradX = emptyPictures(saved[0].sizes());
            plan.backwardInput(gradY, saved[2], gradX);
        }
        if (context->needs_input_grad(1) || (hasBias && context->needs_input_grad(2))) {
            GRAFT_NAMED("convolution, gradient of weights");
            gradWeight = torch::empty_like(saved[1]);
            gradBias = hasBias ? torch::empty({saved[1].size(0)}) : Tensor();
            plan.backwardWeights(saved[0], gradY, gradWeight, gradBias);
        }
        return {gradX, gradWeight, gradBias, Tensor(), Tensor()};
    }
};

}  // namespace

torch::Tensor convolution(const torch::Tensor& x, const torch::Tensor& weight,
                          const torch::Tensor& bias, const ConvGeometry& geometry,
                          PackedWeights& kept) {
    if (!bias.defined() && isDepthwise(weight.sizes(), geometry)) {
        return depthwise(x, weight, depthwiseShape(geometry));
    }
    const std::shared_ptr<ConvPlan> plan = planFor(x, weight.sizes(), bias.defined(), geometry);
    if (!plan) {
        return inFloat(x, weight, bias, geometry).to(torch::kBFloat16);
    }
    refresh(kept, plan, weight);
    const c10::optional<torch::Tensor> given =
        bias.defined() ? c10::make_optional(bias) : c10::nullopt;
    return Convolve::apply(x, weight, given, kept, torch::GradMode::is_enabled() &&
                                                       x.requires_grad());
}

torch::Tensor foldedConvolution(const torch::Tensor& given, FoldedWeights& folded,
                                const ConvGeometry& geometry, Act act,
                                const torch::Tensor& residual) {
    const torch::NoGradGuard noGrad;
    const torch::ScalarType type = given.scalar_type();
    const Tensor x = inOrder(given, type);
    // Depthwise ones, too: with what follows fused in, oneDNN passes over memory once.
    const std::shared_ptr<ConvPlan> plan =
        planFor(x, folded.weight.sizes(), true, geometry, {act, residual.defined()});
    if (!plan) {
        return foldedWithoutPlan(x, folded, geometry, act, residual);
    }
    refresh(folded.packed, plan, folded.weight);
    Tensor y = emptyPictures(plan->outputSizes(), type);
    plan->forward(x, folded.packed.forward, folded.bias,
                  residual.defined() ? inOrder(residual, type) : Tensor(), y);
    return y;
}

}  // namespace graft::fast
