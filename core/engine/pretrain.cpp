#include "core/engine/pretrain.h"

#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/base/machine.h"
#include "core/engine/backbone.h"
#include "core/engine/engine.h"
#include "core/nn/catalog.h"
#include "core/train/linear_probe.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>

namespace graft::engine {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSessionsNote[] = "pretrain.sessions";
constexpr char kFactsNote[] = "pretrain.facts";
constexpr char kProbesNote[] = "pretrain.probes";

std::string epochFile(const Project& project, RunId run, std::int64_t epoch) {
    return (fs::path(project.runFolder(run)) / ("epoch-" + std::to_string(epoch) + ".safetensors"))
        .string();
}

/// Notes are texts; nothing yet is an empty list or object.
Json noteJson(const Project& project, const char* key, Json empty) {
    const Json known = Json::parse(project.note(key), nullptr, /*allow_exceptions=*/false);
    return known.is_discarded() || known.is_null() ? std::move(empty) : known;
}

Json dataJson(const Project& project, const Json& facts) {
    const Dataset& data = project.dataset();
    Json json;
    json["name"] = facts.value("data", "");
    json["terms"] = facts.value("terms", "");
    json["classes"] = data.classes.size();
    for (const Split split : {Split::Train, Split::Validation, Split::Test}) {
        json[splitName(split)] = data.countInSplit(split);
    }
    return json;
}

/// Epoch by epoch, with the time since the first step as far as sessions were noted.
Json epochsJson(const std::vector<MetricRow>& rows) {
    Json epochs = Json::array();
    for (const MetricRow& row : rows) {
        if (row.kind != MetricRow::Kind::Epoch) {
            continue;
        }
        Json entry;
        entry["epoch"] = row.epoch;
        entry["train_loss"] = row.trainLoss;
        entry["train_accuracy"] = row.trainAccuracy;
        entry["validation_loss"] = row.validationLoss;
        entry["validation_accuracy"] = row.validationAccuracy;
        entry["pictures_per_second"] = row.imagesPerSecond;
        epochs.push_back(std::move(entry));
    }
    return epochs;
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

std::string row(const std::string& left, const std::string& right) {
    return "| " + left + " | " + right + " |\n";
}

std::string cardText(const Json& card) {
    const Json& data = card["data"];
    const Json& result = card["result"];
    std::string text = "# " + card["backbone"].get<std::string>() + "\n\n";
    text += "Weights of a network that Graft trained from scratch: " +
            std::to_string(card["parameters"].get<std::int64_t>()) +
            " numbers in 16 bits, without a head. SHA-256 `" + card["sha256"].get<std::string>() +
            "`.\n\n";
    text += "| | |\n|---|---|\n";
    text += row("data", data["name"].get<std::string>());
    text += row("terms", data["terms"].get<std::string>());
    text += row("pictures", std::to_string(data["train"].get<std::int64_t>()) + " to train, " +
                                std::to_string(data["validation"].get<std::int64_t>()) +
                                " to check, " + std::to_string(data["classes"].get<std::int64_t>()) +
                                " classes");
    text += row("epoch", std::to_string(result["epoch"].get<std::int64_t>()) + " of " +
                             std::to_string(result["epochs_done"].get<std::int64_t>()));
    text += row("right on the validation pictures",
                percent(result["validation_accuracy"].get<double>()));
    text += row("seed", std::to_string(card["options"]["seed"].get<std::int64_t>()));
    text += row("machine", card["machine"].get<std::string>());
    text += row("begun", card["begun"].get<std::string>());
    text += row("finished", card["finished"].get<std::string>());
    text += "\n## Command\n\n```\n" + card["command"].get<std::string>() + "\n```\n\n";
    text += "Begun or gone on with:\n\n";
    for (const Json& session : card["sessions"]) {
        text += "- " + session["when"].get<std::string>() + ", after epoch " +
                std::to_string(session["epochs_done"].get<std::int64_t>()) + "\n";
    }
    if (card.contains("restarted_from_weights")) {
        const Json& restart = card["restarted_from_weights"];
        text += "\nBegun again from the averaged weights after epoch " +
                std::to_string(restart["after_epoch"].get<int>()) + ", SHA-256 `" +
                restart["sha256"].get<std::string>() +
                "`, without the optimiser's state: the checkpoints were lost.\n";
    }
    text += "\n## Epochs\n\n| epoch | loss | right | validation loss | right |\n|--:|--:|--:|--:|--:|\n";
    for (const Json& epoch : card["epochs"]) {
        char line[128];
        std::snprintf(line, sizeof line, "| %d | %.3f | %.1f %% | %.3f | %.1f %% |\n",
                      epoch["epoch"].get<int>(), epoch["train_loss"].get<double>(),
                      100 * epoch["train_accuracy"].get<double>(),
                      epoch["validation_loss"].get<double>(),
                      100 * epoch["validation_accuracy"].get<double>());
        text += line;
    }
    if (!card["probes"].empty()) {
        text += "\n## What the features are worth elsewhere\n\nA linear head on them (linear probe), "
                "judged on pictures held out:\n\n| epoch |";
        std::string line = "\n|--:|";
        for (const auto& [name, share] : card["probes"][0]["accuracies"].items()) {
            text += " " + name + " |";
            line += "--:|";
        }
        text += line + "\n";
        for (const Json& probe : card["probes"]) {
            text += "| " + std::to_string(probe["epoch"].get<int>()) + " |";
            for (const auto& [name, share] : probe["accuracies"].items()) {
                text += " " + percent(share.get<double>()) + " |";
            }
            text += "\n";
        }
    }
    text += "\n## Options\n\n```json\n" +
            Json{{"model", card["model"]}, {"augment", card["augment"]}, {"options", card["options"]}}
                .dump(2) +
            "\n```\n";
    return text;
}

}  // namespace

Result<PretrainRecipe> pretrainRecipe(const std::string& backbone, int epochs) {
    GRAFT_TRY(const BackboneInfo info, findBackbone(backbone));
    PretrainRecipe recipe;
    recipe.model.backbone = info.id;
    recipe.model.dropout = 0;
    TrainOptions& options = recipe.options;
    options.epochs = epochs;
    options.batchSize = 256;
    options.learningRate = 0.2;
    options.backboneRateFactor = 1;
    options.quickModel = false;
    options.schedule = "triangular";
    options.warmupShare = 0.2;
    options.averageDecay = 0.999;
    options.normStatistics = "batch";  // also where it goes on from weights
    const int smaller = int(std::lround(0.75 * info.defaultImageSize));
    if (smaller >= info.minImageSize) {
        options.firstSize = smaller;
        options.firstSizeEpochs = epochs * 3 / 5;
    }
    options.checkpointSeconds = 300;
    options.keepEpochs = true;
    // Few epochs of a small network: stronger changes would leave it behind.
    AugmentSpec& augment = recipe.augment;
    augment.cropMinArea = 0.35;
    augment.flipHorizontal = 0.5;
    augment.flipAlternates = true;
    augment.brightness = 0.2;
    augment.contrast = 0.2;
    augment.saturation = 0.2;
    return recipe;
}

Status noteSession(Project& project, const PretrainFacts& facts) {
    Json known = noteJson(project, kFactsNote, Json::object());
    for (const auto& [key, text] : {std::pair{"data", facts.data}, {"terms", facts.terms}}) {
        if (!text.empty()) {
            known[key] = text;
        }
    }
    if (!known.contains("command")) {
        known["command"] = facts.command;
    }
    GRAFT_CHECK(project.setNote(kFactsNote, known.dump()));
    GRAFT_TRY(const std::vector<RunRecord> runs, project.runs());
    Json sessions = noteJson(project, kSessionsNote, Json::array());
    sessions.push_back({{"when", utcNow()},
                        {"epochs_done", runs.empty() ? 0 : runs.front().epochsDone},
                        {"command", facts.command}});
    return project.setNote(kSessionsNote, sessions.dump());
}

double ProbedEpoch::mean() const {
    return accuracies.empty() ? 0
                              : std::accumulate(accuracies.begin(), accuracies.end(), 0.0) /
                                    double(accuracies.size());
}

Result<std::vector<ProbedEpoch>> probeEpochs(const Project& project, RunId id,
                                             const std::vector<ProbeData>& data,
                                             Progress& progress) {
    GRAFT_TRY(const RunRecord run, project.run(id));
    std::vector<ProbedEpoch> probed;
    std::int64_t done = 0;
    const std::int64_t first = run.epochsDone / 2 + 1;
    for (std::int64_t epoch = first; epoch <= run.epochsDone; ++epoch) {
        std::error_code ignored;
        ModelSpec model = run.model;
        model.weightsPath = epochFile(project, id, epoch);
        model.weightsSha256.clear();
        if (!fs::exists(model.weightsPath, ignored)) {
            continue;
        }
        ProbedEpoch outcome{epoch, {}, {}};
        for (const ProbeData& one : data) {
            progress.set(done++, (run.epochsDone - first + 1) * std::int64_t(data.size()));
            GRAFT_TRY(const ProbeOutcome probe, linearProbe(model, one.dataset, progress));
            outcome.accuracies.push_back(probe.accuracy());
            outcome.counts.push_back(probe.count);
        }
        probed.push_back(std::move(outcome));
    }
    return probed;
}

double ProbedEpoch::standardError() const {
    double variance = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        variance += accuracies[i] * (1 - accuracies[i]) / double(std::max<std::int64_t>(1, counts[i]));
    }
    return counts.empty() ? 0 : std::sqrt(variance) / double(counts.size());
}

