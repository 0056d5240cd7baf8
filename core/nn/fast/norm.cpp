// Batch norm with what follows it: statistics in one pass, the rest in a second, and the same two
// on the way back.
#include "core/nn/fast/ops.h"

#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

#include <cmath>
#include <vector>

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Two sums per channel over all rows, each part's added in order.
struct ChannelSums {
    std::vector<double> first, second;
};

template <class Pass>
ChannelSums sumOver(Rows size, const Pass& pass) {
    const auto channels = std::size_t(size.channels);
    const std::int64_t parts = partsFor(size.rows * size.channels, size.rows);
    std::vector<double> sums(std::size_t(parts) * 2 * channels, 0.0);
    overParts(size.rows, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        double* own = sums.data() + std::size_t(part) * 2 * channels;
        pass(begin, Rows{end - begin, size.channels}, own, own + channels);
    });
    ChannelSums total{std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
    for (std::size_t part = 0; part < std::size_t(parts); ++part) {
        for (std::size_t c = 0; c < channels; ++c) {
            total.first[c] += sums[2 * part * channels + c];
            total.second[c] += sums[(2 * part + 1) * channels + c];
        }
    }
    return total;
}

/// Per channel, while x is seen.
struct Statistics {
    Tensor mean;     ///< [C] float32
    Tensor inverse;  ///< [C] float32, 1 / sqrt(variance + eps)
};

void moveRunning(const NormTensors& norm, std::size_t c, double mean, double unbiased) {
    float& runningMean = norm.runningMean.data_ptr<float>()[c];
    float& runningVar = norm.runningVar.data_ptr<float>()[c];
    runningMean = float((1 - norm.momentum) * double(runningMean) + norm.momentum * mean);
    runningVar = float((1 - norm.momentum) * double(runningVar) + norm.momentum * unbiased);
}

Statistics statisticsOf(const Tensor& x, const NormTensors& norm) {
    const Rows size = rowsOf(x);
    Statistics statistics{torch::empty({size.channels}), torch::empty({size.channels})};
    float* mean = statistics.mean.data_ptr<float>();
    float* inverse = statistics.inverse.data_ptr<float>();
    if (!norm.training) {
        statistics.mean.copy_(norm.runningMean);
        statistics.inverse.copy_(torch::rsqrt(norm.runningVar + norm.eps));
        return statistics;
    }
    // Measured from the first row: squares of large numbers would hide a small spread.
    std::vector<float> origin(std::size_t(size.channels), 0.0F);
    kernels().toFloat(numbers(x), origin.data(), size.channels);
    const ChannelSums sums =
        sumOver(size, [&](std::int64_t row, Rows part, double* first, double* second) {
            kernels().normSums(numbers(x) + row * size.channels, part, origin.data(), first,
                               second);
        });
    const double count = double(size.rows);
    for (std::size_t c = 0; c < std::size_t(size.channels); ++c) {
        const double away = sums.first[c] / count;
        const double variance = std::max(0.0, sums.second[c] / count - away * away);
        const bool finite = std::isfinite(sums.second[c]);
        const double kept = finite ? variance : std::nan("");
        mean[c] = float(double(origin[c]) + away);
        inverse[c] = float(1.0 / std::sqrt(kept + norm.eps));
        moveRunning(norm, c, double(mean[c]), kept * count / std::max(1.0, count - 1));
    }
    norm.runningMean.unsafeGetTensorImpl()->bump_version();
    norm.runningVar.unsafeGetTensorImpl()->bump_version();
    return statistics;
}

/// y = x * scale + shift
struct Affine {
    Tensor scale, shift;
};

Affine affineOf(const Statistics& statistics, const Tensor& weight, const Tensor& bias) {
    const Tensor scale = weight * statistics.inverse;
    return {scale, bias - statistics.mean * scale};
}

struct Backward {
    Tensor x, y, weight, bias, mean, inverse;  // y: undefined without a residual
    Act act;
    bool training;
    bool residualWanted;
};

struct Gradients {
    Tensor x, residual, weight, bias;
};

