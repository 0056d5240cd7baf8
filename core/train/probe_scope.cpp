#include "core/train/probe_scope.h"

namespace graft {

void clearGradients(const std::vector<NamedTensor>& parameters) {
    for (const NamedTensor& parameter : parameters) {
        parameter.tensor.mutable_grad().reset();
    }
}

KeptBuffers::KeptBuffers(const Classifier& classifier) : m_classifier(classifier) {
    for (const NamedTensor& buffer : classifier.buffers()) {
        m_buffers.push_back(buffer.tensor.clone());
    }
}

void KeptBuffers::putBack() const {
    const torch::NoGradGuard noGrad;
    std::size_t i = 0;
    for (const NamedTensor& buffer : m_classifier.buffers()) {
        buffer.tensor.copy_(m_buffers[i++]);
    }
}

ProbeScope::ProbeScope(const Classifier& classifier)
    : m_classifier(classifier), m_before(classifier) {}

ProbeScope::~ProbeScope() {
    clearGradients();
    m_before.putBack();
}

}  // namespace graft
