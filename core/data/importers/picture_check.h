// Reads the pictures of a dataset once, on all cores: content hash, size, and whether each can be
// decoded at all. Thread: any, blocking; its threads are its own.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <cstddef>
#include <vector>

namespace graft {

/// Fills contentHash, width, height and damaged of the samples at `which` (positions) and adds a
/// problem for each that cannot be used. Without `decode` only the headers are read. Pictures
/// inside containers were read when they were listed and are left as they are.
Status checkPictures(Dataset& dataset, const std::vector<std::size_t>& which, bool decode,
                     Progress& progress);

}  // namespace graft
