// Opening projects and choosing a run on the command line. Thread: main.
#pragma once

#include "core/project/project.h"

#include <memory>
#include <string>

namespace graft::cli {

/// For writing.
Result<std::unique_ptr<Project>> openToChange(const std::string& path);
/// For writing where possible (the result of an evaluation is kept then), else for reading.
Result<std::unique_ptr<Project>> openToUse(const std::string& path);
Result<std::unique_ptr<Project>> openToRead(const std::string& path);

enum class RunWish {
    Trained,     ///< has a model that can be used
    Unfinished,  ///< can be gone on with
};

/// The run with number `number`; 0 picks the newest that fits the wish.
Result<RunRecord> chooseRun(const Project& project, RunId number, RunWish wish);

}  // namespace graft::cli
