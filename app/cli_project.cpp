#include "app/cli_project.h"

#include "core/engine/engine.h"

#include <filesystem>

namespace graft::cli {

Result<std::unique_ptr<Project>> openToChange(const std::string& path) {
    return Project::open(path, Project::Mode::ReadWrite);
}

Result<std::unique_ptr<Project>> openToUse(const std::string& path) {
    auto project = Project::open(path, Project::Mode::ReadWrite);
    if (!project && (project.error().code == ErrorCode::Busy ||
                     project.error().code == ErrorCode::PermissionDenied)) {
        return Project::open(path, Project::Mode::ReadOnly);
    }
    return project;
}

Result<std::unique_ptr<Project>> openToRead(const std::string& path) {
    return Project::open(path, Project::Mode::ReadOnly);
}

Result<RunRecord> chooseRun(const Project& project, RunId number, RunWish wish) {
    if (number != 0) {
        return project.run(number);
    }
    GRAFT_TRY(const std::vector<RunRecord> runs, project.runs());
    const std::string name = std::filesystem::path(project.path()).filename().string();
    if (runs.empty()) {
        return Error{ErrorCode::NotFound,
                     name + " has no run yet.",
                     {},
                     "Train first: graft-cli train " + project.path()};
    }
    for (const RunRecord& run : runs) {
        const bool fits = wish == RunWish::Trained ? engine::runCheckpoint(project, run.id).ok()
                                                   : run.state != RunState::Finished;
        if (fits) {
            return run;
        }
    }
    if (wish == RunWish::Trained) {
        return Error{ErrorCode::NotFound,
                     "No run of " + name + " has a trained model yet.",
                     {},
                     "Let one train for at least one round: graft-cli resume " + project.path()};
    }
    return Error{ErrorCode::NotFound,
                 "Every run of " + name + " is finished.",
                 {},
                 "Start another: graft-cli train " + project.path()};
}

}  // namespace graft::cli
