#include "core/project/change.h"

#include "core/project/dataset_tables.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace graft {
namespace {

using nlohmann::json;
using Field = SampleChange::Field;

struct FieldName {
    Field field;
    const char* name;    ///< in the journal
    const char* update;  ///< SQL
};
constexpr std::array kFields{
    FieldName{Field::Label, "label", "UPDATE samples SET label = ? WHERE id = ?"},
    FieldName{Field::Split, "split", "UPDATE samples SET split = ? WHERE id = ?"},
    FieldName{Field::Excluded, "excluded", "UPDATE samples SET excluded = ? WHERE id = ?"},
    FieldName{Field::Group, "group", "UPDATE samples SET group_id = ? WHERE id = ?"},
};

std::int64_t valueOf(const Sample& sample, Field field) {
    switch (field) {
        case Field::Label:
            return sample.label;
        case Field::Split:
            return int(sample.split);
        case Field::Excluded:
            return sample.excluded ? 1 : 0;
        case Field::Group:
            return sample.group;
    }
    return 0;
}

void setValue(Sample& sample, Field field, std::int64_t value) {
    switch (field) {
        case Field::Label:
            sample.label = value;
            break;
        case Field::Split:
            sample.split = splitFromNumber(value);
            break;
        case Field::Excluded:
            sample.excluded = value != 0;
            break;
        case Field::Group:
            sample.group = value;
            break;
    }
}

json problemsJson(const std::vector<Problem>& problems) {
    json list = json::array();
    for (const Problem& problem : problems) {
        list.push_back(
            {problemKindName(problem.kind), problem.path, problem.message, problem.sample});
    }
    return list;
}

std::vector<Problem> problemsFrom(const json& list) {
    std::vector<Problem> problems;
    for (const json& entry : list) {
        problems.push_back({problemKindFromName(entry.at(0).get<std::string>()),
                            entry.at(1).get<std::string>(), entry.at(2).get<std::string>(),
                            entry.at(3).get<SampleId>()});
    }
    return problems;
}

json classesJson(const std::vector<ClassInfo>& classes) {
    json list = json::array();
    for (const ClassInfo& info : classes) {
        list.push_back({info.id, info.name});
    }
    return list;
}

std::vector<ClassInfo> classesFrom(const json& list) {
    std::vector<ClassInfo> classes;
    for (const json& entry : list) {
        classes.push_back({entry.at(0).get<ClassId>(), entry.at(1).get<std::string>()});
    }
    return classes;
}

}  // namespace

std::int64_t Change::sampleCount() const {
    std::int64_t count = 0;
    for (const SampleChange& change : samples) {
        count += std::int64_t(change.samples.size());
    }
    return count;
}

Result<Change> changeOf(const Dataset& dataset, const std::vector<SampleId>& samples, Field field,
                        std::int64_t value) {
    std::vector<SampleId> ids = samples;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::map<std::int64_t, std::vector<SampleId>> byBefore;
    for (const SampleId id : ids) {
        const Sample* sample = dataset.findSample(id);
        if (!sample) {
            return Error{ErrorCode::InvalidArgument,
                         "There is no picture number " + std::to_string(id) + " in this project.",
                         {},
                         {}};
        }
        if (valueOf(*sample, field) != value) {
            byBefore[valueOf(*sample, field)].push_back(id);
        }
    }
    Change change;
    for (auto& [before, changed] : byBefore) {
        change.samples.push_back({field, before, value, std::move(changed)});
    }
    return change;
}

Change changeBetween(const Dataset& before, const Dataset& after) {
    Change change;
    for (const FieldName& row : kFields) {
        std::map<std::pair<std::int64_t, std::int64_t>, std::vector<SampleId>> changed;
        for (std::size_t i = 0; i < before.samples.size() && i < after.samples.size(); ++i) {
            const std::pair values{valueOf(before.samples[i], row.field),
                                   valueOf(after.samples[i], row.field)};
            if (values.first != values.second) {
                changed[values].push_back(before.samples[i].id);
            }
        }
        for (auto& [values, ids] : changed) {
            change.samples.push_back({row.field, values.first, values.second, std::move(ids)});
        }
    }
    if (before.classes != after.classes) {
        change.classes = {before.classes, after.classes};
    }
    if (before.problems != after.problems) {
        change.problems = {before.problems, after.problems};
    }
    if (before.splitFromSource != after.splitFromSource) {
        change.splitFromSource = {before.splitFromSource, after.splitFromSource};
    }
    return change;
}

