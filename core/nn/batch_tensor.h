// A batch of pictures as the network's input. Apart from core/data because that is free of torch.
// Thread: any.
#pragma once

#include "core/data/batch.h"

#include <torch/torch.h>

namespace graft {

/// [N, 3, S, S] float32 or bfloat16 with the strides of channels-last memory, not copied; it keeps
/// the memory of the batch.
inline torch::Tensor pixelTensor(const Batch& batch) {
    const std::int64_t side = batch.side;
    const auto type = batch.format == PixelFormat::Bfloat16 ? torch::kBFloat16 : torch::kFloat32;
    return torch::from_blob(batch.pixels.get(), {batch.count, 3, side, side},
                            {3 * side * side, 1, 3 * side, 3},
                            [memory = batch.pixels](void*) {}, torch::dtype(type));
}

}  // namespace graft
