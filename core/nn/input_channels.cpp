#include "core/nn/input_channels.h"

namespace graft {

torch::Tensor forInputChannels(const torch::Tensor& weight, int channels) {
    TORCH_CHECK(weight.dim() == 4 && weight.size(1) == 3 && channels >= 1,
                "not a first convolution for three channels");
    const torch::NoGradGuard noGrad;
    if (channels == 3) {
        return weight.clone();
    }
    if (channels == 1) {
        return weight.sum(1, /*keepdim=*/true);
    }
    const torch::Tensor turn = torch::arange(channels, torch::kInt64).remainder(3);
    return weight.index_select(1, turn.to(weight.device())) * (3.0 / channels);
}

}  // namespace graft
