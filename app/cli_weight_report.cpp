#include "app/cli_weight_report.h"

#include "app/cli_exit.h"
#include "app/cli_progress.h"
#include "app/cli_table.h"
#include "app/cli_weight_choice.h"
#include "core/nn/catalog.h"

#include <algorithm>

namespace graft::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string publishedId(const WeightReport& report) {
    const Result<WeightCatalogue> catalogue = WeightCatalogue::open();
    const WeightEntry* entry = catalogue ? catalogue->findBySha256(report.sha256) : nullptr;
    return entry ? entry->id : "";
}

void printReport(const std::string& backbone, const WeightReport& report, Console& console) {
    console.line(backbone + ": " + report.sentence);
    console.line("Matched:  " + countText(report.matched, "tensor", "tensors"));
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
    const std::string published = publishedId(report);
    if (!published.empty()) {
        console.line("These are the published weights " + published + ".");
    }
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
    json["published_as"] = publishedId(report);
    json["mean"] = report.preprocess.mean;
    json["std"] = report.preprocess.std;
    json["input_size"] = report.preprocess.inputSize;
    json["metadata"] = report.metadata;
    return json;
}

}  // namespace

Result<int> reportWeightFile(const std::string& path, std::string backbone, Console& console) {
    if (backbone.empty()) {
        GRAFT_TRY(backbone, backboneOfWeights(path));
    }
    if (backbone.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "The file " + path + " does not say for which network it is.",
                     {},
                     "Name one to compare it with: --backbone resnet18, say."};
    }
    GRAFT_TRY(const WeightReport report, checkWeights(path, backbone));
    if (console.json()) {
        console.printJson(weightJson(backbone, report));
        return report.usable ? kExitDone : kExitBadInput;
    }
    printReport(backbone, report, console);
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

}  // namespace graft::cli
