// ExportedModel: the model of a package folder, loaded only when the folder says that Graft wrote
// it, because a TorchScript file is a program and loading one runs it.
// Includes torch; private to core/deploy and its tests. Thread: one owner, blocking.
#pragma once

#include "core/base/image.h"
#include "core/base/result.h"

#include <torch/script.h>

#include <string>
#include <vector>

namespace graft {

struct ExportedModel {
    torch::jit::Module module;  ///< in eval mode, methods as in torchscript_export.h
    std::vector<std::string> labels;
};

/// Errors: NotFound; BadFormat where the folder is no package of Graft's; Mismatch where model.pt
/// is not the file that config.json was written for (nothing of it has been run then).
Result<ExportedModel> loadExportedModel(const std::string& folder);

/// [3, H, W] uint8
torch::Tensor imageTensor(const Image& image);

}  // namespace graft
