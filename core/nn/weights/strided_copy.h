// Puts numbers that lie in any order row by row. Private to core/nn/weights. Thread: any.
#pragma once

#include <cstdint>
#include <vector>

namespace graft::torchfile {

/// Whether the numbers lie row by row without gaps already.
bool isRowMajor(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides);

/// Copies a tensor that is not empty; strides in items. `target` holds all of it.
void copyStrided(const char* source, const std::vector<std::int64_t>& shape,
                 const std::vector<std::int64_t>& strides, std::uint64_t itemBytes, char* target);

}  // namespace graft::torchfile
