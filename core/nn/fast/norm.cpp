// Batch norm with what follows it: statistics in one pass, the rest in a second, and the same two
// on the way back.
#include "core/nn/fast/norm_parts.h"

#include "core/nn/fast/parallel.h"

#include <cmath>
#include <vector>

namespace graft::fast {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void moveRunning(const NormTensors& norm, std::size_t c, double mean, double unbiased) {
    float& runningMean = norm.runningMean.data_ptr<float>()[c];
    float& runningVar = norm.runningVar.data_ptr<float>()[c];
    runningMean = float((1 - norm.momentum) * double(runningMean) + norm.momentum * mean);
    runningVar = float((1 - norm.momentum) * double(runningVar) + norm.momentum * unbiased);
}

}  // namespace

NormStatistics statisticsOf(const Tensor& x, const NormTensors& norm) {
    const Rows size = rowsOf(x);
    NormStatistics statistics{torch::empty({size.channels}), torch::empty({size.channels})};
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

NormAffine affineOf(const NormStatistics& statistics, const Tensor& weight, const Tensor& bias) {
    const Tensor scale = weight * statistics.inverse;
    return {scale, bias - statistics.mean * scale};
}

torch::Tensor normForwardOf(const Tensor& x, const NormAffine& affine, Act act,
                            const Tensor& residual) {
    Tensor y = emptyPictures(x.sizes());
    const Rows size = rowsOf(x);
    overItems(size.rows, size.channels, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * size.channels;
        kernels().normForward({{end - begin, size.channels},
                               numbers(x) + at,
                               residual.defined() ? numbers(residual) + at : nullptr,
                               affine.scale.data_ptr<float>(),
                               affine.shift.data_ptr<float>(),
                               act,
                               numbers(y) + at});
    });
    return y;
}

NormWayBack::NormWayBack(const NormStatistics& statistics, const Tensor& weight, const Tensor& bias,
                         Act act, bool training)
    : gradWeight(torch::empty_like(weight)),
      gradBias(torch::empty_like(bias)),
      m_statistics(statistics),
      m_affine(affineOf(statistics, weight, bias)),
      m_training(training),
      m_coefficients(std::size_t(3 * weight.numel())) {
    m_pass.act = act;
    m_pass.scale = m_affine.scale.data_ptr<float>();
    m_pass.shift = m_affine.shift.data_ptr<float>();
    m_pass.mean = m_statistics.mean.data_ptr<float>();
    m_pass.a = m_coefficients.data();
    m_pass.b = m_pass.a + weight.numel();
    m_pass.c = m_pass.b + weight.numel();
}

void NormWayBack::sum(const Tensor& x, const Tensor& y, const Tensor& gradY, std::int64_t count) {
    const Rows size = rowsOf(x);
    const auto channels = std::size_t(size.channels);
    const ChannelSums sums =
        sumOver(size, [&](std::int64_t row, Rows part, double* first, double* second) {
            const std::int64_t at = row * size.channels;
            NormBackward pass = m_pass;
            pass.size = part;
            pass.x = numbers(x) + at;
            pass.y = y.defined() ? numbers(y) + at : nullptr;
            pass.gradY = numbers(gradY) + at;
            kernels().normBackwardSums(pass, first, second);
        });
    for (std::size_t c = 0; c < channels; ++c) {
        const double inverse = double(m_statistics.inverse.data_ptr<float>()[c]);
        const double scale = double(m_pass.scale[c]);
        gradBias.data_ptr<float>()[c] = float(sums.first[c]);
        gradWeight.data_ptr<float>()[c] = float(sums.second[c] * inverse);
        float* own = m_coefficients.data() + c;
        own[0] = float(scale);
        own[channels] =
            m_training ? float(-scale * inverse * inverse * sums.second[c] / double(count)) : 0.0F;
        own[2 * channels] = m_training ? float(-scale * sums.first[c] / double(count)) : 0.0F;
    }
}

namespace {

class NormActivate : public torch::autograd::Function<NormActivate> {
 public:
    static Tensor forward(AutogradContext* context, const Tensor& given,
                          const c10::optional<Tensor>& residual, const Tensor& weight,
                          const Tensor& bias, const NormTensors& norm, Act act) {
        GRAFT_NAMED("norm and activation");
        const Tensor x = inOrder(given);
        const Tensor added = residual ? inOrder(*residual) : Tensor();
        const NormStatistics statistics = statisticsOf(x, norm);
        const NormAffine affine = affineOf(statistics, weight, bias);
        const Tensor y = normForwardOf(x, affine, act, added);
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
        const Tensor &x = saved[0], &y = saved[1];
        const Act act = Act(context->saved_data["act"].toInt());
        const bool hasResidual = context->saved_data["residual"].toBool();
        const Tensor gradY = inOrder(outputs[0]);
        NormWayBack back({saved[4], saved[5]}, saved[2], saved[3], act,
                         context->saved_data["training"].toBool());
        const Rows size = rowsOf(x);
        back.sum(x, y, gradY, size.rows);
        Tensor gradX = emptyPictures(x.sizes());
        Tensor gradResidual;
        if (hasResidual && context->needs_input_grad(1)) {
            gradResidual = act == Act::None ? gradY : emptyPictures(x.sizes());
        }
        overItems(size.rows, size.channels, [&](std::int64_t begin, std::int64_t end) {
            const std::int64_t at = begin * size.channels;
            NormBackward part = back.pass();
            part.size = {end - begin, size.channels};
            part.x = numbers(x) + at;
            part.y = y.defined() ? numbers(y) + at : nullptr;
            part.gradY = numbers(gradY) + at;
            part.gradX = numbers(gradX) + at;
            part.gradResidual =
                y.defined() && gradResidual.defined() ? numbers(gradResidual) + at : nullptr;
            kernels().normBackward(part);
        });
        return {gradX, gradResidual, back.gradWeight, back.gradBias, {}, {}};
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
