// The layout of a checkpoint file, shared by its torch-free reader and its writer: header JSON and
// digest in the safetensors metadata, tensors by prefix. Private to core/train. Thread: any.
#pragma once

#include "core/nn/weights/safetensors.h"
#include "core/train/checkpoint.h"

#include <array>
#include <string>
#include <vector>

namespace graft {

inline constexpr int kCheckpointVersion = 1;
inline constexpr const char* kCheckpointHeaderKey = "graft.header";
inline constexpr const char* kCheckpointDigestKey = "graft.sha256";
inline constexpr const char* kModelPrefix = "model/";
inline constexpr const char* kOptimizerPrefix = "optimizer/";
inline constexpr const char* kAveragePrefix = "average/";
inline constexpr std::array kAlternatingCheckpoints{"checkpoint-a.safetensors",
                                                    "checkpoint-b.safetensors"};
inline constexpr const char* kBestCheckpoint = "best.safetensors";
inline constexpr const char* kQuickCheckpoint = "quick.safetensors";

struct TensorBytes {
    std::string name;
    const void* data = nullptr;
    std::uint64_t byteCount = 0;
};

nlohmann::json checkpointHeader(const CheckpointInfo& info);
/// SHA-256 over header, names and bytes; `tensors` in ascending order of name.
std::string checkpointDigest(const std::string& header, const std::vector<TensorBytes>& tensors);
Result<CheckpointInfo> parseCheckpointHeader(const SafetensorsFile& file, const std::string& path);
Status verifyCheckpoint(const SafetensorsFile& file, const std::string& path);
bool writtenLater(const std::string& path, const std::string& other);

}  // namespace graft
