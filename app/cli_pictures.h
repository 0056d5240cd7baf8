// Which pictures the arguments of `predict` name: files, folders (with all below) and patterns.
// Thread: any, blocking.
#pragma once

#include "core/base/result.h"

#include <string>
#include <vector>

namespace graft::cli {

struct PictureList {
    std::vector<std::string> files;  ///< as named, folders and patterns in order of name
    std::vector<bool> named;         ///< per file: named itself, not found in a folder
    std::size_t passedBy = 0;        ///< files in folders that are no pictures by their ending
};

/// Error NotFound names the first argument that is nothing and matches nothing, or a folder
/// without pictures.
Result<PictureList> collectPictures(const std::vector<std::string>& arguments);

/// By the ending of the name, for files that were not named one by one.
bool looksLikePicture(const std::string& path);

}  // namespace graft::cli
