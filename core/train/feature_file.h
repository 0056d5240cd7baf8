// The file of one feature block: header with the key, places and a checksum for every row, then the
// rows. Private to core/train. Thread: any (no state).
#pragma once

#include "core/train/feature_cache.h"

#include <string>
#include <vector>

namespace graft {

inline constexpr const char* kFeatureSuffix = ".features";

/// Checksum of a row: notices torn and altered bytes, is no protection against intent.
std::uint64_t featureSum(const void* data, std::uint64_t byteCount);

std::uint64_t featureFileBytes(const FeatureBlock& block, const std::string& key);
/// To a temporary name beside `path`, then renamed; not synced. Errors as fileError().
Status writeFeatureFile(const std::string& path, const std::string& key,
                        const FeatureBlock& block);
/// False when there is no whole file of this key. `rows`, where wanted, gets all rows, checked.
bool readFeatureFile(const std::string& path, const std::string& key, FeatureFileHeader* header,
                     std::vector<char>* rows);
/// One row of a file whose header is known, checked against it.
bool readFeatureRow(const std::string& path, const std::string& key,
                    const FeatureFileHeader& header, std::size_t index, char* out);

}  // namespace graft
