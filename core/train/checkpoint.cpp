#include "core/train/checkpoint.h"

#include "core/base/hash.h"
#include "core/nn/weights/safetensors.h"
#include "core/train/checkpoint_format.h"

#include <filesystem>
#include <optional>

namespace graft {
namespace fs = std::filesystem;
namespace {

Error damaged(const std::string& path, const std::string& detail) {
    return Error{ErrorCode::BadFormat, "The checkpoint " + path + " is damaged.", detail,
                 "An older checkpoint of the run is used where there is one."};
}

}  // namespace

nlohmann::json checkpointHeader(const CheckpointInfo& info) {
    nlohmann::json classes = nlohmann::json::array();
    for (const ClassInfo& entry : info.classes) {
        classes.push_back({{"id", entry.id}, {"name", entry.name}});
    }
    return {{"version", kCheckpointVersion},
            {"model", toJson(info.model)},
            {"preprocess", toJson(info.preprocess)},
            {"classes", classes},
            {"step", info.step},
            {"epoch", info.epoch},
            {"validation_accuracy", info.validationAccuracy},
            {"trainer", info.trainer}};
}

std::string checkpointDigest(const std::string& header, const std::vector<TensorBytes>& tensors) {
    Sha256 hash;
    hash.add(header.data(), header.size());
    for (const TensorBytes& tensor : tensors) {
        hash.add(tensor.name.data(), tensor.name.size());
        hash.add(tensor.data, tensor.byteCount);
    }
    return hash.hex();
}

Result<CheckpointInfo> parseCheckpointHeader(const SafetensorsFile& file, const std::string& path) {
    const auto header = file.metadata().find(kCheckpointHeaderKey);
    if (header == file.metadata().end()) {
        return Error{ErrorCode::BadFormat, path + " is not a checkpoint of Graft.", {},
                     "Choose a file from the project's files folder."};
    }
    try {
        const nlohmann::json json = nlohmann::json::parse(header->second);
        if (json.at("version").get<int>() > kCheckpointVersion) {
            return Error{ErrorCode::NewerVersion, path + " was written by a newer Graft.", {},
                         "Update Graft to open it."};
        }
        CheckpointInfo info;
        GRAFT_TRY(info.model, modelSpecFromJson(json.at("model")));
        GRAFT_TRY(info.preprocess, preprocessFromJson(json.at("preprocess")));
        for (const nlohmann::json& entry : json.at("classes")) {
            info.classes.push_back({entry.at("id"), entry.at("name")});
        }
        info.step = json.at("step");
        info.epoch = json.at("epoch");
        info.validationAccuracy = json.at("validation_accuracy");
        info.trainer = json.at("trainer");
        return info;
    } catch (const nlohmann::json::exception& fault) {
        return damaged(path, fault.what());
    }
}

Status verifyCheckpoint(const SafetensorsFile& file, const std::string& path) {
    const auto& metadata = file.metadata();
    const auto header = metadata.find(kCheckpointHeaderKey);
    const auto digest = metadata.find(kCheckpointDigestKey);
    if (header == metadata.end() || digest == metadata.end()) {
        return damaged(path, "no header");
    }
    std::vector<TensorBytes> tensors;
    for (const auto& [name, view] : file.tensors()) {  // a map: ascending names
        tensors.push_back({name, view.data, view.byteCount});
    }
    if (checkpointDigest(header->second, tensors) != digest->second) {
        return damaged(path, "the content does not match its checksum");
    }
    return {};
}

Result<CheckpointInfo> readCheckpointInfo(const std::string& path) {
    GRAFT_TRY(const SafetensorsFile file, SafetensorsFile::open(path));
    return parseCheckpointHeader(file, path);
}

Result<std::string> newestCheckpoint(const std::string& folder, std::string* notice) {
    std::optional<std::int64_t> newestStep;
    std::string newest;
    for (const char* name : kAlternatingCheckpoints) {
        const std::string path = (fs::path(folder) / name).string();
        std::error_code ignored;
        if (!fs::exists(path, ignored)) {
            continue;
        }
        const auto check = [&]() -> Result<CheckpointInfo> {
            GRAFT_TRY(const SafetensorsFile file, SafetensorsFile::open(path));
            GRAFT_CHECK(verifyCheckpoint(file, path));
            return parseCheckpointHeader(file, path);
        };
        const Result<CheckpointInfo> info = check();
        if (!info) {
            if (notice) {
                *notice = info.error().message;
            }
        } else if (!newestStep || info->step > *newestStep ||
                   (info->step == *newestStep && writtenLater(path, newest))) {
            newestStep = info->step;
            newest = path;
        }
    }
    if (newest.empty()) {
        return Error{ErrorCode::NotFound, "The run in " + folder + " has no usable checkpoint.", {},
                     "Start the run again."};
    }
    return newest;
}

bool writtenLater(const std::string& path, const std::string& other) {
    std::error_code failed;
    const auto left = fs::last_write_time(path, failed);
    const auto right = fs::last_write_time(other, failed);
    return !failed && left > right;
}

std::string bestCheckpointPath(const std::string& folder) {
    return (fs::path(folder) / kBestCheckpoint).string();
}

std::string quickCheckpointPath(const std::string& folder) {
    return (fs::path(folder) / kQuickCheckpoint).string();
}

}  // namespace graft
