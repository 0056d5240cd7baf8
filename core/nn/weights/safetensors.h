// safetensors: reader that checks every rule of the format before a byte is used, and writer
// through AtomicFile. Free of torch, so that it can be fuzzed and sanitised on its own.
// Source: the format's README and reference reader, github.com/huggingface/safetensors.
// Thread: any.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

struct TensorView {
    std::string dtype;  ///< "F32", "I64", "BF16" ...
    std::vector<std::int64_t> shape;
    const void* data = nullptr;  ///< little-endian, row-major; lives as long as the file object
    std::uint64_t byteCount = 0;
};

class SafetensorsFile {
 public:
    /// Maps and validates. Errors: NotFound, PermissionDenied, BadFormat (which rule was broken).
    static Result<SafetensorsFile> open(const std::filesystem::path& path);
    /// The same over bytes in memory (copied).
    static Result<SafetensorsFile> parse(std::string_view bytes);
    SafetensorsFile(SafetensorsFile&&) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
    ~SafetensorsFile();

    const std::map<std::string, TensorView>& tensors() const;
    const std::map<std::string, std::string>& metadata() const;

 private:
    struct State;
    explicit SafetensorsFile(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

struct TensorToWrite {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> shape;
    const void* data = nullptr;
    std::uint64_t byteCount = 0;
};

/// Sorted by alignment then name, header padded to 8 bytes, "format": "pt" added to the metadata.
/// Returns the SHA-256 of the file. Errors as AtomicFile.
Result<std::string> writeSafetensors(const std::filesystem::path& path,
                                     std::vector<TensorToWrite> tensors,
                                     std::map<std::string, std::string> metadata);

}  // namespace graft
