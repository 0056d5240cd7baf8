// The header of a safetensors file: from its JSON text to checked descriptions of the tensors,
// without touching their bytes. Separate so that file mapping and format rules do not mix.
// Private to core/nn/weights. Thread: any.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace graft::safetensors {

/// A tenth of the reference reader's limit, since reading a header can take ten times its length of
/// memory. Enough for 80,000 tensors.
inline constexpr std::uint64_t kMaxHeaderBytes = 10'000'000;
inline constexpr const char* kMetadataKey = "__metadata__";

struct Dtype {
    const char* name;
    std::uint64_t bits;
};
/// Position in the format's list of types, which ascends by alignment; -1 for an unknown name.
int dtypeIndex(std::string_view name);
const Dtype& dtypeAt(int index);

/// Bytes of a tensor; false where the product overflows or does not fill whole bytes.
bool byteCountOf(const std::vector<std::int64_t>& shape, int dtype, std::uint64_t* bytes);

struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;  ///< bytes from the start of the data
    std::uint64_t end = 0;
};

struct Header {
    std::map<std::string, Entry> tensors;
    std::map<std::string, std::string> metadata;
};

/// `text` is the whole header with its padding; `dataBytes` what follows it in the file. The
/// error's message is the rule that was broken, as the end of a sentence; code BadFormat.
Result<Header> parseHeader(std::string_view text, std::uint64_t dataBytes);

}  // namespace graft::safetensors
