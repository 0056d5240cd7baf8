// From pretrained weights for colour pictures to pictures of another number of channels (grey,
// microscopy, satellites). Separate because it is arithmetic on one tensor, whatever the network.
// Includes torch; private to core/nn. Thread: any.
#pragma once

#include <torch/torch.h>

namespace graft {

/// The weight [O, 3, k, k] of a first convolution for `channels` input channels, [O, channels, k,
/// k]. One channel: the sum over the three, so that a grey picture answers as it did in three equal
/// channels. More: the three in turn, scaled by 3 / channels, so that the sum over equal channels
/// stays as large as it was wherever `channels` is a multiple of three.
torch::Tensor forInputChannels(const torch::Tensor& weight, int channels);

}  // namespace graft