Gradients backwardOf(const Backward& saved, const Tensor& gradY) {
    const Rows size = rowsOf(saved.x);
    const Affine affine = affineOf({saved.mean, saved.inverse}, saved.weight, saved.bias);
    Gradients gradients{emptyPictures(saved.x.sizes()), {}, torch::empty_like(saved.weight),
                        torch::empty_like(saved.bias)};
    if (saved.y.defined() && saved.residualWanted) {
        gradients.residual = emptyPictures(saved.x.sizes());
    }
    NormBackward pass;
    pass.act = saved.act;
    pass.scale = affine.scale.data_ptr<float>();
    pass.shift = affine.shift.data_ptr<float>();
    pass.mean = saved.mean.data_ptr<float>();
    const auto partOf = [&](std::int64_t row, std::int64_t rows) {
        const std::int64_t at = row * size.channels;
        NormBackward part = pass;
        part.size = {rows, size.channels};
        part.x = numbers(std::as_const(saved.x)) + at;
        part.y = saved.y.defined() ? numbers(std::as_const(saved.y)) + at : nullptr;
        part.gradY = numbers(gradY) + at;
        part.gradX = numbers(gradients.x) + at;
        part.gradResidual =
            gradients.residual.defined() ? numbers(gradients.residual) + at : nullptr;
        return part;
    };
    const ChannelSums sums =
        sumOver(size, [&](std::int64_t row, Rows part, double* first, double* second) {
            kernels().normBackwardSums(partOf(row, part.rows), first, second);
        });
    std::vector<float> coefficients(std::size_t(3 * size.channels));
    for (std::size_t c = 0; c < std::size_t(size.channels); ++c) {
        const double inverse = double(saved.inverse.data_ptr<float>()[c]);
        const double scale = double(affine.scale.data_ptr<float>()[c]);
        const double count = double(size.rows);
        gradients.bias.data_ptr<float>()[c] = float(sums.first[c]);
        gradients.weight.data_ptr<float>()[c] = float(sums.second[c] * inverse);
        float* own = coefficients.data() + c;
        own[0] = float(scale);
        own[size.channels] =
            saved.training ? float(-scale * inverse * inverse * sums.second[c] / count) : 0.0F;
        own[2 * size.channels] = saved.training ? float(-scale * sums.first[c] / count) : 0.0F;
    }
    pass.a = coefficients.data();
    pass.b = pass.a + size.channels;
    pass.c = pass.b + size.channels;
    overItems(size.rows, size.channels, [&](std::int64_t begin, std::int64_t end) {
        kernels().normBackward(partOf(begin, end - begin));
    });
    return gradients;
}

class NormActivate : public torch::autograd::Function<NormActivate> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given,
                          const c10::optional<Tensor>& residual, const Tensor& weight,
                          const Tensor& bias, const NormTensors& norm, Act act) {
        GRAFT_NAMED("norm and activation");
        const Tensor x = inOrder(given);
        const Tensor added = residual ? inOrder(*residual) : Tensor();
        const Statistics statistics = statisticsOf(x, norm);
        const Affine affine = affineOf(statistics, weight, bias);
        Tensor y = emptyPictures(x.sizes());
        const Rows size = rowsOf(x);
        overItems(size.rows, size.channels, [&](std::int64_t begin, std::int64_t end) {
            const std::int64_t at = begin * size.channels;
            kernels().normForward({{end - begin, size.channels},
                                   numbers(x) + at,
                                   added.defined() ? numbers(added) + at : nullptr,
                                   affine.scale.data_ptr<float>(),
                                   affine.shift.data_ptr<float>(),
                                   act,
                                   numbers(y) + at});
        });
        context->saved_data["act"] = std::int64_t(act);
        context->saved_data["training"] = norm.training;
        context->saved_data["residual"] = added.defined();
        // Which numbers an activation let through cannot be told from x alone.
        const bool needsY = added.defined() && act != Act::None;
        context->save_for_backward({x, needsY ? y : Tensor(), weight, bias, statistics.mean,
                                    statistics.inverse});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list outputs) {
        GRAFT_NAMED("norm and activation, back");
        const variable_list saved = context->get_saved_variables();
        const bool hasResidual = context->saved_data["residual"].toBool();
        const Backward pass{saved[0],
                            saved[1],
                            saved[2],
                            saved[3],
                            saved[4],
                            saved[5],
                            Act(context->saved_data["act"].toInt()),
                            context->saved_data["training"].toBool(),
                            hasResidual && context->needs_input_grad(1)};
        const Tensor gradY = inOrder(outputs[0]);
        Gradients gradients = backwardOf(pass, gradY);
        if (hasResidual && pass.act == Act::None) {
            gradients.residual = gradY;
        }
        return {gradients.x, gradients.residual, gradients.weight, gradients.bias, {}, {}};
    }
};

}  // namespace

torch::Tensor normActivate(const torch::Tensor& x, const NormTensors& norm, Act act,
                           const torch::Tensor& residual) {
    const c10::optional<torch::Tensor> added =
        residual.defined() ? c10::make_optional(residual) : c10::nullopt;
    return NormActivate::apply(x, added, norm.weight, norm.bias, norm, act);
}

}  // namespace graft::fast
