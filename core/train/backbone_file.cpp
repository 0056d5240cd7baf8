#include "core/train/backbone_file.h"

#include "core/nn/weights/safetensors.h"

#include <nlohmann/json.hpp>

namespace graft {

Result<std::string> writeBackboneFile(const std::string& path, const Classifier& classifier,
                                      const std::vector<NamedTensor>& tensors, bool withHead,
                                      std::map<std::string, std::string> metadata) {
    std::vector<NamedTensor> halves;
    std::vector<TensorToWrite> toWrite;
    for (const NamedTensor& entry : tensors) {
        if (!entry.tensor.is_floating_point() ||
            (!withHead && layerIsInside(entry.name, "head"))) {
            continue;
        }
        halves.push_back(
            {entry.name, entry.tensor.detach().cpu().to(torch::kFloat16).contiguous()});
        if (!halves.back().tensor.to(torch::kFloat32).isfinite().all().item<bool>()) {
            return Error{ErrorCode::Diverged,
                         "The weights of " + entry.name + " are too large for 16 bits.", {}, {}};
        }
    }
    for (const NamedTensor& half : halves) {
        toWrite.push_back({half.name, "F16", half.tensor.sizes().vec(), half.tensor.data_ptr(),
                           std::uint64_t(half.tensor.nbytes())});
    }
    const Preprocess& input = classifier.preprocess();
    metadata["architecture"] = classifier.spec().backbone;
    metadata["input_size"] = nlohmann::json({3, input.inputSize, input.inputSize}).dump();
    metadata["resize_size"] = std::to_string(input.resizeSize);
    metadata["interpolation"] = interpolationName(input.interpolation);
    metadata["mean"] = nlohmann::json(input.mean).dump();
    metadata["std"] = nlohmann::json(input.std).dump();
    return writeSafetensors(path, std::move(toWrite), std::move(metadata));
}

}  // namespace graft
