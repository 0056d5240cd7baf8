#include "core/nn/device.h"

#include "core/base/torch_compat.h"

namespace graft {

Result<torch::Device> chooseDevice(const std::string& wished) {
    if (wished == "cpu" || (wished == "auto" && !torch::cuda::is_available())) {
        return torch::Device(torch::kCPU);
    }
    if (wished != "auto" && wished != "cuda") {
        return Error{ErrorCode::InvalidArgument, "There is no device \"" + wished + "\".", {},
                     "Choose auto, cpu or cuda."};
    }
    if (torch::cuda::is_available()) {
        // Figures in fp32 are fp32's, and pictures of one size are worth trying every algorithm.
        at::globalContext().setAllowTF32CuDNN(false);
        at::globalContext().setBenchmarkCuDNN(true);
        return torch::Device(torch::kCUDA, 0);
    }
    const bool hasCuda = at::hasCUDA();
    return Error{ErrorCode::NotFound,
                 hasCuda ? "LibTorch finds no graphics card that it can compute on."
                         : "This Graft was built with a LibTorch that has no CUDA.",
                 {},
                 hasCuda ? "Check that the card's driver works (nvidia-smi), or compute on the "
                           "processor."
                         : "Compute on the processor, or build Graft with a LibTorch that has CUDA "
                           "(-DGRAFT_LIBTORCH=FOLDER)."};
}

void waitFor(const torch::Device& device) {
    if (device.is_cuda()) {
        torch::cuda::synchronize(device.index());
    }
}

CudaAutocast::CudaAutocast(Precision precision) : m_on(precision != Precision::Fp32) {
    if (m_on) {
        setCudaAutocast(true, precision == Precision::Bf16 ? at::kBFloat16 : at::kHalf);
        at::autocast::increment_nesting();
    }
}

CudaAutocast::~CudaAutocast() {
    if (!m_on) {
        return;
    }
    if (at::autocast::decrement_nesting() == 0) {
        at::autocast::clear_cache();  // weights as they were before the coming update
    }
    setCudaAutocast(false, at::kHalf);
}

}  // namespace graft
