// Whether all numbers of a tensor are finite, by their bits. Separate because it passes over every
// byte of a file: compiled to be fast, and free of torch, whose isfinite makes three more tensors.
// Thread: any.
#pragma once

#include "core/nn/weights/safetensors.h"

namespace graft {

/// True for types that are not floating-point.
bool allFinite(const TensorView& view);

}  // namespace graft
