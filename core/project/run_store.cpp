#include "core/project/run_store.h"

#include "core/base/machine.h"
#include "core/project/dataset_tables.h"
#include "core/project/run_store_state.h"
#include "core/project/run_tables.h"

#include <nlohmann/json.hpp>

#include <map>

namespace graft {
namespace {

bool isOver(RunState state) {
    return state != RunState::Created && state != RunState::Running && state != RunState::Paused;
}

// A sample as it was when the run started.
struct SampleState {
    ClassId label = 0;
    Split split = Split::None;
    bool excluded = false;
};

Result<std::map<SampleId, SampleState>> loadRunSamples(const Database& database, RunId run) {
    std::map<SampleId, SampleState> states;
    Statement select = database.prepare(
        "SELECT sample, label, split, excluded FROM run_samples WHERE run = ? ORDER BY sample");
    select.bind(run);
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return states;
        }
        states.emplace_hint(
            states.end(), select.integer(0),
            SampleState{select.integer(1), splitFromNumber(select.integer(2)), select.flag(3)});
    }
}

}  // namespace

RunStore::RunStore(std::unique_ptr<State> state) : m_state(std::move(state)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

Status RunStore::setState(RunState state, const std::string& message) {
    return m_state->write([&](const Database& database) {
        return database.prepare("UPDATE runs SET state = ?, message = ?, finished = ? WHERE id = ?")
            .bind(runStateName(state))
            .bind(message)
            .bind(isOver(state) ? utcNow() : std::string())
            .bind(m_state->run)
            .run();
    });
}

Status RunStore::appendMetrics(const std::vector<MetricRow>& rows) {
    return m_state->write([&](const Database& database) -> Status {
        Statement insert = database.prepare(
            "INSERT INTO metrics (run, kind, step, epoch, train_loss, train_accuracy, "
            "learning_rate, validation_loss, validation_accuracy, validation_count, "
            "images_per_second, best) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
        for (const MetricRow& row : rows) {
            insert.bind(m_state->run).bind(int(row.kind)).bind(row.step).bind(row.epoch);
            insert.bind(row.trainLoss).bind(row.trainAccuracy).bind(row.learningRate);
            insert.bind(row.validationLoss).bind(row.validationAccuracy);
            insert.bind(row.validationCount).bind(row.imagesPerSecond);
            GRAFT_CHECK(insert.bind(row.best).run());
        }
        return {};
    });
}

Status RunStore::appendEdit(const EditRecord& edit) {
    return m_state->write([&](const Database& database) {
        return database.prepare("INSERT OR REPLACE INTO edits (run, number, edit) VALUES (?, ?, ?)")
            .bind(m_state->run)
            .bind(edit.number)
            .bind(jsonText(toJson(edit)))
            .run();
    });
}

Status RunStore::setCheckpoint(const CheckpointRecord& checkpoint) {
    return m_state->write([&](const Database& database) {
        return database
            .prepare(
                "INSERT OR REPLACE INTO checkpoints (run, kind, path, sha256, step) "
                "VALUES (?, ?, ?, ?, ?)")
            .bind(m_state->run)
            .bind(checkpoint.kind)
            .bind(checkpoint.path)
            .bind(checkpoint.sha256)
            .bind(checkpoint.step)
            .run();
    });
}

Status RunStore::setEvaluation(const Evaluation& evaluation) {
    return m_state->write([&](const Database& database) -> Status {
        GRAFT_TRY(const RunRecord record, loadRun(database, m_state->run));
        return database
            .prepare("INSERT OR REPLACE INTO evaluations (run, split, evaluation) VALUES (?, ?, ?)")
            .bind(m_state->run)
            .bind(int(evaluation.split))
            .bind(jsonText(toJson(evaluation, record.classes, true)))
            .run();
    });
}

Status RunStore::rewind(std::int64_t step, std::int64_t editCount) {
    return m_state->write([&](const Database& database) -> Status {
        GRAFT_CHECK(database.prepare("DELETE FROM metrics WHERE run = ? AND step > ?")
                        .bind(m_state->run)
                        .bind(step)
                        .run());
        return database.prepare("DELETE FROM edits WHERE run = ? AND number > ?")
            .bind(m_state->run)
            .bind(editCount)
            .run();
    });
}

Result<std::vector<MetricRow>> RunStore::metrics() const {
    std::vector<MetricRow> rows;
    Statement select = m_state->database->prepare(
        "SELECT kind, step, epoch, train_loss, train_accuracy, learning_rate, validation_loss, "
        "validation_accuracy, validation_count, images_per_second, best FROM metrics "
        "WHERE run = ? ORDER BY id");
    select.bind(m_state->run);
    while (true) {
        GRAFT_TRY(const bool found, select.next());
        if (!found) {
            return rows;
        }
        MetricRow& row = rows.emplace_back();
        row.kind = select.integer(0) == int(MetricRow::Kind::Epoch) ? MetricRow::Kind::Epoch
                                                                    : MetricRow::Kind::Step;
        row.step = select.integer(1);
        row.epoch = select.integer(2);
        row.trainLoss = select.real(3);
        row.trainAccuracy = select.real(4);
        row.learningRate = select.real(5);
        row.validationLoss = select.real(6);
        row.validationAccuracy = select.real(7);
        row.validationCount = select.integer(8);
        row.imagesPerSecond = select.real(9);
        row.best = select.flag(10);
    }
}

Result<std::vector<EditRecord>> RunStore::edits() const {
    std::vector<EditRecord> edits;
    Statement select =
        m_state->database->prepare("SELECT edit FROM edits WHERE run = ? ORDER BY number");
    select.bind(m_state->run);
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return edits;
        }
        GRAFT_TRY(EditRecord edit,
                  editFromJson(nlohmann::json::parse(select.text(0), nullptr, false)));
        edits.push_back(std::move(edit));
    }
}

