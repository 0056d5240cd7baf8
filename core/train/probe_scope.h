// ProbeScope: lets passes run through a network only to measure them. Batch-norm statistics that
// move meanwhile are put back, gradients are dropped. Includes torch; private to core/train.
// Thread: the run's.
#pragma once

#include "core/nn/classifier.h"

#include <vector>

namespace graft {

void clearGradients(const std::vector<NamedTensor>& parameters);

/// Batch-norm statistics as they were.
class KeptBuffers {
 public:
    explicit KeptBuffers(const Classifier& classifier);
    void putBack() const;

 private:
    const Classifier& m_classifier;
    std::vector<torch::Tensor> m_buffers;
};

class ProbeScope {
  public:
    explicit ProbeScope(const Classifier& classifier);
    ~ProbeScope();
    ProbeScope(const ProbeScope&) = delete;
    ProbeScope& operator=(const ProbeScope&) = delete;

    void clearGradients() const { graft::clearGradients(m_classifier.parameters()); }

  private:
    const Classifier& m_classifier;
    KeptBuffers m_before;
};

}  // namespace graft