void applyChange(Dataset& dataset, const Change& change, Direction direction) {
    const bool forward = direction == Direction::Forward;
    for (const SampleChange& part : change.samples) {
        for (const SampleId id : part.samples) {
            if (Sample* sample = dataset.findSample(id)) {
                setValue(*sample, part.field, forward ? part.after : part.before);
            }
        }
    }
    if (change.classes) {
        dataset.classes = forward ? change.classes->second : change.classes->first;
    }
    if (change.problems) {
        dataset.problems = forward ? change.problems->second : change.problems->first;
    }
    if (change.splitFromSource) {
        dataset.splitFromSource =
            forward ? change.splitFromSource->second : change.splitFromSource->first;
    }
}

Status storeChange(const Database& database, const Change& change, Direction direction) {
    const bool forward = direction == Direction::Forward;
    for (const SampleChange& part : change.samples) {
        Statement update = database.prepare(kFields[std::size_t(part.field)].update);
        for (const SampleId id : part.samples) {
            GRAFT_CHECK(update.bind(forward ? part.after : part.before).bind(id).run());
        }
    }
    if (change.classes) {
        GRAFT_CHECK(
            storeClasses(database, forward ? change.classes->second : change.classes->first));
    }
    if (change.problems) {
        GRAFT_CHECK(
            storeProblems(database, forward ? change.problems->second : change.problems->first));
    }
    if (change.splitFromSource) {
        const bool value = forward ? change.splitFromSource->second : change.splitFromSource->first;
        GRAFT_CHECK(storeFact(database, "split_from_source", value ? "1" : "0"));
    }
    return {};
}

std::string changeText(const Change& change) {
    json all = json::object();
    for (const SampleChange& part : change.samples) {
        all["samples"].push_back({{"field", kFields[std::size_t(part.field)].name},
                                  {"before", part.before},
                                  {"after", part.after},
                                  {"ids", part.samples}});
    }
    if (change.classes) {
        all["classes"] = {classesJson(change.classes->first), classesJson(change.classes->second)};
    }
    if (change.problems) {
        all["problems"] = {problemsJson(change.problems->first),
                           problemsJson(change.problems->second)};
    }
    if (change.splitFromSource) {
        all["split_from_source"] = {change.splitFromSource->first, change.splitFromSource->second};
    }
    // Names of files need not be valid UTF-8; a bad byte must not throw.
    return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Change> changeFromText(const std::string& text) {
    try {
        const json all = json::parse(text);
        Change change;
        for (const json& part : all.value("samples", json::array())) {
            const auto name = part.at("field").get<std::string>();
            const auto row =
                std::find_if(kFields.begin(), kFields.end(),
                             [&](const FieldName& known) { return name == known.name; });
            if (row == kFields.end()) {
                return Error{ErrorCode::BadFormat,
                             "This step cannot be undone or redone.",
                             "unknown field " + name,
                             {}};
            }
            change.samples.push_back({row->field, part.at("before").get<std::int64_t>(),
                                      part.at("after").get<std::int64_t>(),
                                      part.at("ids").get<std::vector<SampleId>>()});
        }
        if (all.contains("classes")) {
            change.classes = {classesFrom(all["classes"].at(0)), classesFrom(all["classes"].at(1))};
        }
        if (all.contains("problems")) {
            change.problems = {problemsFrom(all["problems"].at(0)),
                               problemsFrom(all["problems"].at(1))};
        }
        if (all.contains("split_from_source")) {
            change.splitFromSource = {all["split_from_source"].at(0).get<bool>(),
                                      all["split_from_source"].at(1).get<bool>()};
        }
        return change;
    } catch (const json::exception& fault) {
        return Error{ErrorCode::BadFormat,
                     "This step cannot be undone or redone: its record is "
                     "damaged. Nothing was changed.",
                     fault.what(),
                     {}};
    }
}

}  // namespace graft
