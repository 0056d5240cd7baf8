// What a network computes on: the processor, or a graphics card where LibTorch was built with CUDA.
// Includes torch; for core/nn, train and engine. Thread: any.
#pragma once

#include "core/base/result.h"
#include "core/nn/precision.h"

#include <torch/torch.h>

#include <string>

namespace graft {

/// "cpu", "cuda" or "auto": a graphics card where there is one. Error NotFound where "cuda" is wished
/// and LibTorch has no CUDA, or finds no card.
Result<torch::Device> chooseDevice(const std::string& wished);

/// Waits until the device has done all it was asked to do; for measuring. The processor is never
/// behind.
void waitFor(const torch::Device& device);

/// For as long as it lives, operations on a graphics card compute in bf16 or fp16 where torch holds
/// that to be safe (autocast). Does nothing for Fp32.
class CudaAutocast {
 public:
    explicit CudaAutocast(Precision precision);
    ~CudaAutocast();
    CudaAutocast(const CudaAutocast&) = delete;
    CudaAutocast& operator=(const CudaAutocast&) = delete;

 private:
    bool m_on;
};

}  // namespace graft
