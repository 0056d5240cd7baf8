// 3x3 convolutions by Winograd's F(2x2, 3x3): 4 products for an output and a channel instead of 9.
// Sums are the same but for rounding: bf16 rounds what is transformed, not what is given, which
// makes an outcome's error 1.6 times that of a convolution of bf16 numbers. Includes torch; private
// to core/nn/fast. Thread: the run's.
#pragma once

#include "core/nn/fast/conv_plan.h"

namespace graft::fast {

/// Whether winogradPlan() can compute this convolution.
bool isWinograd(const ConvShape& shape);
/// Whether it can and is faster than oneDNN on this processor.
bool winogradPays(const ConvShape& shape);
/// For shapes of isWinograd().
std::shared_ptr<ConvPlan> winogradPlan(const ConvShape& shape);

}  // namespace graft::fast
