#include "core/train/probe_scope.h"

namespace graft {

void clearGradients(const std::vector<NamedTensor>& parameters) {
    for (const NamedTensor& parameter : parameters) {
        parameter.tensor.mutable_grad().reset();
    }
}

ProbeScope::ProbeScope(const Classifier& classifier) : m_classifier(classifier) {
    for (const NamedTensor& buffer : classifier.buffers()) {
        m_buffers.push_back(buffer.tensor.clone());
    }
}

ProbeScope::~ProbeScope() {
    const torch::NoGradGuard noGrad;
    clearGradients();
    std::size_t i = 0;
    for (const NamedTensor& buffer : m_classifier.buffers()) {
        buffer.tensor.copy_(m_buffers[i++]);
    }
}

}  // namespace graft
