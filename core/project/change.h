// Change: one edit of the data set as the values before and after, so that it can be applied,
// taken back, stored and brought back after reopening. Private to core/project.
// Thread: any (plain values).
#pragma once

#include "core/data/dataset.h"
#include "core/project/database.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace graft {

struct SampleChange {
    enum class Field { Label, Split, Excluded, Group };
    Field field = Field::Label;
    std::int64_t before = 0;
    std::int64_t after = 0;
    std::vector<SampleId> samples;
};

struct Change {
    template <class T>
    using Pair = std::optional<std::pair<T, T>>;  ///< before, after; unset where nothing changed

    std::vector<SampleChange> samples;
    Pair<std::vector<ClassInfo>> classes;
    Pair<std::vector<Problem>> problems;
    Pair<bool> splitFromSource;

    bool empty() const { return samples.empty() && !classes && !problems && !splitFromSource; }
    std::int64_t sampleCount() const;  ///< changed values
};

enum class Direction { Forward, Back };

/// Sets `field` of the samples, leaving out those that have the value already. Error
/// InvalidArgument on an unknown id.
Result<Change> changeOf(const Dataset& dataset, const std::vector<SampleId>& samples,
                        SampleChange::Field field, std::int64_t value);
/// What differs between two states of a data set with the same samples.
Change changeBetween(const Dataset& before, const Dataset& after);

void applyChange(Dataset& dataset, const Change& change, Direction direction);
/// Within the caller's transaction.
Status storeChange(const Database& database, const Change& change, Direction direction);

std::string changeText(const Change& change);  ///< JSON
Result<Change> changeFromText(const std::string& text);

}  // namespace graft
