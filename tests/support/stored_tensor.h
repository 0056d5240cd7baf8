// A tensor out of a safetensors file, copied. For what the reference scripts write. Includes torch.
#pragma once

#include "core/nn/weights/weight_file.h"

#include <torch/torch.h>

#include <cstring>
#include <string>

namespace graft::testing {

/// F32, F64 or I64; the file must hold `name`.
inline torch::Tensor readTensor(const WeightFile& file, const std::string& name) {
    const TensorView& view = file.tensors().at(name);
    const auto type = view.dtype == "I64"   ? torch::kInt64
                      : view.dtype == "F64" ? torch::kFloat64
                                            : torch::kFloat32;
    torch::Tensor tensor = torch::empty(view.shape, type);
    TORCH_CHECK(tensor.nbytes() == view.byteCount, name, " is of type ", view.dtype);
    std::memcpy(tensor.data_ptr(), view.data, view.byteCount);
    return tensor;
}

}  // namespace graft::testing
