// Runs in the project file: their records and the state of the samples at their start. Private to
// core/project. Thread: any (works on the caller's connection).
#pragma once

#include "core/project/database.h"
#include "core/project/run_store.h"

#include <optional>
#include <string>
#include <vector>

namespace graft {

/// From stored JSON. Values that this version does not accept keep their default: an option of
/// another version must not lock the project away.
ModelSpec modelFromText(const std::string& text);
AugmentSpec augmentFromText(const std::string& text);
TrainOptions trainOptionsFromText(const std::string& text);
std::string jsonText(const nlohmann::json& json);  ///< never throws on odd bytes

/// Newest first, hidden ones left out; with `id` only that one (hidden or not).
Result<std::vector<RunRecord>> loadRuns(const Database& database, std::optional<RunId> id);
Result<RunRecord> loadRun(const Database& database, RunId id);

/// Within the caller's transaction: the record, and label, split and exclusion of each sample.
Status storeRun(const Database& database, const RunRecord& record);
/// Within the caller's transaction: what the dead owner of the project left running.
Status interruptRuns(const Database& database);

}  // namespace graft
