// Importers: from what lies on disk to a Dataset, everything odd listed as a problem, nothing
// written or copied. One file per format behind this one door. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/data/split.h"

#include <string>

namespace graft {

struct ImportOptions {
    SplitOptions split;         ///< used where the source names no validation split
    bool checkPictures = true;  ///< decode each picture once to find damage (parallel)
    std::string pathColumn;     ///< tables: "" finds the column by its usual names
    std::string labelColumn;
    std::string splitColumn;
};

/// Recognises class folders, train/val/test folders, CSV/TSV and IDX (.gz too) by what is there.
/// `path` may be a folder, a table or an IDX image file; relative paths are made absolute.
/// Errors: NotFound, PermissionDenied, BadFormat (no pictures, or fewer than two classes: the
/// message says what was found and what is expected), Cancelled.
Result<Dataset> importDataset(const std::string& path, const ImportOptions& options,
                              Progress& progress);

/// What changed on disk since the dataset was imported.
struct RescanReport {
    std::vector<std::string> added;  ///< paths relative to the root
    std::vector<SampleId> missing;
    std::vector<SampleId> changed;                        ///< same path, other size or time
    std::vector<std::pair<SampleId, std::string>> moved;  ///< same content at another path
    bool rootMissing = false;  ///< the whole folder is gone: offer to relink
    bool empty() const {
        return added.empty() && missing.empty() && changed.empty() && moved.empty() && !rootMissing;
    }
};
/// Quick: compares names, sizes and times; hashes only candidates for a move.
Result<RescanReport> rescanDataset(const Dataset& dataset, Progress& progress);

/// The dataset after taking over what is on disk now: added pictures get a label and a split,
/// missing ones are dropped, moved ones keep id, label and split. Ids of the rest are unchanged.
Result<Dataset> applyRescan(const Dataset& dataset, const RescanReport& report,
                            const ImportOptions& options, Progress& progress);

/// The same dataset below another root folder. Error Mismatch when fewer than half of the
/// pictures are found there.
Result<Dataset> relinkDataset(const Dataset& dataset, const std::string& newRoot);

}  // namespace graft
