#include "core/project/migrations.h"

#include <array>

namespace graft {
namespace {

// A step that was released once is never changed; a new one is added below it.
//
// Version 1. `facts` holds what there is one of; `notes` the small facts of the window. Figures
// that may be NaN (losses) are REAL without NOT NULL, since SQLite stores NaN as NULL.
constexpr MigrationStep kVersion1 = R"sql(
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE classes (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    name TEXT NOT NULL);
CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    picture INTEGER NOT NULL,
    label INTEGER NOT NULL,
    split INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    group_id INTEGER NOT NULL);
CREATE TABLE problems (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    message TEXT NOT NULL,
    sample INTEGER NOT NULL);
CREATE TABLE undo_steps (
    number INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    change TEXT NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    finished TEXT NOT NULL,
    message TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    model TEXT NOT NULL,
    augment TEXT NOT NULL,
    options TEXT NOT NULL,
    classes TEXT NOT NULL,
    sample_count INTEGER NOT NULL);
CREATE TABLE run_samples (
    run INTEGER NOT NULL,
    sample INTEGER NOT NULL,
    label INTEGER NOT NULL,
    split INTEGER NOT NULL,
    excluded INTEGER NOT NULL,
    PRIMARY KEY (run, sample)) WITHOUT ROWID;
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    train_loss REAL,
    train_accuracy REAL,
    learning_rate REAL,
    validation_loss REAL,
    validation_accuracy REAL,
    validation_count INTEGER NOT NULL,
    images_per_second REAL,
    best INTEGER NOT NULL);
CREATE INDEX metrics_of_run ON metrics (run, step);
CREATE INDEX epochs_of_run ON metrics (run, epoch) WHERE kind = 1;
CREATE TABLE edits (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    edit TEXT NOT NULL,
    PRIMARY KEY (run, number)) WITHOUT ROWID;
CREATE TABLE checkpoints (
    run INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (run, kind)) WITHOUT ROWID;
CREATE TABLE evaluations (
    run INTEGER NOT NULL,
    split INTEGER NOT NULL,
    evaluation TEXT NOT NULL,
    PRIMARY KEY (run, split));
)sql";

constexpr std::array kSteps{kVersion1};

}  // namespace

std::span<const MigrationStep> migrationSteps() {
    return kSteps;
}

Status migrate(Database& database, std::span<const MigrationStep> steps) {
    GRAFT_TRY(const std::int64_t version, database.integer("PRAGMA user_version"));
    if (version >= std::int64_t(steps.size())) {
        return {};
    }
    GRAFT_TRY(Transaction transaction, Transaction::begin(database));
    for (std::size_t step = std::size_t(version); step < steps.size(); ++step) {
        GRAFT_CHECK(database.execute(steps[step]));
    }
    GRAFT_CHECK(database.execute("PRAGMA user_version=" + std::to_string(steps.size())));
    return transaction.commit();
}

}  // namespace graft
