// The second half of importing, shared with rescanning: reading the pictures, grouping
// duplicates, completing the splits. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/data/importers/importer.h"

#include <string>
#include <vector>

namespace graft {

/// `unread`: positions of the samples to read.
Status finishDataset(Dataset& dataset, const std::vector<std::size_t>& unread,
                     const ImportOptions& options, Progress& progress);

/// Splits the samples at `added` among themselves; all others keep theirs.
Status splitAdded(Dataset& dataset, const std::vector<std::size_t>& added,
                  const SplitOptions& options);

/// Absolute, normal form, no slash at the end. Error BadFormat if it is not UTF-8.
Result<std::string> absoluteUtf8Path(const std::string& path);

}  // namespace graft
