#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "core/data/sample_set.h"

namespace graft::cli {
namespace {

Result<int> writeSample(const std::string& folder, Console& console) {
    GRAFT_TRY(const bool written, runJob<bool>(console, "Drawing the sample pictures",
                                               [&folder](Progress&) -> Result<bool> {
                                                   GRAFT_CHECK(writeSampleSet(folder));
                                                   return true;
                                               }));
    (void)written;
    nlohmann::ordered_json json;
    json["folder"] = folder;
    json["classes"] = sampleSetClasses();
    if (console.json()) {
        console.printJson(json);
    } else {
        console.line("Pictures of " + std::to_string(sampleSetClasses().size()) +
                     " kinds of surface are in " + folder);
        console.line("Next: graft-cli import " + folder);
    }
    return kExitDone;
}

}  // namespace

void addSample(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("sample", "Write a small set of drawn pictures to try everything with");
    auto folder = std::make_shared<std::string>();
    command->add_option("FOLDER", *folder, "Folder to write to; made where it is missing")
        ->required();
    addJsonFlag(*command, session);
    command->footer(
        "Five kinds of surface (good, scratch, dent, stain, crack), 60 pictures each, drawn by "
        "the\n"
        "program: no data and no network are needed, and every machine gets the same ones.\n\n"
        "Example:\n  graft-cli sample surfaces");
    command->callback([folder, &session] {
        session.action = [folder](Console& console) { return writeSample(*folder, console); };
    });
}

}  // namespace graft::cli