Result<std::vector<CheckpointRecord>> RunStore::checkpoints() const {
    std::vector<CheckpointRecord> checkpoints;
    Statement select = m_state->database->prepare(
        "SELECT path, kind, sha256, step FROM checkpoints WHERE run = ? ORDER BY kind");
    select.bind(m_state->run);
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return checkpoints;
        }
        checkpoints.push_back({select.text(0), select.text(1), select.text(2), select.integer(3)});
    }
}

Result<std::optional<Evaluation>> RunStore::evaluation(Split split) const {
    Statement select = m_state->database->prepare(
        "SELECT evaluation FROM evaluations WHERE run = ? AND split = ?");
    GRAFT_TRY(const bool found, select.bind(m_state->run).bind(int(split)).next());
    if (!found) {
        return std::optional<Evaluation>();
    }
    GRAFT_TRY(Evaluation evaluation,
              evaluationFromJson(nlohmann::json::parse(select.text(0), nullptr, false)));
    return std::optional<Evaluation>(std::move(evaluation));
}

Result<Dataset> RunStore::dataset() const {
    Database& database = *m_state->database;
    // One view of several tables; nothing is written, so its end is a rollback.
    GRAFT_TRY(const Transaction reading, Transaction::beginReading(database));
    GRAFT_TRY(RunRecord record, loadRun(database, m_state->run));
    GRAFT_TRY(Dataset dataset, loadDataset(database));
    GRAFT_TRY(const auto states, loadRunSamples(database, m_state->run));
    std::vector<Sample> samples;
    samples.reserve(states.size());
    for (Sample& sample : dataset.samples) {
        const auto found = states.find(sample.id);
        if (found != states.end()) {
            sample.label = found->second.label;
            sample.split = found->second.split;
            sample.excluded = found->second.excluded;
            samples.push_back(std::move(sample));
        }
    }
    dataset.samples = std::move(samples);
    dataset.classes = std::move(record.classes);
    Statement select = database.prepare("SELECT sample_count FROM runs WHERE id = ?");
    GRAFT_CHECK(select.bind(m_state->run).next());
    const std::int64_t gone = select.integer(0) - std::int64_t(dataset.samples.size());
    if (gone > 0) {
        dataset.problems.push_back({ProblemKind::Unreadable,
                                    {},
                                    std::to_string(gone) + " of the pictures that " + record.name +
                                        " started with are no longer in the project.",
                                    0});
    }
    return dataset;
}

}  // namespace graft
