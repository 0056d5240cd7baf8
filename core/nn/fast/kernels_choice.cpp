#include "core/nn/fast/kernels_choice.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace graft::fast {
namespace {

#if defined(__x86_64__)
// AMX has no name in GCC 12's __builtin_cpu_supports.
bool hasAmxBf16() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & (1U << 22)) != 0;
}

bool hasAvx512Bf16() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bf16");
}
#else
bool hasAmxBf16() {
    return false;
}
bool hasAvx512Bf16() {
    return false;
}
#endif

const Kernels& choose() {
    const char* wished = std::getenv("GRAFT_KERNELS");
    const bool portable = wished != nullptr && std::strcmp(wished, "portable") == 0;
    return !portable && hasAvx512Bf16() && avx512Kernels() != nullptr ? *avx512Kernels()
                                                                       : portableKernels();
}

}  // namespace

const Kernels& kernels() {
    static const Kernels& best = choose();
    return best;
}

bool processorHasBf16() {
    static const bool has = hasAvx512Bf16() || processorHasAmx();
    return has;
}

bool processorHasAmx() {
    static const bool has = hasAmxBf16();
    return has;
}

}  // namespace graft::fast
