#include "core/train/optimizers.h"

#include <cmath>

namespace graft {

void Optimizer::step(const std::vector<ParameterUpdate>& updates) {
    const torch::NoGradGuard noGrad;
    for (const ParameterUpdate& update : updates) {
        if (m_settings.kind == "adamw") {
            stepAdamW(update);
        } else {
            stepSgd(update);
        }
    }
}

void Optimizer::stepSgd(const ParameterUpdate& update) {
    torch::Tensor parameter = update.parameter;
    torch::Tensor gradient = parameter.grad();
    if (update.weightDecay != 0) {
        gradient = gradient.add(parameter, update.weightDecay);
    }
    if (m_settings.momentum != 0) {
        torch::Tensor& momentum = m_state["momentum/" + update.name];
        if (!momentum.defined()) {
            momentum = torch::zeros_like(parameter);
        }
        momentum.mul_(m_settings.momentum).add_(gradient);
        gradient = gradient.add(momentum, m_settings.momentum);
    }
    parameter.add_(gradient, -update.learningRate);
}

void Optimizer::stepAdamW(const ParameterUpdate& update) {
    torch::Tensor parameter = update.parameter;
    const torch::Tensor gradient = parameter.grad();
    torch::Tensor& average = m_state["average/" + update.name];
    torch::Tensor& square = m_state["square/" + update.name];
    torch::Tensor& count = m_state["count/" + update.name];
    if (!average.defined()) {
        average = torch::zeros_like(parameter);
        square = torch::zeros_like(parameter);
        count = torch::zeros({1}, torch::kInt64);
    }
    count.add_(1);
    const double steps = double(count.item<std::int64_t>());
    parameter.mul_(1.0 - update.learningRate * update.weightDecay);
    average.mul_(m_settings.beta1).add_(gradient, 1.0 - m_settings.beta1);
    square.mul_(m_settings.beta2).addcmul_(gradient, gradient, 1.0 - m_settings.beta2);
    const double correction1 = 1.0 - std::pow(m_settings.beta1, steps);
    const double correction2 = 1.0 - std::pow(m_settings.beta2, steps);
    const torch::Tensor scale =
        (square.sqrt() / std::sqrt(correction2)).add_(m_settings.epsilon);
    parameter.addcdiv_(average, scale, -update.learningRate / correction1);
}

std::vector<NamedTensor> Optimizer::state() const {
    std::vector<NamedTensor> all;
    for (const auto& [name, tensor] : m_state) {
        all.push_back({name, tensor});
    }
    return all;
}

Status Optimizer::loadState(const std::vector<NamedTensor>& state,
                            const std::vector<NamedTensor>& parameters) {
    std::map<std::string, torch::Tensor> byName;
    for (const NamedTensor& parameter : parameters) {
        byName[parameter.name] = parameter.tensor;
    }
    std::map<std::string, torch::Tensor> loaded;
    for (const NamedTensor& entry : state) {
        const std::string owner = entry.name.substr(entry.name.find('/') + 1);
        const auto found = byName.find(owner);
        const bool counts = entry.name.rfind("count/", 0) == 0;
        if (found == byName.end() || (!counts && found->second.sizes() != entry.tensor.sizes())) {
            return Error{ErrorCode::Mismatch,
                         "The checkpoint's optimiser state does not fit this network.", entry.name,
                         "Start a new run."};
        }
        loaded[entry.name] = counts ? entry.tensor.clone()
                                    : torch::zeros_like(found->second).copy_(entry.tensor);
    }
    m_state = std::move(loaded);
    return {};
}

}  // namespace graft
