// weights: what pretrained weights are published, bringing one here, looking at one.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_table.h"
#include "app/cli_weight_choice.h"
#include "app/cli_weight_report.h"
#include "core/base/amounts.h"
#include "core/engine/engine.h"

#include <filesystem>
#include <set>

namespace graft::cli {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string inputText(const WeightEntry& entry) {
    return std::to_string(entry.preprocess.inputSize) + " px";
}

std::string millions(std::int64_t parameters) {
    return decimalText(double(parameters) / 1e6, 1) + " M";
}

// --- list ----------------------------------------------------------------------------------------

// For networks that Graft can build; all of them, or those of one.
Result<std::vector<WeightEntry>> listed(const std::string& backbone) {
    GRAFT_TRY(const WeightCatalogue catalogue, WeightCatalogue::open());
    if (!backbone.empty()) {
        GRAFT_TRY(const BackboneInfo info, findBackbone(backbone));
        return catalogue.forBackbone(info.id);
    }
    std::set<std::string> known;
    for (const BackboneInfo& info : backboneCatalog()) {
        known.insert(info.id);
    }
    std::vector<WeightEntry> entries;
    for (const WeightEntry& entry : catalogue.entries()) {
        if (known.count(entry.backbone)) {
            entries.push_back(entry);
        }
    }
    return entries;
}

Json entryJson(const WeightEntry& entry) {
    const auto file = findByName(entry);
    Json json;
    json["id"] = entry.id;
    json["backbone"] = entry.backbone;
    json["title"] = entry.title;
    json["default"] = entry.isDefault;
    json["file"] = file ? Json(file->string()) : Json();
    json["url"] = entry.bundled ? Json() : Json(entry.url);
    json["bundled"] = entry.bundled;
    json["sha256_prefix"] = entry.sha256;
    json["bytes"] = entry.bytes;
    json["parameters"] = entry.parameters;
    json["top1"] = entry.top1;
    json["top5"] = entry.top5;
    json["input_size"] = entry.preprocess.inputSize;
    json["resize"] = entry.preprocess.resizeSize;
    json["interpolation"] = entry.interpolation;
    json["mean"] = entry.preprocess.mean;
    json["std"] = entry.preprocess.std;
    json["container"] = entry.container;
    json["license"] = entry.license;
    json["data"] = entry.data;
    json["data_terms"] = entry.dataTerms;
    return json;
}

std::string markdownTable(const std::vector<WeightEntry>& entries) {
    std::string text =
        "| weights | network | parameters | file | input | top-1 | top-5 | licence | trained on |\n"
        "|---|---|---:|---:|---:|---:|---:|---|---|\n";
    for (const WeightEntry& entry : entries) {
        text += "| `" + entry.id + "`" + (entry.isDefault ? " *" : "") + " | " + entry.title +
                " | " + millions(entry.parameters) + " | " + bytesText(entry.bytes) + " | " +
                inputText(entry) + " | " + decimalText(entry.top1, 1) + " % | " +
                decimalText(entry.top5, 1) + " % | " + entry.license + " | " + entry.data + " |\n";
    }
    return text;
}

Result<int> listWeights(const std::string& backbone, bool markdown, Console& console) {
    GRAFT_TRY(const std::vector<WeightEntry> entries, listed(backbone));
    if (console.json()) {
        Json list = Json::array();
        for (const WeightEntry& entry : entries) {
            list.push_back(entryJson(entry));
        }
        console.printJson(list);
        return kExitDone;
    }
    if (markdown) {
        console.text(markdownTable(entries));
        return kExitDone;
    }
    if (entries.empty()) {
        console.line("There are no published weights for " + backbone + ".");
        return kExitDone;
    }
    std::vector<TableRow> rows{
        {"name", "parameters", "file", "input", "top-1", "licence", "trained on", ""}};
    for (const WeightEntry& entry : entries) {
        rows.push_back({entry.id + (entry.isDefault ? " *" : ""), millions(entry.parameters),
                        bytesText(entry.bytes), inputText(entry), decimalText(entry.top1, 1) + " %",
                        entry.license, entry.data, findByName(entry) ? "here" : ""});
    }
    console.text(textTable(rows, "lrrrrlll"));
    console.line();
    console.line("* the ones to prefer for a network; its name alone stands for them.");
    return kExitDone;
}

// --- get -----------------------------------------------------------------------------------------

struct GetArguments {
    std::string name;
    std::string folder;
    bool yes = false;
};

void describe(const WeightEntry& entry, const fs::path& folder, Console& console) {
    console.text(textTable({{"Weights:", entry.id + ", " + entry.title},
                            {"Size:", bytesText(entry.bytes)},
                            {"From:", entry.url},
                            {"To:", (folder / entry.fileName()).string()},
                            {"Licence:", entry.license},
                            {"Data:", entry.dataTerms}},
                           "ll"));
}

Result<int> reportFile(const WeightEntry& entry, const fs::path& file, bool downloaded,
                       const std::string& useAs, Console& console) {
    if (console.json()) {
        Json json;
        json["id"] = entry.id;
        json["file"] = file.string();
        json["downloaded"] = downloaded;
        json["license"] = entry.license;
        console.printJson(json);
    } else {
        console.line((downloaded ? "Checked and in place: " : "Already here: ") + file.string());
        console.line("Next: graft-cli train PROJECT --weights " + useAs);
    }
    return kExitDone;
}

Result<int> getWeights(const GetArguments& arguments, Console& console) {
    GRAFT_TRY(const WeightEntry entry, publishedWeights(arguments.name));
    if (arguments.folder.empty()) {
        if (const auto file = findInHubCache(entry)) {
            return reportFile(entry, *file, false, entry.id, console);
        }
    }
    if (entry.bundled && arguments.folder.empty()) {
        const auto job = engine::startWeightDownload(entry);  // says what is wrong
        GRAFT_CHECK(waitFor(*job, console, "Looking"));
    }
    std::error_code failed;
    GRAFT_TRY(const fs::path folder,
              arguments.folder.empty() ? ownWeightsFolder()
                                       : Result<fs::path>(fs::absolute(arguments.folder, failed)));
    describe(entry, folder, console);
    if (!arguments.yes && !console.confirm("Download " + bytesText(entry.bytes) + "?")) {
        return Error{ErrorCode::Cancelled,
                     "Nothing was downloaded: it was not confirmed.",
                     {},
                     "Where nobody can be asked, --yes confirms."};
    }
    const auto job = engine::startWeightDownload(entry, folder.string());
    GRAFT_TRY(const std::string file, waitFor(*job, console, "Downloading"));
    return reportFile(entry, file, true, arguments.folder.empty() ? entry.id : file, console);
}

// --- commands ------------------------------------------------------------------------------------

void addList(CLI::App& weights, Session& session) {
    CLI::App* command = weights.add_subcommand("list", "What is published, and what of it is here");
    struct Arguments {
        std::string backbone;
        bool markdown = false;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("--backbone", arguments->backbone, "Only those for this network")
        ->type_name("NAME");
    command->add_flag("--markdown", arguments->markdown, "As a table for a document");
    addJsonFlag(*command, session);
    command->footer(
        "Uses no network. Accuracy is that on the pictures of the data they were trained for, "
        "with\n"
        "all of its classes.\n\n"
        "Example:\n  graft-cli weights list --backbone resnet50");
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            return listWeights(arguments->backbone, arguments->markdown, console);
        };
    });
}

