// cache: what the feature cache of a project takes on the disk, and clearing it.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_progress.h"
#include "app/cli_project.h"
#include "core/engine/engine.h"

namespace graft::cli {
namespace {

Result<int> showCache(const std::string& path, bool clear, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToRead(path));
    const engine::FeatureCacheState before = engine::featureCache(*project);
    if (clear) {
        GRAFT_CHECK(engine::clearFeatureCache(*project));
    }
    if (console.json()) {
        nlohmann::ordered_json json;
        json["folder"] = before.folder;
        json["files"] = clear ? 0 : before.files;
        json["bytes"] = clear ? 0 : before.bytes;
        json["limit"] = before.limit;
        json["cleared_bytes"] = clear ? before.bytes : 0;
        console.printJson(json);
    } else if (clear) {
        console.line("Cleared " + bytesText(before.bytes) + " of computed features.");
    } else {
        console.line("Features of frozen parts: " + bytesText(before.bytes) + " of at most " +
                     bytesText(before.limit));
        console.line(before.folder);
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
