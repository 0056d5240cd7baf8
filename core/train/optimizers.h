// Optimizer: SGD with Nesterov momentum and AdamW, with their state kept by parameter name, so
// that freezing and thawing leaves the state of everything else alone and a checkpoint can hold
// it. Includes torch; for core/train only. Thread: the run's.
#pragma once

#include "core/base/result.h"
#include "core/nn/classifier.h"

#include <map>
#include <string>
#include <vector>

namespace graft {

/// One parameter to update: its gradient must be defined.
struct ParameterUpdate {
    std::string name;
    torch::Tensor parameter;
    double learningRate = 0;
    double weightDecay = 0;
};

class Optimizer {
  public:
    struct Settings {
        std::string kind = "sgd";  ///< "sgd" or "adamw"
        double momentum = 0.9;     ///< sgd
        double beta1 = 0.9;        ///< adamw
        double beta2 = 0.999;
        double epsilon = 1e-8;
        /// One pass over memory instead of one for each operation, with the last bits rounded
        /// otherwise. For training in bf16.
        bool onePass = false;
    };
    explicit Optimizer(Settings settings) : m_settings(std::move(settings)) {}
    void setOnePass(bool onePass) { m_settings.onePass = onePass; }

    /// One update, the same numbers as torch.optim.SGD(nesterov=True) with coupled weight decay
    /// and torch.optim.AdamW (Loshchilov and Hutter 2019) give.
    void step(const std::vector<ParameterUpdate>& updates);

    /// "momentum/NAME", "average/NAME", "square/NAME", "count/NAME".
    std::vector<NamedTensor> state() const;
    /// `parameters` gives each state its shape and memory layout.
    Status loadState(const std::vector<NamedTensor>& state,
                     const std::vector<NamedTensor>& parameters);

  private:
    void stepSgd(const ParameterUpdate& update);
    void stepAdamW(const ParameterUpdate& update);
    void stepInOnePass(const std::vector<ParameterUpdate>& updates);
    torch::Tensor& stateOf(const char* kind, const ParameterUpdate& update);

    Settings m_settings;
    std::map<std::string, torch::Tensor> m_state;
};

}  // namespace graft