const ProbedEpoch* bestProbed(const std::vector<ProbedEpoch>& probed) {
    const auto best = std::max_element(
        probed.begin(), probed.end(),
        [](const ProbedEpoch& a, const ProbedEpoch& b) { return a.mean() < b.mean(); });
    const ProbedEpoch* latest = nullptr;
    for (const ProbedEpoch& one : probed) {
        latest = one.mean() >= best->mean() - best->standardError() ? &one : latest;
    }
    return latest;
}

Status noteProbes(Project& project, const std::vector<ProbeData>& data,
                  const std::vector<ProbedEpoch>& probed) {
    Json list = Json::array();
    for (const ProbedEpoch& one : probed) {
        Json accuracies;
        for (std::size_t i = 0; i < data.size(); ++i) {
            accuracies[data[i].name] = one.accuracies[i];
        }
        list.push_back({{"epoch", one.epoch}, {"accuracies", std::move(accuracies)}});
    }
    return project.setNote(kProbesNote, list.dump());
}

Result<SavedBackbone> savePretrained(const Project& project, RunId id, const std::string& folder,
                                     std::int64_t epoch) {
    GRAFT_TRY(const RunRecord run, project.run(id));
    GRAFT_TRY(const RunStore store, project.runStore(id));
    GRAFT_TRY(const std::vector<MetricRow> rows, store.metrics());
    GRAFT_TRY(const BackboneInfo info, findBackbone(run.model.backbone));
    const Json facts = noteJson(project, kFactsNote, Json::object());
    const std::int64_t chosen = epoch > 0 ? epoch : run.bestEpoch;
    Json card;
    card["backbone"] = info.id;
    card["parameters"] = info.parameters;
    card["data"] = dataJson(project, facts);
    Json result;
    result["epoch"] = chosen;
    result["epochs_done"] = run.epochsDone;
    result["validation_accuracy"] = run.bestAccuracy;
    Json epochs = epochsJson(rows);
    for (const Json& entry : epochs) {
        if (entry["epoch"] == chosen) {
            result["validation_accuracy"] = entry["validation_accuracy"];
        }
    }
    card["result"] = std::move(result);
    card["epochs"] = std::move(epochs);
    card["model"] = toJson(run.model);
    card["augment"] = augmentFields().toJson(run.augment);
    card["options"] = trainFields().toJson(run.options);
    card["probes"] = noteJson(project, kProbesNote, Json::array());
    card["machine"] = deviceText(run.options.device);
    card["begun"] = run.created;
    card["finished"] = run.finished.empty() ? utcNow() : run.finished;
    if (run.options.startEpoch > 0) {
        card["restarted_from_weights"] = {{"sha256", run.model.weightsSha256},
                                          {"after_epoch", run.options.startEpoch}};
    }
    card["command"] = facts.value("command", "");
    card["sessions"] = noteJson(project, kSessionsNote, Json::array());

    const std::string base = (fs::path(folder) / info.id).string();
    SavedBackbone saved{base + ".safetensors", {}};
    GRAFT_TRY(std::string checkpoint, runCheckpoint(project, id));
    if (epoch > 0) {
        checkpoint = epochFile(project, id, epoch);
    }
    GRAFT_TRY(saved.sha256, saveBackbone(checkpoint, run.model, saved.path,
                                         {{"data", facts.value("data", "")},
                                          {"license", facts.value("terms", "")},
                                          {"epoch", std::to_string(chosen)}}));
    card["sha256"] = saved.sha256;
    GRAFT_CHECK(writeFileAtomically(base + ".json", card.dump(2) + "\n"));
    GRAFT_CHECK(writeFileAtomically(base + ".md", cardText(card)));
    return saved;
}

}  // namespace graft::engine
