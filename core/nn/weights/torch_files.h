// The two containers of PyTorch: the zip archive of 1.6 and later, and the row of pickles and raw
// numbers before it. Each knows where pickle and storages lie; the rest is common. Private to
// core/nn/weights. Source: torch/serialization.py of PyTorch 1.13. Thread: any.
#pragma once

#include "core/nn/weights/state_dict.h"

namespace graft::torchfile {

/// Whether the bytes begin as such a file does.
bool looksLikeTorchZip(std::string_view bytes);
bool looksLikeTorchLegacy(std::string_view bytes);
/// The tar archive of PyTorch before 0.1.10.
bool looksLikeTar(std::string_view bytes);

/// Tensors point into `bytes` or into Content::buffers. Errors as readStateDict.
Result<Content> readTorchZip(std::string_view bytes);
Result<Content> readTorchLegacy(std::string_view bytes);

/// Bytes that tensors in another order than row by row may take when they are copied.
inline std::uint64_t copyBudget(std::string_view bytes) {
    return bytes.size() + (std::uint64_t(32) << 20);
}

}  // namespace graft::torchfile
