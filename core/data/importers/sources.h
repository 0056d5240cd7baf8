// What lies in a source, before any picture is decoded: the shared first half of importing and of
// rescanning. One function per format. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/data/importers/importer.h"

#include <string>
#include <string_view>

namespace graft {

/// Recognises the format and lists the source: samples with path, label, size, time and the split
/// that the source names; classes; problems of the listing. No hashes, no decoding, no split made.
Result<Dataset> listSource(const std::string& path, const ImportOptions& options,
                           Progress& progress);

Result<Dataset> listFolder(const std::string& folder, Progress& progress);
Result<Dataset> listTable(const std::string& path, const ImportOptions& options,
                          Progress& progress);
Result<Dataset> listIdx(const std::string& path, Progress& progress);

bool isTablePath(const std::string& path);
bool isIdxPath(const std::string& path);
/// The IDX image file to start from in a folder, or "".
std::string findIdxInFolder(const std::string& folder);

/// Train, Validation or Test by the usual names (train, val, valid, validation, dev, test, eval),
/// whatever the case; None for any other.
Split splitByName(std::string_view name);

/// Numbers the samples 1, 2, 3 ... in order and turns class names into ids. `names` runs along
/// `dataset.samples`; an empty name is "not labelled".
void assignClasses(Dataset& dataset, const std::vector<std::string>& names,
                   std::vector<std::string> classNames);

}  // namespace graft
