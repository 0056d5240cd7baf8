#include "core/train/weight_average.h"

#include <algorithm>
#include <map>

namespace graft {
namespace {

std::string layerOf(const std::string& tensorName) {
    return tensorName.substr(0, tensorName.rfind('.'));
}

void copyInto(const std::vector<NamedTensor>& targets, const std::vector<NamedTensor>& sources) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        torch::Tensor(targets[i].tensor).copy_(sources[i].tensor);
    }
}

}  // namespace

std::vector<NamedTensor> stateTensors(const Classifier& classifier) {
    std::vector<NamedTensor> all = classifier.parameters();
    for (NamedTensor& buffer : classifier.buffers()) {
        all.push_back(std::move(buffer));
    }
    return all;
}

void WeightAverage::take(const std::vector<NamedTensor>& state) {
    for (const NamedTensor& entry : state) {
        m_tensors.push_back({entry.name, entry.tensor.detach().clone()});
    }
}

void WeightAverage::begin(const Classifier& classifier) {
    if (m_start == Start::Trained && m_tensors.empty()) {
        take(stateTensors(classifier));
    }
}

void WeightAverage::update(const Classifier& classifier, std::int64_t step) {
    const torch::NoGradGuard noGrad;
    const std::vector<NamedTensor> state = stateTensors(classifier);
    if (m_tensors.empty()) {
        take(state);
        return;
    }
    std::map<std::string, bool> learns;  // by layer, of those with parameters
    for (const NamedTensor& parameter : classifier.parameters()) {
        bool& any = learns[layerOf(parameter.name)];
        any = any || parameter.tensor.requires_grad();
    }
    const double t = double(step);
    const double decay =
        m_start == Start::Trained ? m_decay : std::min(m_decay, (1 + t) / (10 + t));
    for (std::size_t i = 0; i < state.size(); ++i) {
        torch::Tensor& mean = m_tensors[i].tensor;
        const auto found = learns.find(layerOf(state[i].name));
        if (mean.is_floating_point() && found != learns.end() && found->second) {
            mean.lerp_(state[i].tensor.detach(), 1 - decay);
        } else {
            mean.copy_(state[i].tensor);
        }
    }
}

Status WeightAverage::restore(const std::vector<NamedTensor>& tensors,
                              const Classifier& classifier) {
    std::map<std::string, torch::Tensor> given;
    for (const NamedTensor& entry : tensors) {
        given[entry.name] = entry.tensor;
    }
    m_tensors.clear();
    if (tensors.empty()) {
        return {};
    }
    std::vector<NamedTensor> restored;
    for (const NamedTensor& entry : stateTensors(classifier)) {
        const auto found = given.find(entry.name);
        if (found == given.end() || found->second.sizes() != entry.tensor.sizes()) {
            return Error{ErrorCode::Mismatch,
                         "The checkpoint's averaged weights do not fit this network.", entry.name,
                         "Start a new run."};
        }
        restored.push_back({entry.name, torch::empty_like(entry.tensor).copy_(found->second)});
        restored.back().tensor = restored.back().tensor.detach();
    }
    m_tensors = std::move(restored);
    return {};
}

AverageLoan::AverageLoan(const WeightAverage& average, Classifier& classifier) {
    if (average.empty()) {
        return;
    }
    const torch::NoGradGuard noGrad;
    m_state = stateTensors(classifier);
    for (const NamedTensor& entry : m_state) {
        m_own.push_back(entry.tensor.detach().clone());
    }
    copyInto(m_state, average.tensors());
}

AverageLoan::~AverageLoan() {
    const torch::NoGradGuard noGrad;
    for (std::size_t i = 0; i < m_state.size(); ++i) {
        torch::Tensor(m_state[i].tensor).copy_(m_own[i]);
    }
}

}  // namespace graft
