// The data set in the project file: classes, samples, problems and where the pictures are. Private
// to core/project. Thread: any (works on the caller's connection).
#pragma once

#include "core/data/dataset.h"
#include "core/project/database.h"

#include <string>
#include <string_view>

namespace graft {

/// A path kept twice, so that a project and its pictures can move together or apart: absolute, and
/// relative to the project's folder. The relative one is tried first when reading.
Status storePath(const Database& database, const std::string& key, const std::string& path);
Result<std::string> loadPath(const Database& database, const std::string& key);

Status storeFact(const Database& database, std::string_view key, std::string_view value);
/// "" where there is none.
Result<std::string> loadFact(const Database& database, std::string_view key);

/// Ids ascending and unique, labels known: what every reader of a Dataset relies on.
Status checkDataset(const Dataset& dataset);

// Each runs within the caller's transaction.
Status storeDataset(const Database& database, const Dataset& dataset);
Status storeClasses(const Database& database, const std::vector<ClassInfo>& classes);
Status storeProblems(const Database& database, const std::vector<Problem>& problems);

Result<Dataset> loadDataset(const Database& database);

/// The kind by its stable name; Unreadable for an unknown one.
ProblemKind problemKindFromName(const std::string& name);
Split splitFromNumber(std::int64_t number);

}  // namespace graft
