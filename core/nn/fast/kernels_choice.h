// What kernels_choice.cpp chooses from. Thread: any.
#pragma once

#include "core/nn/fast/kernels.h"

namespace graft::fast {

/// Null where they were not built. To be called only on a processor that has the instructions.
const Kernels* avx512Kernels();

}  // namespace graft::fast
