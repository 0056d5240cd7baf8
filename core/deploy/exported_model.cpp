#include "core/deploy/exported_model.h"

#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/deploy/faults.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kConfigLimit = 16u << 20;
constexpr std::uint64_t kModelLimit = std::uint64_t(4) << 30;

struct PackageConfig {
    std::vector<std::string> labels;
    std::string sha256;  ///< of model.pt
};

Error notOurs(const fs::path& folder, const std::string& detail) {
    return {ErrorCode::BadFormat,
            folder.string() +
                " is not a package that Graft wrote, so its model was not opened: TorchScript "
                "files can run code.",
            detail, "Choose a folder that was exported by Graft."};
}

Result<PackageConfig> readConfig(const fs::path& folder) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
        return Error{ErrorCode::NotFound,
                     "There is no package folder " + folder.string() + ".",
                     {},
                     "Check the name, and that the drive is connected."};
    }
    for (const char* name : {"config.json", "model.pt"}) {
        if (!fs::exists(folder / name, ignored)) {
            return notOurs(folder, std::string(name) + " is missing");
        }
    }
    GRAFT_TRY(const std::string text, readWholeFile(folder / "config.json", kConfigLimit));
    try {
        const nlohmann::json json = nlohmann::json::parse(text);
        PackageConfig config;
        json.at("label_names").get_to(config.labels);
        json.at("graft").at("model_sha256").get_to(config.sha256);
        return config;
    } catch (const nlohmann::json::exception& fault) {
        return notOurs(folder, std::string("config.json: ") + fault.what());
    }
}

}  // namespace

Result<ExportedModel> loadExportedModel(const std::string& folder) {
    GRAFT_TRY(const PackageConfig config, readConfig(folder));
    const fs::path path = fs::path(folder) / "model.pt";
    // Hashed and loaded from the same bytes, so that nobody can swap the file in between.
    GRAFT_TRY(std::string archive, readWholeFile(path, kModelLimit));
    if (sha256Hex(archive) != config.sha256) {
        return Error{ErrorCode::Mismatch,
                     path.string() +
                         " is not the file that was exported with this folder, so it was not "
                         "opened: TorchScript files can run code.",
                     "its SHA-256 differs from the one in config.json", "Export the model again."};
    }
    try {
        std::istringstream stream(std::move(archive));
        ExportedModel model{torch::jit::load(stream, torch::kCPU), config.labels};
        model.module.eval();
        return model;
    } catch (const std::exception& fault) {
        return Error{ErrorCode::BadFormat, path.string() + " could not be opened.",
                     faultText(fault), "Export the model again."};
    }
}

torch::Tensor imageTensor(const Image& image) {
    // A copy: the tensor outlives the picture.
    return torch::from_blob(const_cast<std::uint8_t*>(image.rgb.data()),
                            {image.height, image.width, 3}, torch::kUInt8)
        .permute({2, 0, 1})
        .contiguous();
}

}  // namespace graft
