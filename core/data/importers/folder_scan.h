// Walks a folder tree and sorts out what is a picture. Links are followed once, loops are not
// entered, hidden things are skipped and listed. Only names, sizes, times and (for files without
// a usual picture ending) first bytes are looked at. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

struct FoundFile {
    std::string path;  ///< relative to the scanned folder
    std::int64_t size = 0;
    std::int64_t modifiedNs = 0;
};

struct FolderScan {
    std::vector<FoundFile> pictures;   ///< by byte order of the path
    std::vector<std::string> folders;  ///< all that were entered, relative, by byte order
    std::vector<Problem> problems;
};

Result<FolderScan> scanFolder(const std::string& root, Progress& progress);

/// By the ending of the name: .jpg, .png, ...
bool hasPictureEnding(std::string_view name);

}  // namespace graft
