// From pretrained weights for pictures of some channels to pictures of another number (grey,
// microscopy, satellites). Separate because it is arithmetic on one tensor, whatever the network.
// Includes torch; private to core/nn. Thread: any.
#pragma once

#include <torch/torch.h>

namespace graft {

/// The weight [O, C, k, k] of a first convolution for `channels` input channels, [O, channels, k,
/// k]. One channel: the sum over all, so that a grey picture answers as it did in equal channels.
/// Else: the given ones in turn, scaled by C / channels, so that the sum over equal channels stays
/// as large as it was wherever `channels` is a multiple of C.
torch::Tensor forInputChannels(const torch::Tensor& weight, int channels);

}  // namespace graft
