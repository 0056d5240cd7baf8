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
    /// What the network is before the first update: numbers to forget soon, or worth keeping.
    enum class Start { Random, Trained };

    /// `decay` in 0..1: what stays at each step.
    WeightAverage(double decay, Start start) : m_decay(decay), m_start(start) {}

    /// To be called before the first update: a trained network's state begins the average. Does
    /// nothing for a random one, and where the average has begun.
    void begin(const Classifier& classifier);

    /// Takes the network's present state in, after update number `step` (from 0). From a random
    /// start the first one is taken as it is, and early ones count for more: the decay is
    /// min(decay, (1 + t) / (10 + t)).
    /// What is frozen is copied, so that it stays the same number for number.
    void update(const Classifier& classifier, std::int64_t step);

    bool empty() const { return m_tensors.empty(); }
    /// Parameters and buffers, by name; empty before the first update or begin().
    const std::vector<NamedTensor>& tensors() const { return m_tensors; }
    /// `tensors` as from tensors(); must fit the network. Empty: begins anew.
    Status restore(const std::vector<NamedTensor>& tensors, const Classifier& classifier);

 private:
    void take(const std::vector<NamedTensor>& state);

    double m_decay;
    Start m_start;
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
