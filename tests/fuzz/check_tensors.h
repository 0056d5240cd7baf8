// What must hold of every file that is accepted, whatever it came from.
#pragma once

#include "core/nn/weights/safetensors_header.h"
#include "core/nn/weights/weight_file.h"
#include "tests/fuzz/fuzz_target.h"

namespace graft::fuzz {

/// Type, shape and length agree, and every byte can be read; the sanitizers watch.
inline void checkTensors(const std::map<std::string, TensorView>& tensors) {
    unsigned sum = 0;
    for (const auto& [name, view] : tensors) {
        const int dtype = safetensors::dtypeIndex(view.dtype);
        std::uint64_t byteCount = 0;
        require(dtype >= 0 && safetensors::byteCountOf(view.shape, dtype, &byteCount));
        require(byteCount == view.byteCount);
        for (std::uint64_t i = 0; i < view.byteCount; ++i) {
            sum += static_cast<const unsigned char*>(view.data)[i];
        }
    }
    require(sum != 1 || !tensors.empty());  // uses the sum, so that the reads stay
}

inline void checkError(const Error& error) {
    require(!error.message.empty() && error.code != ErrorCode::Internal);
}

inline void checkWeightFile(std::string_view bytes) {
    const auto file = WeightFile::parse(bytes);
    if (!file) {
        checkError(file.error());
        return;
    }
    require(!file->container().empty());
    checkTensors(file->tensors());
}

}  // namespace graft::fuzz
