// export: a run as a package folder, checked in a process of its own.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_model_choice.h"
#include "app/cli_project.h"
#include "core/base/amounts.h"
#include "core/engine/engine.h"

namespace graft::cli {
namespace {

struct ExportFlags {
    std::string project;
    RunId run = 0;
    std::string folder;
    std::string model;
};

void report(const ExportReport& done, Console& console) {
    const ParityReport& parity = done.parity;
    console.line("Model package: " + done.folder + " (model.pt " + bytesText(done.bytes) + ")");
    if (parity.count == 0) {
        console.line("There were no pictures to check the file with.");
        return;
    }
    char difference[32];
    std::snprintf(difference, sizeof difference, "%.1e", parity.maxDifference);
    console.line("Loaded again and compared: the same answer on " + std::to_string(parity.agree) +
                 " of " + countText(parity.count, "picture", "pictures") +
                 ", largest difference of a probability " + difference + ", " +
                 decimalText(parity.msPerPicture, 1) + " ms per picture");
}

nlohmann::ordered_json reportJson(const ExportReport& done, const RunRecord& run) {
    nlohmann::ordered_json json;
    json["run"] = run.id;
    json["folder"] = done.folder;
    json["bytes"] = done.bytes;
    json["parity"] = {{"count", done.parity.count},
                      {"agree", done.parity.agree},
                      {"max_difference", done.parity.maxDifference},
                      {"ms_per_picture", done.parity.msPerPicture},
                      {"passed", done.parity.passed}};
    return json;
}

Result<int> runExport(const ExportFlags& flags, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToUse(flags.project));
    GRAFT_TRY(const RunRecord run, chooseRun(*project, flags.run, RunWish::Trained));
    GRAFT_TRY(const auto job, engine::startExport(*project, run.id, flags.folder,
                                                     modelChoice(flags.model)));
    GRAFT_TRY(const ExportReport done, waitFor(*job, console, "Exporting"));
    if (console.json()) {
        console.printJson(reportJson(done, run));
    } else {
        report(done, console);
    }
    if (done.parity.count > 0 && !done.parity.passed) {
        return Error{ErrorCode::Mismatch,
                     "The exported file does not give the same answers as the trained model.",
                     {},
                     "Do not use it; please report this."};
    }
    return kExitDone;
}

}  // namespace

void addExport(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("export", "Write a run's model as a package folder");
    auto flags = std::make_shared<ExportFlags>();
    command->add_option("PROJECT", flags->project, "Project file (.graft)")->required();
    command->add_option("--to", flags->folder, "Folder to write; must be new or empty")->required();
    command->add_option("--run", flags->run, "Number of the run; default: the newest with a model");
    addModelFlag(*command, flags->model);
    addJsonFlag(*command, session);
    command->footer(
        "The folder holds model.pt (TorchScript; takes decoded RGB pictures of any size),\n"
        "labels.txt, config.json, preprocessor_config.json, README.md (model card), metrics.json\n"
        "and parity.json. The file is loaded again by another process and compared with the\n"
        "trained model before this command ends.\n\n"
        "Example:\n  graft-cli export bees.graft --to bees-model\n\n"
        "JSON: run, folder, bytes, parity{count, agree, max_difference, ms_per_picture, passed}");
    command->callback([flags, &session] {
        session.action = [flags](Console& console) { return runExport(*flags, console); };
    });
}

}  // namespace graft::cli
