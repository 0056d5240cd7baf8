#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/nn/weights/safetensors.h"
#include "core/nn/weights/safetensors_header.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <future>

namespace graft {
namespace {

Error badTensor(const std::string& name, const std::string& why) {
    return Error{ErrorCode::InvalidArgument,
                 "The tensor \"" + name + "\" cannot be written: " + why + ".",
                 {},
                 {}};
}

Status checkTensors(const std::vector<TensorToWrite>& sorted) {
    std::vector<std::string> names;
    for (const TensorToWrite& tensor : sorted) {
        const int dtype = safetensors::dtypeIndex(tensor.dtype);
        if (dtype < 0) {
            return badTensor(tensor.name, "its type " + tensor.dtype + " is unknown");
        }
        if (tensor.name == safetensors::kMetadataKey) {
            return badTensor(tensor.name, "the name is reserved");
        }
        std::uint64_t bytes = 0;
        if (!safetensors::byteCountOf(tensor.shape, dtype, &bytes) || bytes != tensor.byteCount) {
            return badTensor(tensor.name, "its shape and its number of bytes do not fit");
        }
        names.push_back(tensor.name);
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
        return badTensor(*twice, "there are two of this name");
    }
    return {};
}

// Length and JSON, padded so that the data starts at a multiple of 8 bytes.
std::string headerBytes(const std::vector<TensorToWrite>& sorted,
                        const std::map<std::string, std::string>& metadata) {
    nlohmann::ordered_json json;
    json[safetensors::kMetadataKey] = metadata;
    std::uint64_t position = 0;
    for (const TensorToWrite& tensor : sorted) {
        json[tensor.name] = {{"dtype", tensor.dtype},
                             {"shape", tensor.shape},
                             {"data_offsets", {position, position + tensor.byteCount}}};
        position += tensor.byteCount;
    }
    std::string text = json.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    std::string bytes;
    for (int i = 0; i < 8; ++i) {
        bytes += char(std::uint64_t(text.size()) >> (8 * i) & 0xff);
    }
    return bytes + text;
}

std::string hashOf(const std::string& header, const std::vector<TensorToWrite>& tensors) {
    Sha256 hash;
    hash.add(header.data(), header.size());
    for (const TensorToWrite& tensor : tensors) {
        hash.add(tensor.data, tensor.byteCount);
    }
    return hash.hex();
}

Status writeAll(const std::filesystem::path& path, const std::string& header,
                const std::vector<TensorToWrite>& tensors) {
    GRAFT_TRY(AtomicFile file, AtomicFile::create(path));
    GRAFT_CHECK(file.write(header));
    for (const TensorToWrite& tensor : tensors) {
        if (tensor.byteCount > 0) {
            GRAFT_CHECK(file.write(tensor.data, tensor.byteCount));
        }
    }
    return file.commit();
}

}  // namespace

Result<std::string> writeSafetensors(const std::filesystem::path& path,
                                     std::vector<TensorToWrite> tensors,
                                     std::map<std::string, std::string> metadata) {
    try {
        std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
            const int left = safetensors::dtypeIndex(a.dtype);
            const int right = safetensors::dtypeIndex(b.dtype);
            return left != right ? left > right : a.name < b.name;
        });
        GRAFT_CHECK(checkTensors(tensors));
        metadata.emplace("format", "pt");
        const std::string header = headerBytes(tensors, metadata);
        if (header.size() - 8 > safetensors::kMaxHeaderBytes) {
            return Error{
                ErrorCode::TooLarge,
                "The header of " + path.string() + " would be longer than the format allows.",
                {},
                {}};
        }
        // Both take about as long. Where there is no thread to be had, the hash comes second.
        std::future<std::string> hash = std::async(std::launch::async | std::launch::deferred,
                                                   hashOf, std::cref(header), std::cref(tensors));
        GRAFT_CHECK(writeAll(path, header, tensors));
        return hash.get();
    } catch (const nlohmann::json::exception& fault) {
        return Error{ErrorCode::InvalidArgument,
                     "A name or a note for " + path.string() + " is not valid UTF-8 text.",
                     fault.what(),
                     {}};
    } catch (const std::exception& fault) {
        return Error{
            ErrorCode::Internal, "Writing " + path.string() + " failed.", fault.what(), {}};
    }
}

}  // namespace graft
