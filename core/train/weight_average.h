// WeightAverage: the exponential moving average of a network's weights and norm statistics over the
// steps, which is often the better model; and its loan to the network for a check. Separate from
// the optimiser, which it does not influence. Includes torch; for core/train only.
// Thread: the run's.
#pragma once

#include "core/base/result.h"
#include "core/nn/classifier.h"

#include <vector>

namespace graft {

class WeightAverage {
 public:
    /// `decay` in 0..1: what stays at each step.
    explicit WeightAverage(double decay) : m_decay(decay) {}

    /// Takes the network's present state in, after update number `step` (from 0). The first one is
    /// taken as it is, and early ones count for more: the decay is min(decay, (1 + t) / (10 + t)).
    /// What is frozen is copied, so that it stays the same number for number.
    void update(const Classifier& classifier, std::int64_t step);

    bool empty() const { return m_tensors.empty(); }
    /// Parameters and buffers, by name; empty before the first update.
    const std::vector<NamedTensor>& tensors() const { return m_tensors; }
    /// `tensors` as from tensors(); must fit the network. Empty: begins anew.
    Status restore(const std::vector<NamedTensor>& tensors, const Classifier& classifier);

 private:
    double m_decay;
    std::vector<NamedTensor> m_tensors;
};

/// Parameters and buffers of the network itself, by name.
std::vector<NamedTensor> stateTensors(const Classifier& classifier);

/// The averaged state is in the network while this lives, then its own again.
class AverageLoan {
 public:
    AverageLoan(const WeightAverage& average, Classifier& classifier);
    ~AverageLoan();
    AverageLoan(const AverageLoan&) = delete;
    AverageLoan& operator=(const AverageLoan&) = delete;

 private:
    std::vector<NamedTensor> m_state;
    std::vector<torch::Tensor> m_own;
};

}  // namespace graft
