// The runs of a project: listing, adding, and handing out their stores.
#include "core/base/atomic_file.h"
#include "core/base/machine.h"
#include "core/project/project.h"
#include "core/project/project_state.h"
#include "core/project/run_store_state.h"
#include "core/project/run_tables.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

namespace graft {
namespace fs = std::filesystem;
namespace {

// Skips numbers whose folder is there already: a deleted project of this name may have left it,
// and its checkpoints are not ours.
Result<RunId> makeRunFolder(const Project& project, const Database& database) {
    GRAFT_TRY(const std::int64_t newest, database.integer("SELECT max(id) FROM runs"));
    RunId id = newest;
    while (true) {
        const std::string folder = project.runFolder(++id);
        if (::mkdir(folder.c_str(), 0777) == 0) {
            return id;
        }
        if (errno != EEXIST) {
            return fileError(errno, folder, "mkdir");
        }
    }
}

}  // namespace

Result<std::vector<RunRecord>> Project::runs() const {
    return loadRuns(*m_state->store.database, std::nullopt);
}

Result<RunRecord> Project::run(RunId id) const {
    return loadRun(*m_state->store.database, id);
}

Result<RunRecord> Project::addRun(const std::string& name) {
    GRAFT_CHECK(m_state->checkWritable());
    const Database& database = *m_state->store.database;
    GRAFT_TRY(const std::int64_t count, database.integer("SELECT count(*) FROM runs"));
    RunRecord record;
    GRAFT_TRY(record.id, makeRunFolder(*this, database));
    record.name = name.empty() ? "Run " + std::to_string(count + 1) : name;
    record.created = utcNow();
    record.model = m_state->model;
    record.augment = m_state->augment;
    record.options = resolvedOptions(m_state->options, !record.model.weightsPath.empty());
    record.classes = m_state->dataset.classes;
    constexpr std::uint64_t kBytesPerSample = 16;
    const Status stored =
        m_state->write([&record](const Database& writing) { return storeRun(writing, record); },
                       (1 << 16) + m_state->dataset.samples.size() * kBytesPerSample);
    if (!stored) {
        std::error_code ignored;
        fs::remove(runFolder(record.id), ignored);
        return stored.error();
    }
    return record;
}

Status Project::renameRun(RunId id, const std::string& name) {
    GRAFT_CHECK(run(id));
    if (name.empty()) {
        return Error{ErrorCode::InvalidArgument, "A run needs a name.", {}, {}};
    }
    return m_state->write([&](const Database& database) {
        return database.prepare("UPDATE runs SET name = ? WHERE id = ?").bind(name).bind(id).run();
    });
}

Status Project::removeRun(RunId id) {
    GRAFT_CHECK(run(id));
    return m_state->write([id](const Database& database) {
        return database.prepare("UPDATE runs SET hidden = 1 WHERE id = ?").bind(id).run();
    });
}

Result<RunStore> Project::runStore(RunId id) const {
    GRAFT_CHECK(run(id));
    auto state = std::make_unique<RunStore::State>();
    state->run = id;
    state->syncer = m_state->syncer;
    state->lock = m_state->store.lock;
    GRAFT_TRY(state->database, connectAgain(m_state->path, readOnly()));
    return RunStore(std::move(state));
}

}  // namespace graft
