#include "core/nn/input_channels.h"

namespace graft {

torch::Tensor forInputChannels(const torch::Tensor& weight, int channels) {
    TORCH_CHECK(weight.dim() == 4 && weight.size(1) >= 1 && channels >= 1,
                "not a first convolution");
    const torch::NoGradGuard noGrad;
    const std::int64_t given = weight.size(1);
    if (channels == given) {
        return weight.clone();
    }
    if (channels == 1) {
        return weight.sum(1, /*keepdim=*/true);
    }
    const torch::Tensor turn = torch::arange(channels, torch::kInt64).remainder(given);
    return weight.index_select(1, turn.to(weight.device())) * (double(given) / channels);
}

}  // namespace graft
