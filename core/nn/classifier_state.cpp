#include "core/nn/classifier_state.h"

#include "core/nn/device.h"
#include "core/nn/fast/ops.h"

#include <algorithm>
#include <map>

namespace graft {
namespace {

/// Lets float32 fold batch norms for as long as it lives.
class FoldScope {
 public:
    explicit FoldScope(bool folds) : m_before(fast::foldsFloat()) { fast::foldsFloat() = folds; }
    ~FoldScope() { fast::foldsFloat() = m_before; }
    FoldScope(const FoldScope&) = delete;
    FoldScope& operator=(const FoldScope&) = delete;

 private:
    bool m_before;
};

}  // namespace

void Classifier::State::takeTensors() {
    for (const auto& entry : network->named_parameters()) {
        parameters.push_back({entry.key(), entry.value()});
    }
    for (const auto& entry : network->named_buffers()) {
        buffers.push_back({entry.key(), entry.value()});
    }
    frozen.assign(parameters.size(), false);
    for (const Stage& stage : network->stages()) {
        stageParameters.emplace_back();
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            if (layerIsInside(parameters[i].name, stage.path)) {
                stageParameters.back().push_back(i);
            }
        }
    }
}

void Classifier::State::freezeInside(const std::string& path, bool freeze) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (layerIsInside(parameters[i].name, path) && frozen[i] != freeze) {
            frozen[i] = freeze;
            parameters[i].tensor.requires_grad_(!freeze);
            if (freeze) {
                parameters[i].tensor.mutable_grad() = torch::Tensor();
            }
        }
    }
    const auto allFrozen = [this](const std::vector<std::size_t>& indices) {
        return std::all_of(indices.begin(), indices.end(),
                           [this](std::size_t i) { return bool(frozen[i]); });
    };
    frozenPrefix = 0;
    while (frozenPrefix < stageParameters.size() && allFrozen(stageParameters[frozenPrefix])) {
        ++frozenPrefix;
    }
    const Head& head = *network->head();
    headFrozen = !head.weight.requires_grad() && !head.bias.requires_grad();
    applyModes();
}

// What has nothing left to train is in eval mode: batch-norm buffers and counters rest, and a block
// draws no branch to leave out. So are norms of fixed statistics.
void Classifier::State::applyModes() {
    network->train(training);
    if (!training) {
        return;
    }
    std::map<std::string, bool> anyTrainable;  // module path -> a parameter in it is trainable
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::string& name = parameters[i].name;
        for (auto end = name.rfind('.'); end != std::string::npos && end > 0;
             end = name.rfind('.', end - 1)) {
            bool& trainable = anyTrainable[name.substr(0, end)];
            trainable = trainable || !frozen[i];
        }
    }
    for (const auto& entry : network->named_modules("", /*include_self=*/false)) {
        const auto found = anyTrainable.find(entry.key());
        const bool rests = found != anyTrainable.end() && !found->second;
        if (rests || (normsFixed && entry.value()->as<Norm>())) {
            entry.value()->eval();
        }
    }
}

void Classifier::State::moveTo(const torch::Device& where) {
    const torch::NoGradGuard noGrad;
    for (const NamedTensor& parameter : parameters) {
        parameter.tensor.mutable_grad() = torch::Tensor();
    }
    network->to(where);
    device = where;
}

/// Copied through pinned memory, which a card reads without the processor.
torch::Tensor Classifier::State::onDevice(const torch::Tensor& x) const {
    return device.is_cuda() && !x.is_cuda() ? x.pin_memory().to(device, /*non_blocking=*/true) : x;
}

/// What a card gave in 16 bits; the processor's own layers see to that themselves.
torch::Tensor Classifier::State::asFloat(const torch::Tensor& x) {
    return x.is_cuda() ? x.to(torch::kFloat32) : x;
}

torch::Tensor Classifier::State::pooled(const torch::Tensor& features) const {
    return network->pool(asFloat(features));
}

torch::Tensor Classifier::State::prepared(const torch::Tensor& given) const {
    const torch::Tensor x = onDevice(given);
    if (x.is_cuda()) {
        const torch::Tensor y = asFloat(x);  // autocast chooses for each operation
        return y.dim() == 4 ? y.contiguous(torch::MemoryFormat::ChannelsLast) : y;
    }
    if (training && precision == Precision::Bf16) {
        return fast::takes(x) ? x : fast::toChannelsLastBf16(x);
    }
    const torch::Tensor y = fast::takes(x) ? x.to(torch::kFloat32) : x;
    // Tokens of a transformer are no pictures.
    return y.dim() == 4 ? y.contiguous(kMemoryFormat) : y;
}

torch::Tensor Classifier::State::run(std::size_t first, std::size_t last,
                                     const torch::Tensor& x) const {
    const FoldScope fold(!exact);
    const CudaAutocast autocast(training && device.is_cuda() ? precision : Precision::Fp32);
    torch::Tensor y = prepared(x);
    const std::size_t border = std::clamp(frozenPrefix, first, last);
    if (first < border) {
        const torch::NoGradGuard noGrad;
        y = network->runStages(y, first, border);
    }
    return network->runStages(y, border, last);
}

torch::Tensor Classifier::State::dropped(const torch::Tensor& pooled) {
    if (!training || headFrozen || spec.dropout <= 0) {
        return pooled;
    }
    return pooled * keepMask(pooled.sizes(), 1.0 - spec.dropout, dropout).to(pooled.options());
}

}  // namespace graft
