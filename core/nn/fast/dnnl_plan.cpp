#include "core/nn/fast/dnnl_plan.h"

#if GRAFT_HAS_DNNL
#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <optional>
#include <string_view>
#include <unordered_map>

namespace graft::fast {
namespace {

using dnnl::memory;
using torch::Tensor;

dnnl::engine& engine() {
    static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}
dnnl::stream& stream() {
    static dnnl::stream own(engine());
    return own;
}

memory::dims dimsOf(at::IntArrayRef sizes) {
    return {sizes.begin(), sizes.end()};
}

memory::data_type typeOf(torch::ScalarType type) {
    return type == torch::kBFloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory at(const memory::desc& desc, const Tensor& tensor) {
    return memory(desc, engine(), tensor.data_ptr());
}

/// [O, I / g, H, W] or, as oneDNN sees groups, [g, O / g, I / g, H, W].
memory::dims weightDims(at::IntArrayRef sizes, int groups) {
    memory::dims dims = dimsOf(sizes);
    if (groups > 1) {
        dims[0] /= groups;
        dims.insert(dims.begin(), groups);
    }
    return dims;
}

memory::desc plainWeights(const Tensor& weight, int groups) {
    memory::dims strides = dimsOf(weight.strides());
    if (groups > 1) {
        strides.insert(strides.begin(), strides[0] * (weight.size(0) / groups));
    }
    return {weightDims(weight.sizes(), groups), typeOf(weight.scalar_type()), strides};
}

bool isBlocked(std::int64_t channels) {
    return channels % 16 == 0;
}

/// Copies that take oneDNN longer; false for other orders than these.
bool blockedPictures(const memory::desc& wanted, const Tensor& pictures, Tensor& to) {
    if (pictures.scalar_type() != torch::kBFloat16 || !isBlocked(pictures.size(1)) ||
        wanted != memory::desc(dimsOf(pictures.sizes()), memory::data_type::bf16,
                               memory::format_tag::nChw16c)) {
        return false;
    }
    const Rows size{pictures.size(2) * pictures.size(3), pictures.size(1)};
    const std::int64_t picture = size.rows * size.channels;
    overItems(pictures.size(0), picture, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t n = begin; n < end; ++n) {
            kernels().toBlocks(numbers(pictures) + n * picture, size, numbers(to) + n * picture);
        }
    });
    return true;
}

bool pairedWeights(const memory::desc& wanted, const Tensor& weight, Tensor& to) {
    if (weight.scalar_type() != torch::kFloat32 || !isBlocked(weight.size(0)) ||
        !isBlocked(weight.size(1)) || !weight.is_contiguous(torch::MemoryFormat::ChannelsLast) ||
        wanted != memory::desc(dimsOf(weight.sizes()), memory::data_type::bf16,
                               memory::format_tag::ABcd8a16b2a)) {
        return false;
    }
    const std::int64_t taps = weight.size(2) * weight.size(3);
    const std::int64_t block = 16 * taps * weight.size(1);
    overItems(weight.size(0) / 16, block, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            kernels().pairOutputs(weight.data_ptr<float>() + i * block, taps, weight.size(1),
                                  numbers(to) + i * block);
        }
    });
    return true;
}

dnnl::primitive_attr attributesFor(const AfterConv& after, const memory::desc& y) {
    dnnl::post_ops steps;
    using dnnl::algorithm;
    if (after.addsResidual) {
        steps.append_binary(algorithm::binary_add, y);
    }
    switch (after.act) {
        case Act::Relu:
            steps.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
            break;
        case Act::Relu6:
            steps.append_eltwise(1.0F, algorithm::eltwise_clip, 0.0F, 6.0F);
            break;
        case Act::Silu:
            steps.append_eltwise(1.0F, algorithm::eltwise_swish, 1.0F, 0.0F);
            break;
        case Act::Hardswish:
            steps.append_eltwise(1.0F, algorithm::eltwise_hardswish, 0.0F, 0.0F);
            break;
        case Act::None:
            break;
    }
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(steps);
    return attributes;
}

