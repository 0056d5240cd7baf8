#include "core/project/run_tables.h"

#include "core/base/machine.h"

#include <nlohmann/json.hpp>

namespace graft {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
    return json::parse(text, nullptr, false);
}

// Figures that follow from the run's epochs; stored once, as rows, so that they cannot disagree.
Status addEpochFigures(const Database& database, RunRecord& record) {
    Statement last = database.prepare(
        "SELECT epoch, validation_count FROM metrics WHERE kind = 1 AND run = ? "
        "ORDER BY epoch DESC LIMIT 1");
    GRAFT_TRY(const bool any, last.bind(record.id).next());
    if (any) {
        record.epochsDone = last.integer(0);
        record.validationCount = last.integer(1);
    }
    Statement best = database.prepare(
        "SELECT epoch, validation_accuracy, validation_count FROM metrics "
        "WHERE kind = 1 AND run = ? AND best ORDER BY epoch DESC LIMIT 1");
    GRAFT_TRY(const bool found, best.bind(record.id).next());
    if (found) {
        record.bestEpoch = best.integer(0);
        record.bestAccuracy = best.integer(2) > 0 ? best.real(1) : -1;
    }
    Statement quick = database.prepare(
        "SELECT validation_accuracy, validation_count FROM metrics "
        "WHERE kind = 1 AND run = ? AND epoch = 0");
    GRAFT_TRY(const bool made, quick.bind(record.id).next());
    if (made) {
        record.quickAccuracy = quick.integer(1) > 0 ? quick.real(0) : -1;
    }
    return {};
}

std::vector<ClassInfo> classesFromText(const std::string& text) {
    std::vector<ClassInfo> classes;
    const json list = parsed(text);
    for (const json& entry : list.is_array() ? list : json::array()) {
        if (entry.is_array() && entry.size() == 2 && entry[0].is_number_integer() &&
            entry[1].is_string()) {
            classes.push_back({entry[0].get<ClassId>(), entry[1].get<std::string>()});
        }
    }
    return classes;
}

std::string classesText(const std::vector<ClassInfo>& classes) {
    json list = json::array();
    for (const ClassInfo& info : classes) {
        list.push_back({info.id, info.name});
    }
    return jsonText(list);
}

template <class S>
S storedOptions(const FieldTable<S>& table, const json& stored) {
    json accepted = json::object();
    for (const auto& row : table.rows()) {
        if (stored.is_object() && stored.contains(row.info.key)) {
            const json one{{row.info.key, stored.at(row.info.key)}};
            if (table.fromJson(one)) {
                accepted.update(one);
            }
        }
    }
    return table.fromJson(accepted).value();
}

}  // namespace

ModelSpec modelFromText(const std::string& text) {
    const Result<ModelSpec> spec = modelSpecFromJson(parsed(text));
    return spec ? *spec : ModelSpec();
}

AugmentSpec augmentFromText(const std::string& text) {
    return storedOptions(augmentFields(), parsed(text));
}

TrainOptions trainOptionsFromText(const std::string& text) {
    return storedOptions(trainFields(), parsed(text));
}

std::string jsonText(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<RunRecord>> loadRuns(const Database& database, std::optional<RunId> id) {
    Statement select = database.prepare(
        std::string("SELECT id, name, state, created, finished, message, model, augment, options, "
                    "classes FROM runs WHERE ") +
        (id ? "id = ?" : "NOT hidden ORDER BY id DESC"));
    if (id) {
        select.bind(*id);
    }
    std::vector<RunRecord> records;
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return records;
        }
        RunRecord& record = records.emplace_back();
        record.id = select.integer(0);
        record.name = select.text(1);
        record.state = runStateFromName(select.text(2));
        record.created = select.text(3);
        record.finished = select.text(4);
        record.message = select.text(5);
        record.model = modelFromText(select.text(6));
        record.augment = augmentFromText(select.text(7));
        record.options = trainOptionsFromText(select.text(8));
        record.classes = classesFromText(select.text(9));
        GRAFT_CHECK(addEpochFigures(database, record));
    }
}

Result<RunRecord> loadRun(const Database& database, RunId id) {
    GRAFT_TRY(std::vector<RunRecord> found, loadRuns(database, id));
    if (found.empty()) {
        return Error{ErrorCode::NotFound,
                     "There is no run number " + std::to_string(id) + " in this project.",
                     {},
                     {}};
    }
    return std::move(found.front());
}

Status storeRun(const Database& database, const RunRecord& record) {
    Statement insert = database.prepare(
        "INSERT INTO runs (id, name, state, created, finished, message, hidden, model, augment, "
        "options, classes, sample_count) "
        "VALUES (?, ?, ?, ?, '', '', 0, ?, ?, ?, ?, (SELECT count(*) FROM samples))");
    insert.bind(record.id).bind(record.name).bind(runStateName(record.state));
    insert.bind(record.created).bind(jsonText(toJson(record.model)));
    insert.bind(jsonText(augmentFields().toJson(record.augment)));
    insert.bind(jsonText(trainFields().toJson(record.options)));
    GRAFT_CHECK(insert.bind(classesText(record.classes)).run());
    return database
        .prepare(
            "INSERT INTO run_samples (run, sample, label, split, excluded) "
            "SELECT ?, id, label, split, excluded FROM samples ORDER BY id")
        .bind(record.id)
        .run();
}

Status interruptRuns(const Database& database) {
    return database
        .prepare("UPDATE runs SET state = ?, message = ?, finished = ? WHERE state IN (?, ?)")
        .bind(runStateName(RunState::Interrupted))
        .bind("The program ended while this run was under way.")
        .bind(utcNow())
        .bind(runStateName(RunState::Running))
        .bind(runStateName(RunState::Paused))
        .run();
}

}  // namespace graft
