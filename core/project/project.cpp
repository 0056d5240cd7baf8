// Opening, options and notes. Edits of the data are in project_edits.cpp, runs in project_runs.cpp.
#include "core/project/project.h"

#include "core/project/dataset_tables.h"
#include "core/project/project_state.h"
#include "core/project/run_tables.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <system_error>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr const char* kModelKey = "model";
constexpr const char* kWeightsKey = "weights";
constexpr const char* kAugmentKey = "augment";
constexpr const char* kOptionsKey = "train_options";

Result<std::map<std::string, std::string>> loadNotes(const Database& database) {
    std::map<std::string, std::string> notes;
    Statement select = database.prepare("SELECT key, value FROM notes");
    while (true) {
        GRAFT_TRY(const bool row, select.next());
        if (!row) {
            return notes;
        }
        notes[select.text(0)] = select.text(1);
    }
}

// The file never holds what this version would not accept.
template <class S>
Status checkOptions(const FieldTable<S>& table, const S& options) {
    for (const auto& row : table.rows()) {
        GRAFT_CHECK(checkField(row.info, row.get(options)));
    }
    return {};
}

bool fileExists(const std::string& path) {
    std::error_code ignored;
    return !path.empty() && fs::exists(path, ignored);
}

}  // namespace

Project::Project() : m_state(std::make_unique<State>()) {}
Project::~Project() = default;

Result<std::unique_ptr<Project>> Project::create(const std::string& path) {
    const std::string absolute = absoluteProjectPath(path);
    std::unique_ptr<Project> project(new Project);
    project->m_state->path = absolute;
    GRAFT_TRY(project->m_state->store, createStore(absolute));
    project->m_state->syncer = std::make_shared<LogSyncer>(absolute);
    return project;
}

Result<std::unique_ptr<Project>> Project::open(const std::string& path, Mode mode) {
    const std::string absolute = absoluteProjectPath(path);
    std::unique_ptr<Project> project(new Project);
    State& state = *project->m_state;
    state.path = absolute;
    GRAFT_TRY(state.store, openStore(absolute, mode == Mode::ReadOnly));
    if (mode == Mode::ReadWrite) {
        state.syncer = std::make_shared<LogSyncer>(absolute);
        GRAFT_TRY(const std::int64_t unfinished,
                  state.store.database->integer(
                      "SELECT count(*) FROM runs WHERE state IN ('running', 'paused')"));
        if (unfinished > 0) {
            GRAFT_CHECK(
                state.write([](const Database& database) { return interruptRuns(database); }));
        }
    }
    GRAFT_CHECK(state.load());
    return project;
}

Status Project::State::load() {
    Database& database = *store.database;
    const auto wrapped = [&]() -> Status {
        // One view: the owner may be writing while this opens for reading.
        GRAFT_TRY(const Transaction reading, Transaction::beginReading(database));
        GRAFT_TRY(dataset, loadDataset(database));
        GRAFT_TRY(journal, Journal::load(database));
        GRAFT_TRY(notes, loadNotes(database));
        GRAFT_TRY(const std::string modelText, loadFact(database, kModelKey));
        GRAFT_TRY(const std::string weights, loadPath(database, kWeightsKey));
        GRAFT_TRY(const std::string augmentText, loadFact(database, kAugmentKey));
        GRAFT_TRY(const std::string optionsText, loadFact(database, kOptionsKey));
        model = modelFromText(modelText);
        if (fileExists(weights)) {
            model.weightsPath = weights;  // they moved together with the project
        }
        augment = augmentFromText(augmentText);
        options = trainOptionsFromText(optionsText);
        return checkDataset(dataset);
    };
    Status loaded = wrapped();
    if (!loaded && loaded.error().code == ErrorCode::InvalidArgument) {
        return Error{ErrorCode::BadFormat,
                     path + " is damaged and cannot be used. It was left as it is.",
                     loaded.error().message,
                     "Take a copy from a backup, or import the pictures into a new project."};
    }
    return loaded;
}

Status Project::State::checkWritable() const {
    if (store.readOnly()) {
        return Error{ErrorCode::PermissionDenied,
                     path + " is open for reading only, so it cannot be changed.",
                     {},
                     "Close it where it is open for changes, then open it again."};
    }
    return {};
}

const std::string& Project::path() const {
    return m_state->path;
}

std::string Project::name() const {
    const fs::path file = fs::path(m_state->path).filename();
    return file.extension() == ".graft" ? file.stem().string() : file.string();
}

std::string Project::filesFolder() const {
    const std::string folder = filesFolderOf(m_state->path);
    if (!readOnly()) {
        std::error_code ignored;  // whoever writes there next reports it by name
        fs::create_directory(folder, ignored);
    }
    return folder;
}

std::string Project::runFolder(RunId run) const {
    return filesFolder() + "/run-" + std::to_string(run);
}

bool Project::readOnly() const {
    return m_state->store.readOnly();
}

const Dataset& Project::dataset() const {
    return m_state->dataset;
}

const ModelSpec& Project::model() const {
    return m_state->model;
}

Status Project::setModel(const ModelSpec& spec) {
    const auto work = [&spec](const Database& database) -> Status {
        GRAFT_CHECK(storeFact(database, kModelKey, jsonText(toJson(spec))));
        return storePath(database, kWeightsKey, spec.weightsPath);
    };
    GRAFT_CHECK(m_state->write(work));
    m_state->model = spec;
    return {};
}

const AugmentSpec& Project::augment() const {
    return m_state->augment;
}

Status Project::setAugment(const AugmentSpec& spec) {
    GRAFT_CHECK(checkOptions(augmentFields(), spec));
    GRAFT_CHECK(m_state->write([&spec](const Database& database) {
        return storeFact(database, kAugmentKey, jsonText(augmentFields().toJson(spec)));
    }));
    m_state->augment = spec;
    return {};
}

const TrainOptions& Project::trainOptions() const {
    return m_state->options;
}

Status Project::setTrainOptions(const TrainOptions& options) {
    GRAFT_CHECK(checkOptions(trainFields(), options));
    GRAFT_CHECK(m_state->write([&options](const Database& database) {
        return storeFact(database, kOptionsKey, jsonText(trainFields().toJson(options)));
    }));
    m_state->options = options;
    return {};
}

std::string Project::note(const std::string& key) const {
    const auto found = m_state->notes.find(key);
    return found == m_state->notes.end() ? std::string() : found->second;
}

Status Project::setNote(const std::string& key, const std::string& value) {
    GRAFT_CHECK(m_state->write([&](const Database& database) {
        return database.prepare("INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)")
            .bind(key)
            .bind(value)
            .run();
    }));
    m_state->notes[key] = value;
    return {};
}

}  // namespace graft
