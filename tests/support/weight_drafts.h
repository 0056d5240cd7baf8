// Weight files for tests, to be changed before they are written. Includes torch.
#pragma once

#include "core/nn/classifier.h"
#include "core/nn/weights/safetensors.h"

#include <QString>

namespace graft::testing {

// What a weight file will hold, to be changed before it is written.
struct Draft {
    std::map<std::string, torch::Tensor> tensors;
    std::map<std::string, std::string> metadata;
};

inline Draft draftOf(const Classifier& classifier) {
    Draft draft;
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& entry : list) {
            if (!layerIsInside(entry.name, "head")) {
                draft.tensors[entry.name] = entry.tensor.detach().contiguous();
            }
        }
    }
    return draft;
}

inline std::string dtypeOf(const torch::Tensor& tensor) {
    switch (tensor.scalar_type()) {
        case torch::kFloat16:
            return "F16";
        case torch::kBFloat16:
            return "BF16";
        case torch::kFloat64:
            return "F64";
        case torch::kInt64:
            return "I64";
        case torch::kInt32:
            return "I32";
        default:
            return "F32";
    }
}

inline bool write(const QString& path, const Draft& draft) {
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, tensor] : draft.tensors) {
        tensors.push_back(
            {name, dtypeOf(tensor), tensor.sizes().vec(), tensor.data_ptr(), tensor.nbytes()});
    }
    return writeSafetensors(path.toStdString(), std::move(tensors), draft.metadata).ok();
}

}  // namespace graft::testing
