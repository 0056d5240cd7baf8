// What the commands of graft-cli share: each adds itself to the parser and leaves an action behind.
// Thread: main.
#pragma once

#include "app/cli_console.h"
#include "core/base/result.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace graft::cli {

/// The chosen command; the Result is the exit code, an Error is printed and mapped to one.
using Action = std::function<Result<int>(Console&)>;

struct Session {
    Action action;
    std::string commandLine;  ///< as typed, for records
    bool json = false;
};

void addImport(CLI::App& app, Session& session);
void addTrain(CLI::App& app, Session& session);
void addPretrain(CLI::App& app, Session& session);
void addResume(CLI::App& app, Session& session);
void addEvaluate(CLI::App& app, Session& session);
void addExport(CLI::App& app, Session& session);
void addPredict(CLI::App& app, Session& session);
void addSimilar(CLI::App& app, Session& session);
void addInfo(CLI::App& app, Session& session);
void addWeights(CLI::App& app, Session& session);
void addCache(CLI::App& app, Session& session);
void addSample(CLI::App& app, Session& session);
void addCheckPackage(CLI::App& app, Session& session);  ///< for the program itself, hidden

inline void addJsonFlag(CLI::App& command, Session& session) {
    command.add_flag("--json", session.json,
                     "JSON on the standard output, everything else on the standard error output");
}

}  // namespace graft::cli
