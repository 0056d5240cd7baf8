// What differs between the versions of LibTorch that Graft builds on (1.13 of Debian 12, 2.13), in
// one place. Includes torch. Thread: any.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/cuda.h>
#include <torch/version.h>

#define GRAFT_TORCH_AT_LEAST(major, minor) \
    (TORCH_VERSION_MAJOR > (major) ||      \
     (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

#if GRAFT_TORCH_AT_LEAST(2, 13)
#include <ATen/DeviceAccelerator.h>
#endif

// c10::Allocator: allocate() lost its const and copy_data() became a duty.
#if GRAFT_TORCH_AT_LEAST(2, 3)
#define GRAFT_ALLOCATE_CONST
#define GRAFT_ALLOCATOR_COPY_DATA                                                       \
    void copy_data(void* target, const void* source, std::size_t size) const override { \
        default_copy_data(target, source, size);                                        \
    }
#else
#define GRAFT_ALLOCATE_CONST const
#define GRAFT_ALLOCATOR_COPY_DATA
#endif

// Gives back what torch keeps of a card's memory for later; before, that took a header of CUDA's.
namespace graft {
inline void releaseCardMemory() {
#if GRAFT_TORCH_AT_LEAST(2, 13)
    if (torch::cuda::is_available()) {
        at::accelerator::emptyCache();
    }
#endif
}
}  // namespace graft

// Autocast of a CUDA device: its functions took no device before.
namespace graft {
inline void setCudaAutocast(bool on, at::ScalarType type) {
#if GRAFT_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_dtype(at::kCUDA, type);
    at::autocast::set_autocast_enabled(at::kCUDA, on);
#else
    at::autocast::set_autocast_gpu_dtype(type);
    at::autocast::set_enabled(on);
#endif
}
}  // namespace graft
