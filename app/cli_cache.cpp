// cache: what the feature cache of a project takes on the disk, and clearing it.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_progress.h"
#include "app/cli_project.h"
#include "core/base/amounts.h"
#include "core/engine/engine.h"

namespace graft::cli {
namespace {

Result<int> showCache(const std::string& path, bool clear, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToRead(path));
    const auto job = engine::startFeatureCache(project->filesFolder(),
                                               project->trainOptions().featureDiskMb, clear);
    GRAFT_TRY(const engine::FeatureCacheState state,
              waitFor(*job, console, clear ? "Clearing" : "Looking"));
    if (console.json()) {
        nlohmann::ordered_json json;
        json["folder"] = state.folder;
        json["files"] = state.files;
        json["bytes"] = state.bytes;
        json["limit"] = state.limit;
        json["cleared_bytes"] = state.clearedBytes;
        console.printJson(json);
    } else if (clear) {
        console.line("Cleared " + bytesText(state.clearedBytes) + " of computed features.");
    } else {
        console.line("Features of frozen parts: " + bytesText(state.bytes) + " of at most " +
                     bytesText(state.limit));
        console.line(state.folder);
        console.line("They only save time. To delete them: graft-cli cache " + path + " --clear");
    }
    return kExitDone;
}

}  // namespace

void addCache(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand(
        "cache", "Show or clear the feature cache: what frozen parts made of the pictures");
    struct Arguments {
        std::string project;
        bool clear = false;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("PROJECT", arguments->project, "Project (.graft)")->required();
    command->add_flag("--clear", arguments->clear,
                      "Delete it; also while a run goes on, which then computes it again");
    addJsonFlag(*command, session);
    command->footer(
        "Examples:\n"
        "  graft-cli cache bees.graft\n"
        "  graft-cli cache bees.graft --clear\n"
        "\n"
        "JSON: folder, files, bytes, limit, cleared_bytes");
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            return showCache(arguments->project, arguments->clear, console);
        };
    });
}

}  // namespace graft::cli
