// Unpacking: an archive of folders (tar, compressed or not, or zip) into a folder on the disk.
// Separate from the importers, which read what lies there. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <string>

namespace graft {

/// Whether the file's name is that of an archive that unpackArchive() takes.
bool looksLikeArchive(const std::string& path);

/// Unpacks the ordinary files of `archive` into `folder`, which must not exist yet and appears
/// whole or not at all. Links and devices are left out; a name that would lead out of the folder is
/// a BadFormat. Other errors: NotFound, PermissionDenied, BadFormat (damaged, nothing inside),
/// TooLarge (more than the disk has free), DiskFull, Cancelled. Progress is in bytes of the archive.
Status unpackArchive(const std::string& archive, const std::string& folder, Progress& progress);

}  // namespace graft
