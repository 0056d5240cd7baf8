#include "core/train/loss_scale.h"

namespace graft {
namespace {

constexpr std::int64_t kStepsToGrow = 2000;

}  // namespace

bool LossScale::unscale(const std::vector<ParameterUpdate>& updates) {
    const torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> finite;  // one question to the device instead of one for each
    for (const ParameterUpdate& update : updates) {
        torch::Tensor gradient = update.parameter.grad();
        finite.push_back(gradient.mul_(1.0 / factor).isfinite().all());
    }
    if (!finite.empty() && !torch::stack(finite).all().item<bool>()) {
        factor /= 2;
        goodSteps = 0;
        return false;
    }
    if (++goodSteps == kStepsToGrow) {
        factor *= 2;
        goodSteps = 0;
    }
    return true;
}

}  // namespace graft
