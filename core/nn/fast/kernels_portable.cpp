// The kernels for any processor.
#include "core/nn/fast/kernels_code.h"

namespace graft::fast {

const Kernels& portableKernels() {
    static constexpr Kernels table = tableNamed("portable");
    return table;
}

}  // namespace graft::fast
