#include "core/train/optimizers.h"

#include "core/nn/fast/kernels.h"
#include "core/nn/fast/parallel.h"

#include <cmath>

namespace graft {
namespace {

/// One tensor's numbers, for a pass that goes through all tensors at once.
struct Piece {
    float* parameter = nullptr;
    const float* gradient = nullptr;
    float* first = nullptr;   ///< momentum or average
    float* second = nullptr;  ///< square
    std::int64_t count = 0;
    fast::SgdUpdate sgd;
    fast::AdamUpdate adam;
};

/// The gradient as the parameter lies in memory.
torch::Tensor gradientLike(const torch::Tensor& parameter) {
    const torch::Tensor gradient = parameter.grad();
    return gradient.strides() == parameter.strides()
               ? gradient
               : torch::empty_like(parameter).copy_(gradient);
}

constexpr std::int64_t kPieceSize = 1 << 14;  ///< numbers; several threads share a large tensor

std::vector<Piece> cut(const std::vector<Piece>& wholes) {
    std::vector<Piece> pieces;
    for (const Piece& whole : wholes) {
        for (std::int64_t at = 0; at < whole.count; at += kPieceSize) {
            Piece piece = whole;
            piece.parameter += at;
            piece.gradient += at;
            piece.first += at;
            piece.second = whole.second ? whole.second + at : nullptr;
            piece.count = std::min(kPieceSize, whole.count - at);
            pieces.push_back(piece);
        }
    }
    return pieces;
}

}  // namespace

void Optimizer::step(const std::vector<ParameterUpdate>& updates) {
    const torch::NoGradGuard noGrad;
    if (m_settings.onePass) {
        stepInOnePass(updates);
        return;
    }
    for (const ParameterUpdate& update : updates) {
        if (m_settings.kind == "adamw") {
            stepAdamW(update);
        } else {
            stepSgd(update);
        }
    }
}

torch::Tensor& Optimizer::stateOf(const char* kind, const ParameterUpdate& update) {
    torch::Tensor& state = m_state[kind + ("/" + update.name)];
    if (!state.defined()) {
        state = torch::zeros_like(update.parameter);
    }
    return state;
}

void Optimizer::stepInOnePass(const std::vector<ParameterUpdate>& updates) {
    const bool adam = m_settings.kind == "adamw";
    std::vector<torch::Tensor> gradients;  // keeps them until the pass is done
    std::vector<Piece> wholes;
    for (const ParameterUpdate& update : updates) {
        gradients.push_back(gradientLike(update.parameter));
        Piece piece;
        piece.parameter = update.parameter.data_ptr<float>();
        piece.gradient = gradients.back().data_ptr<float>();
        piece.count = update.parameter.numel();
        if (adam) {
            piece.first = stateOf("average", update).data_ptr<float>();
            piece.second = stateOf("square", update).data_ptr<float>();
            torch::Tensor& count = m_state["count/" + update.name];
            count = count.defined() ? count.add_(1) : torch::ones({1}, torch::kInt64);
            const double steps = double(count.item<std::int64_t>());
            piece.adam = {float(1.0 - update.learningRate * update.weightDecay),
                          float(m_settings.beta1),
                          float(m_settings.beta2),
                          float(1.0 - m_settings.beta1),
                          float(1.0 - m_settings.beta2),
                          float(m_settings.epsilon),
                          float(update.learningRate / (1.0 - std::pow(m_settings.beta1, steps))),
                          float(1.0 / std::sqrt(1.0 - std::pow(m_settings.beta2, steps)))};
        } else {
            piece.first = stateOf("momentum", update).data_ptr<float>();
            piece.sgd = {float(update.learningRate), float(m_settings.momentum),
                         float(update.weightDecay)};
        }
        wholes.push_back(piece);
    }
    const std::vector<Piece> pieces = cut(wholes);
    fast::overItems(std::int64_t(pieces.size()), kPieceSize, [&](std::int64_t i, std::int64_t end) {
        for (; i < end; ++i) {
            const Piece& p = pieces[std::size_t(i)];
            if (adam) {
                fast::kernels().adam(p.parameter, p.gradient, p.first, p.second, p.count, p.adam);
            } else {
                fast::kernels().sgd(p.parameter, p.gradient, p.first, p.count, p.sgd);
            }
        }
    });
    for (const ParameterUpdate& update : updates) {
        update.parameter.unsafeGetTensorImpl()->bump_version();
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