class DnnlPlan final : public ConvPlan {
 public:
    explicit DnnlPlan(const ConvShape& shape) : m_shape(shape) {
        const ConvGeometry& g = shape.geometry;
        using tag = memory::format_tag;
        const auto type = typeOf(shape.type);
        m_x = {dimsOf(shape.x), type, tag::nhwc};
        m_y = {dimsOf(shape.y), type, tag::nhwc};
        m_weight = {weightDims(shape.weight, g.groups), type, tag::any};
        m_bias = {{shape.weight[0]}, memory::data_type::f32, tag::x};
        m_strides = {g.stride, g.stride};
        m_before = {g.padTop, g.padLeft};
        m_after = {g.padBottom, g.padRight};
        const auto kind = shape.after.act == Act::None && !shape.after.addsResidual
                              ? dnnl::prop_kind::forward_training
                              : dnnl::prop_kind::forward_inference;
        const auto direct = dnnl::algorithm::convolution_direct;
        const auto plan = shape.bias
                              ? dnnl::convolution_forward::desc(kind, direct, m_x, m_weight, m_bias,
                                                                m_y, m_strides, m_before, m_after)
                              : dnnl::convolution_forward::desc(kind, direct, m_x, m_weight, m_y,
                                                                m_strides, m_before, m_after);
        m_forwardDesc = {plan, attributesFor(shape.after, m_y), engine()};
        m_forward = dnnl::convolution_forward(m_forwardDesc);
    }

    std::array<std::int64_t, 4> outputSizes() const override {
        return {m_shape.y[0], m_shape.y[1], m_shape.y[2], m_shape.y[3]};
    }

    /// oneDNN's plainest loops, which serve where it has nothing better: slower than torch's.
    bool isReference() const {
        return std::string_view(m_forwardDesc.impl_info_str()).substr(0, 3) == "ref";
    }

    Tensor packForward(const Tensor& weight) override {
        return packed(weight, m_forwardDesc.weights_desc());
    }

    Tensor packBackward(const Tensor& weight) override {
        needBackwardInput();
        return packed(weight, m_backwardInputDesc->weights_desc());
    }

