// What a Classifier holds: the network with its parameters in a fixed order, what of them is frozen,
// and in which mode its layers are. Includes torch; private to core/nn. Thread: one owner.
#pragma once

#include "core/nn/classifier.h"
#include "core/nn/network.h"

#include <ATen/CPUGeneratorImpl.h>

namespace graft {

struct Classifier::State {
    ModelSpec spec;
    Preprocess preprocess;
    int classCount = 0;
    std::shared_ptr<Network> network;
    LayerNode tree;
    WeightReport report;
    std::vector<NamedTensor> parameters;
    std::vector<NamedTensor> buffers;
    std::vector<bool> frozen;  // as parameters
    std::vector<std::vector<std::size_t>> stageParameters;
    std::size_t frozenPrefix = 0;
    bool headFrozen = false;
    bool training = false;
    bool normsFixed = false;
    Precision precision = Precision::Fp32;
    bool exact = false;
    torch::Device device = torch::kCPU;
    at::Generator dropout = at::detail::createCPUGenerator(0);

    void takeTensors();
    void freezeInside(const std::string& path, bool freeze);
    void applyModes();
    torch::Tensor prepared(const torch::Tensor& given) const;
    torch::Tensor run(std::size_t first, std::size_t last, const torch::Tensor& x) const;
    torch::Tensor dropped(const torch::Tensor& pooled);
    torch::Tensor onDevice(const torch::Tensor& x) const;
    static torch::Tensor asFloat(const torch::Tensor& x);
    torch::Tensor pooled(const torch::Tensor& features) const;
    void moveTo(const torch::Device& where);
};

}  // namespace graft
