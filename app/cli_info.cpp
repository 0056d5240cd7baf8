// info: facts about a project, a weight file, or this program and machine.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_progress.h"
#include "app/cli_project.h"
#include "app/cli_table.h"
#include "app/cli_weight_report.h"
#include "core/base/amounts.h"
#include "core/base/machine.h"
#include "core/engine/engine.h"

#include <array>
#include <filesystem>
#include <fstream>

namespace graft::cli {
namespace {

using Json = nlohmann::ordered_json;

// --- program and machine -------------------------------------------------------------------------

Result<int> machineInfo(Console& console) {
    if (console.json()) {
        Json json;
        json["version"] = GRAFT_VERSION;
        json["device"] = engine::deviceText();
        json["cores"] = hardwareThreads();
        json["memory_available"] = availableMemory();
        json["backbones"] = Json::array();
        for (const BackboneInfo& info : backboneCatalog()) {
            json["backbones"].push_back({{"id", info.id},
                                         {"title", info.title},
                                         {"parameters", info.parameters},
                                         {"image_size", info.defaultImageSize}});
        }
        console.printJson(json);
        return kExitDone;
    }
    console.line("Graft " GRAFT_VERSION);
    console.line(engine::deviceText());
    console.line(countText(hardwareThreads(), "core", "cores") + ", " +
                 bytesText(availableMemory()) + " of memory available");
    console.line();
    console.line("Networks (cost: work per picture, squeezenet1_1 = 1)");
    std::vector<TableRow> rows{{"name", "parameters", "image", "cost", ""}};
    for (const BackboneInfo& info : backboneCatalog()) {
        rows.push_back({info.id, decimalText(double(info.parameters) / 1e6, 2) + " M",
                        std::to_string(info.defaultImageSize) + " px",
                        decimalText(info.relativeCost, 1), info.summary});
    }
    console.text(textTable(rows, "lrrrl"));
    return kExitDone;
}

// --- project -------------------------------------------------------------------------------------

Json runsJson(const std::vector<RunRecord>& runs) {
    Json list = Json::array();
    for (const RunRecord& run : runs) {
        Json json;
        json["run"] = run.id;
        json["name"] = run.name;
        json["state"] = runStateName(run.state);
        json["created"] = run.created;
        json["backbone"] = run.model.backbone;
        json["epochs_done"] = run.epochsDone;
        json["epochs"] = run.options.epochs;
        json["best_epoch"] = run.bestEpoch;
        json["best_accuracy"] = run.bestAccuracy < 0 ? Json() : Json(run.bestAccuracy);
        json["quick_accuracy"] = run.quickAccuracy < 0 ? Json() : Json(run.quickAccuracy);
        json["message"] = run.message;
        list.push_back(std::move(json));
    }
    return list;
}

Json projectJson(const Project& project, const std::vector<RunRecord>& runs) {
    const Dataset& data = project.dataset();
    Json json;
    json["project"] = project.path();
    json["source"] = data.source;
    json["format"] = data.format;
    json["count"] = data.samples.size();
    json["classes"] = Json::array();
    for (const ClassInfo& info : data.classes) {
        json["classes"].push_back(info.name);
    }
    json["splits"] = Json::object();
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
        json["splits"][splitName(split)] = data.countInSplit(split);
    }
    json["problems"] = data.problems.size();
    json["model"] = toJson(project.model());
    json["augment"] = augmentFields().toJson(project.augment());
    json["options"] = trainFields().toJson(project.trainOptions());
    json["runs"] = runsJson(runs);
    return json;
}

void reportRuns(const std::vector<RunRecord>& runs, Console& console) {
    if (runs.empty()) {
        console.line("No runs yet.");
        return;
    }
    std::vector<TableRow> rows{{"run", "name", "state", "network", "epochs", "best"}};
    for (const RunRecord& run : runs) {
        rows.push_back({std::to_string(run.id), run.name, runStateName(run.state),
                        run.model.backbone,
                        std::to_string(run.epochsDone) + "/" + std::to_string(run.options.epochs),
                        run.bestAccuracy < 0 ? "-"
                                             : percentText(run.bestAccuracy) +
                                                   (run.bestIsQuick() ? " (quick model)" : "")});
    }
    console.text(textTable(rows, "rlllrr"));
}

void reportProject(const Project& project, const std::vector<RunRecord>& runs, Console& console) {
    const Dataset& data = project.dataset();
    console.line(project.path());
    console.line("Pictures: " + std::to_string(data.samples.size()) + " in " +
                 countText(std::int64_t(data.classes.size()), "class", "classes") + " from " +
                 data.source);
    console.line("Split:    " + std::to_string(data.countInSplit(Split::Train)) + " train, " +
                 std::to_string(data.countInSplit(Split::Validation)) + " validation, " +
                 std::to_string(data.countInSplit(Split::Test)) + " test");
    if (!data.problems.empty()) {
        console.line("Problems: " + std::to_string(data.problems.size()));
    }
    const ModelSpec& model = project.model();
    std::string frozen;
    for (const std::string& path : model.frozen) {
        frozen += (frozen.empty() ? ", frozen: " : ", ") + path;
    }
    console.line("Network:  " + model.backbone +
                 (model.weightsPath.empty() ? ", from scratch" : ", weights " + model.weightsPath) +
                 frozen);
    console.line();
    reportRuns(runs, console);
}

Result<int> projectInfo(const std::string& path, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToRead(path));
    GRAFT_TRY(const std::vector<RunRecord> runs, project->runs());
    if (console.json()) {
        console.printJson(projectJson(*project, runs));
    } else {
        reportProject(*project, runs, console);
    }
    return kExitDone;
}

// A weight file by its first bytes: a zip archive, a pickle, or the length of a header that begins
// with '{'.
bool looksLikeWeights(const std::string& path) {
    if (std::filesystem::path(path).extension() == ".safetensors") {
        return true;
    }
    std::ifstream file(path, std::ios::binary);
    std::array<char, 9> start{};
    if (!file.read(start.data(), start.size())) {
        return false;
    }
    const bool torch = (start[0] == 'P' && start[1] == 'K') || start[0] == '\x80';
    return torch || (start[8] == '{' && start[7] == 0 && start[6] == 0);
}

}  // namespace

void addInfo(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("info", "Tell about a project, a weight file, or this machine");
    struct Arguments {
        std::string file;
        std::string backbone;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("FILE", arguments->file,
                        "Project (.graft) or weights (.safetensors, .pth, .pt); none: program and "
                        "machine");
    command->add_option("--backbone", arguments->backbone,
                        "Weights: the network to compare with; default: the one the file names");
    addJsonFlag(*command, session);
    command->footer(
        "Examples:\n"
        "  graft-cli info\n"
        "  graft-cli info bees.graft\n"
        "  graft-cli info resnet18.safetensors --backbone resnet18");
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            if (arguments->file.empty()) {
                return machineInfo(console);
            }
            return looksLikeWeights(arguments->file)
                       ? reportWeightFile(arguments->file, arguments->backbone, console)
                       : projectInfo(arguments->file, console);
        };
    });
}

}  // namespace graft::cli
