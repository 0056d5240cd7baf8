// Numbers as a sentence shows them. Thread: any.
#pragma once

#include <cstdint>
#include <string>

namespace graft {

/// "812 bytes", "14.2 MB", "103 MB", "1.2 GB": SI units, one decimal below 100.
std::string bytesText(std::uint64_t bytes);

std::string thousandsText(std::int64_t value);  ///< "1,234,567"

}  // namespace graft
