// Migrations: the schema of the project file as a list of steps, each of which brings a file from
// one version to the next; a new file takes all of them. Private to core/project. Thread: any.
#pragma once

#include "core/project/database.h"

#include <span>

namespace graft {

inline constexpr std::uint32_t kApplicationId = 0x47726674;  ///< "Grft", at byte 68 of the file

/// SQL that brings a file from the version before to the next one.
using MigrationStep = const char*;
/// Step i leads to version i + 1.
std::span<const MigrationStep> migrationSteps();
inline int newestSchema() {
    return int(migrationSteps().size());
}

/// Brings the file from its own version up to the last step, in one transaction.
Status migrate(Database& database, std::span<const MigrationStep> steps);

}  // namespace graft
