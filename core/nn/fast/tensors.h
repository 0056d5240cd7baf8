// The little that ops share: pointers to bf16 numbers and the layout they rely on. Includes torch;
// private to core/nn/fast. Thread: any.
#pragma once

#include "core/nn/fast/kernels.h"

#include <ATen/record_function.h>
#include <torch/torch.h>

namespace graft::fast {

inline const Bf16* numbers(const torch::Tensor& x) {
    return reinterpret_cast<const Bf16*>(x.data_ptr<at::BFloat16>());
}
inline Bf16* numbers(torch::Tensor& x) {
    return reinterpret_cast<Bf16*>(x.data_ptr<at::BFloat16>());
}

/// x as `type`, channels-last (a copy only where it is not).
inline torch::Tensor inOrder(const torch::Tensor& x, torch::ScalarType type = torch::kBFloat16) {
    return x.to(type).contiguous(torch::MemoryFormat::ChannelsLast);
}

/// A picture's numbers not yet set, channels-last.
inline torch::Tensor emptyPictures(at::IntArrayRef sizes,
                                   torch::ScalarType type = torch::kBFloat16) {
    return torch::empty(
        sizes, torch::TensorOptions(type).memory_format(torch::MemoryFormat::ChannelsLast));
}

/// Names the rest of the block in profiles.
#define GRAFT_NAMED(name) RECORD_FUNCTION(name, std::vector<c10::IValue>())

inline Rows rowsOf(const torch::Tensor& x) {
    return {x.size(0) * x.size(2) * x.size(3), x.size(1)};
}

}  // namespace graft::fast
