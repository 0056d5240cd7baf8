// info: facts about a project, a weight file, or this program and machine.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_progress.h"
#include "app/cli_project.h"
#include "app/cli_table.h"
#include "app/cli_train_flags.h"
#include "core/base/machine.h"
#include "core/engine/engine.h"
#include "core/nn/weights/weight_file.h"

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

// --- weights -------------------------------------------------------------------------------------

void reportWeights(const std::string& backbone, const WeightReport& report, Console& console) {
    console.line(backbone + ": " + report.sentence);
    const auto list = [&console](const char* title, const std::vector<std::string>& names) {
        constexpr std::size_t kShown = 10;
        if (names.empty()) {
            return;
        }
        console.line(std::string(title) + " (" + std::to_string(names.size()) + "):");
        for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) {
            console.line("  " + names[i]);
        }
        if (names.size() > kShown) {
            console.line("  ...");
        }
    };
    list("In the network but not in the file", report.missing);
    list("In the file but not in the network", report.unexpected);
    list("Of another shape", report.mismatched);
    console.line("Padding:  " + report.padding);
    console.line("Input:    " + std::to_string(report.preprocess.inputSize) + " px");
    console.line("SHA-256:  " + report.sha256);
}

Json weightJson(const std::string& backbone, const WeightReport& report) {
    Json json;
    json["backbone"] = backbone;
    json["usable"] = report.usable;
    json["sentence"] = report.sentence;
    json["matched"] = report.matched;
    json["missing"] = report.missing;
    json["unexpected"] = report.unexpected;
    json["mismatched"] = report.mismatched;
    json["padding"] = report.padding;
    json["license"] = report.license;
    json["sha256"] = report.sha256;
    json["mean"] = report.preprocess.mean;
    json["std"] = report.preprocess.std;
    json["input_size"] = report.preprocess.inputSize;
    json["metadata"] = report.metadata;
    return json;
}

Result<int> weightInfo(const std::string& path, std::string backbone, Console& console) {
    if (backbone.empty()) {
        GRAFT_TRY(backbone, backboneOfWeights(path));
    }
    if (backbone.empty()) {
        GRAFT_TRY(const WeightFile file, WeightFile::open(path));
        return Error{ErrorCode::InvalidArgument,
                     "The file holds " + std::to_string(file.tensors().size()) +
                         " tensors and does not say for which network.",
                     {},
                     "Name one to compare it with: --backbone resnet18, say."};
    }
    GRAFT_TRY(const WeightReport report, checkWeights(path, backbone));
    if (console.json()) {
        console.printJson(weightJson(backbone, report));
        return report.usable ? kExitDone : kExitBadInput;
    }
    reportWeights(backbone, report, console);
    if (!report.metadata.empty()) {
        console.line();
        std::vector<TableRow> rows;
        for (const auto& [key, value] : report.metadata) {
            rows.push_back({"  " + key, value});
        }
        console.line("Metadata");
        console.text(textTable(rows, "ll"));
    }
    return report.usable ? kExitDone : kExitBadInput;
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
                        run.bestAccuracy < 0 ? "-" : percentText(run.bestAccuracy)});
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
                       ? weightInfo(arguments->file, arguments->backbone, console)
                       : projectInfo(arguments->file, console);
        };
    });
}

}  // namespace graft::cli
