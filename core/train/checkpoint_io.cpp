#include "core/train/checkpoint_io.h"

#include "core/train/checkpoint_format.h"

#include <algorithm>

namespace graft {
namespace {

struct Prepared {
    std::string name;
    torch::Tensor tensor;  // contiguous, on the CPU
};

const char* dtypeName(torch::ScalarType type) {
    return type == torch::kInt64 ? "I64" : "F32";
}

Result<torch::Tensor> toTensor(const std::string& name, const TensorView& view) {
    if (view.dtype != "F32" && view.dtype != "I64") {
        return Error{ErrorCode::BadFormat, "The checkpoint holds a tensor of an unknown kind.",
                     name + ": " + view.dtype, "Start the run again."};
    }
    const auto type = view.dtype == "I64" ? torch::kInt64 : torch::kFloat32;
    torch::Tensor tensor = torch::empty(view.shape, type);
    if (view.byteCount > 0) {
        std::memcpy(tensor.data_ptr(), view.data, view.byteCount);
    }
    return tensor;
}

}  // namespace

Result<std::string> writeCheckpoint(const std::string& path, const CheckpointInfo& info,
                                    const CheckpointTensors& tensors) {
    std::vector<Prepared> prepared;
    const auto add = [&](const char* prefix, const std::vector<NamedTensor>& list) {
        for (const NamedTensor& entry : list) {
            prepared.push_back({prefix + entry.name, entry.tensor.detach().cpu().contiguous()});
        }
    };
    add(kModelPrefix, tensors.model);
    add(kOptimizerPrefix, tensors.optimizer);
    add(kAveragePrefix, tensors.average);
    std::sort(prepared.begin(), prepared.end(),
              [](const Prepared& a, const Prepared& b) { return a.name < b.name; });

    std::vector<TensorToWrite> toWrite;
    std::vector<TensorBytes> toHash;
    for (const Prepared& entry : prepared) {
        toWrite.push_back({entry.name, dtypeName(entry.tensor.scalar_type()),
                           entry.tensor.sizes().vec(), entry.tensor.data_ptr(),
                           std::uint64_t(entry.tensor.nbytes())});
        toHash.push_back({entry.name, toWrite.back().data, toWrite.back().byteCount});
    }
    const std::string header = checkpointHeader(info).dump();
    return writeSafetensors(path, std::move(toWrite),
                            {{kCheckpointHeaderKey, header},
                             {kCheckpointDigestKey, checkpointDigest(header, toHash)}});
}

Result<CheckpointTensors> readCheckpointTensors(const std::string& path, CheckpointInfo* info) {
    GRAFT_TRY(const SafetensorsFile file, SafetensorsFile::open(path));
    GRAFT_CHECK(verifyCheckpoint(file, path));
    GRAFT_TRY(*info, parseCheckpointHeader(file, path));
    CheckpointTensors tensors;
    const std::pair<std::string, std::vector<NamedTensor>*> parts[] = {
        {kModelPrefix, &tensors.model},
        {kOptimizerPrefix, &tensors.optimizer},
        {kAveragePrefix, &tensors.average}};
    for (const auto& [name, view] : file.tensors()) {
        GRAFT_TRY(torch::Tensor tensor, toTensor(name, view));
        for (const auto& [prefix, list] : parts) {
            if (name.rfind(prefix, 0) == 0) {
                list->push_back({name.substr(prefix.size()), std::move(tensor)});
                break;
            }
        }
    }
    return tensors;
}

}  // namespace graft
