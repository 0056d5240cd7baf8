// Splits: stratified, seeded, and never parting samples of one group (same content, same burst).
// Thread: any (pure functions).
#pragma once

#include "core/base/result.h"
#include "core/data/dataset.h"

#include <cstdint>

namespace graft {

struct SplitOptions {
    double validation = 0.2;  ///< share of each class, 0..0.9
    double test = 0.0;        ///< share of each class, 0..0.9
    std::uint64_t seed = 0;
};

/// New split of every sample, stratified by class; group members share one split. A class with
/// two or more groups gets at least one in training and one in validation.
/// Same dataset and seed give the same split. Errors: shares out of range.
Status assignSplits(Dataset& dataset, const SplitOptions& options);

/// Gives samples of equal content the same group and adds DuplicateAcrossSplits and
/// DuplicateLabels problems (existing problems of those kinds are replaced).
void groupDuplicates(Dataset& dataset);

}  // namespace graft