void addGet(CLI::App& weights, Session& session) {
    CLI::App* command = weights.add_subcommand("get", "Download published weights, once");
    auto arguments = std::make_shared<GetArguments>();
    command->add_option("NAME", arguments->name, "Name from the list, or a network")->required();
    command->add_option("--to", arguments->folder,
                        "Folder; default: Graft's own, where train finds them by name");
    command->add_flag("--yes", arguments->yes, "Do not ask");
    addJsonFlag(*command, session);
    command->footer(
        "Shows size, address and licence, and asks first. What torch.hub has downloaded before is\n"
        "used as it is. The file gets its name only when its SHA-256 is right. Ctrl+C keeps what "
        "has\n"
        "come; the same command goes on from there. A proxy is taken from https_proxy.\n\n"
        "Example:\n  graft-cli weights get mobilenet_v2\n\n"
        "With --json: id, file, downloaded (false: it was here already), license.");
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) { return getWeights(*arguments, console); };
    });
}

void addCheck(CLI::App& weights, Session& session) {
    CLI::App* command = weights.add_subcommand("check", "Compare a file of weights with a network");
    struct Arguments {
        std::string file;
        std::string backbone;
    };
    auto arguments = std::make_shared<Arguments>();
    command->add_option("FILE", arguments->file, "File of weights")->required();
    command
        ->add_option("--backbone", arguments->backbone,
                     "The network; default: the one that the file is for, if it can be told")
        ->type_name("NAME");
    addJsonFlag(*command, session);
    command->footer(
        "Exit code 2 when they do not fit. The file is read as data; nothing in it can run.\n\n"
        "Example:\n  graft-cli weights check resnet18.safetensors --backbone resnet18");
    command->callback([arguments, &session] {
        session.action = [arguments](Console& console) {
            return reportWeightFile(arguments->file, arguments->backbone, console);
        };
    });
}

}  // namespace

void addWeights(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("weights", "List, download and check pretrained weights");
    command->require_subcommand(1);
    addList(*command, session);
    addGet(*command, session);
    addCheck(*command, session);
    command->footer(
        "GRAFT_WEIGHT_CATALOGUE in the environment names a list of one's own in place of the "
        "built-in\none (the form of resources/weights.json).\n\n"
        "Examples:\n"
        "  graft-cli weights list\n"
        "  graft-cli weights get resnet50\n"
        "  graft-cli weights check resnet50.safetensors --backbone resnet50");
}

}  // namespace graft::cli
