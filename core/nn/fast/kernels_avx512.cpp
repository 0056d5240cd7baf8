// The kernels for processors with AVX-512 BF16: compiled for those alone (see sources.cmake), and
// empty where the compiler builds for another kind of processor.
#include "core/nn/fast/kernels_choice.h"
#include "core/nn/fast/kernels_code.h"

namespace graft::fast {

const Kernels* avx512Kernels() {
#if GRAFT_AVX512
    static constexpr Kernels table = tableNamed("AVX-512 BF16");
    return &table;
#else
    return nullptr;
#endif
}

}  // namespace graft::fast