    void forward(const Tensor& x, const Tensor& packed, const Tensor& bias, const Tensor& residual,
                 Tensor& y) override {
        std::unordered_map<int, memory> arguments{
            {DNNL_ARG_SRC, at(m_x, x)},
            {DNNL_ARG_WEIGHTS, at(m_forwardDesc.weights_desc(), packed)},
            {DNNL_ARG_DST, at(m_y, y)}};
        if (m_shape.bias) {
            arguments[DNNL_ARG_BIAS] = at(m_bias, bias);
        }
        if (m_shape.after.addsResidual) {
            arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1] = at(m_y, residual);
        }
        m_forward.execute(stream(), arguments);
    }

    void backwardInput(const Tensor& gradY, const Tensor& packed, Tensor& gradX) override {
        needBackwardInput();
        m_backwardInput.execute(
            stream(), {{DNNL_ARG_DIFF_DST, at(m_y, gradY)},
                       {DNNL_ARG_WEIGHTS, at(m_backwardInputDesc->weights_desc(), packed)},
                       {DNNL_ARG_DIFF_SRC, at(m_x, gradX)}});
    }

    void backwardWeights(const Tensor& x, const Tensor& gradY, Tensor& gradWeight,
                         Tensor& gradBias) override {
        needBackwardWeights();
        const memory::desc own = m_backwardWeightsDesc->diff_weights_desc();
        const memory::desc sourceDesc = m_backwardWeightsDesc->src_desc();
        const memory::desc gradientDesc = m_backwardWeightsDesc->diff_dst_desc();
        const Tensor source = inLayout(m_x, x, sourceDesc);
        const Tensor gradient = inLayout(m_y, gradY, gradientDesc);
        const memory::desc plain = plainWeights(gradWeight, m_shape.geometry.groups);
        const bool direct = own == plain;
        const Tensor blocked =
            direct ? gradWeight
                   : torch::empty({std::int64_t(own.get_size() / sizeof(float))}, torch::kFloat32);
        std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, at(sourceDesc, source)},
                                                  {DNNL_ARG_DIFF_DST, at(gradientDesc, gradient)},
                                                  {DNNL_ARG_DIFF_WEIGHTS, at(own, blocked)}};
        if (m_shape.bias) {
            arguments[DNNL_ARG_DIFF_BIAS] = at(m_bias, gradBias);
        }
        m_backwardWeights.execute(stream(), arguments);
        if (!direct) {
            reorder(at(own, blocked), at(plain, gradWeight));
        }
    }

 private:
    Tensor packed(const Tensor& weight, const memory::desc& wanted) const {
        const auto size = std::int64_t(wanted.get_size() / torch::elementSize(m_shape.type));
        Tensor result = torch::empty({size}, m_shape.type);
        if (!pairedWeights(wanted, weight, result)) {
            reorder(at(plainWeights(weight, m_shape.geometry.groups), weight), at(wanted, result));
        }
        return result;
    }

    /// `tensor` itself, or a copy that lies as wanted. Memory of torch's is kept for reuse,
    /// oneDNN's own would be given back to the system each time.
    static Tensor inLayout(const memory::desc& has, const Tensor& tensor,
                           const memory::desc& wanted) {
        if (has == wanted) {
            return tensor;
        }
        const auto size = std::int64_t(wanted.get_size() / tensor.element_size());
        Tensor result = torch::empty({size}, tensor.scalar_type());
        if (!blockedPictures(wanted, tensor, result)) {
            reorder(at(has, tensor), at(wanted, result));
        }
        return result;
    }

    static void reorder(memory from, memory to) {
        dnnl::reorder(from, to).execute(stream(), from, to);
    }

    void needBackwardInput() {
        if (m_backwardInputDesc) {
            return;
        }
        const dnnl::convolution_backward_data::desc plan(
            dnnl::algorithm::convolution_direct, m_x, m_weight, m_y, m_strides, m_before, m_after);
        m_backwardInputDesc.emplace(plan, engine(), m_forwardDesc);
        m_backwardInput = dnnl::convolution_backward_data(*m_backwardInputDesc);
    }

    void needBackwardWeights() {
        if (m_backwardWeightsDesc) {
            return;
        }
        const memory::desc weight(weightDims(m_shape.weight, m_shape.geometry.groups),
                                  memory::data_type::f32, memory::format_tag::any);
        // Of three colours, and where a window strides, channels-last is so much slower here that
        // copies pay. Fixed rather than measured: another order of sums gives other last bits.
        const bool colours = m_shape.x[1] < 8;
        const bool strides = m_shape.geometry.stride > 1 && m_shape.weight[2] > 1;
        using tag = memory::format_tag;
        const auto type = typeOf(m_shape.type);
        const memory::desc anyX(dimsOf(m_shape.x), type, colours ? tag::nchw : tag::any);
        const memory::desc anyY(dimsOf(m_shape.y), type, tag::any);
        const memory::desc x = colours || strides ? anyX : m_x;
        const memory::desc y = colours || strides ? anyY : m_y;
        const auto direct = dnnl::algorithm::convolution_direct;
        const auto plan = m_shape.bias
                              ? dnnl::convolution_backward_weights::desc(
                                    direct, x, weight, m_bias, y, m_strides, m_before, m_after)
                              : dnnl::convolution_backward_weights::desc(
                                    direct, x, weight, y, m_strides, m_before, m_after);
        m_backwardWeightsDesc.emplace(plan, engine(), m_forwardDesc);
        m_backwardWeights = dnnl::convolution_backward_weights(*m_backwardWeightsDesc);
    }

    ConvShape m_shape;
    memory::desc m_x, m_y, m_weight, m_bias;
    memory::dims m_strides, m_before, m_after;
    dnnl::convolution_forward::primitive_desc m_forwardDesc;
    dnnl::convolution_forward m_forward;
    std::optional<dnnl::convolution_backward_data::primitive_desc> m_backwardInputDesc;
    dnnl::convolution_backward_data m_backwardInput;
    std::optional<dnnl::convolution_backward_weights::primitive_desc> m_backwardWeightsDesc;
    dnnl::convolution_backward_weights m_backwardWeights;
};

}  // namespace

std::shared_ptr<ConvPlan> dnnlPlan(const ConvShape& shape) {
    try {
        auto plan = std::make_shared<DnnlPlan>(shape);
        return plan->isReference() ? nullptr : plan;
    } catch (const dnnl::error&) {
        return nullptr;  // a shape that this oneDNN does not know
    }
}

}  // namespace graft::fast

#else

namespace graft::fast {

std::shared_ptr<ConvPlan> dnnlPlan(const ConvShape&) {
    return nullptr;
}

}  // namespace graft::fast

#endif
