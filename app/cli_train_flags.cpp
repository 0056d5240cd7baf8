#include "app/cli_train_flags.h"

#include "app/cli_weight_choice.h"
#include "core/nn/catalog.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

namespace graft::cli {
namespace {

std::string flagOf(const std::string& key) {
    std::string flag = "--" + key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

std::string keyOf(std::string flag) {
    std::replace(flag.begin(), flag.end(), '-', '_');
    return flag;
}

std::string sentence(const FieldInfo& info) {
    std::string text = info.help.empty() ? info.label : info.help;
    text += info.unit.empty() ? "" : " (" + info.unit + ")";
    for (std::size_t i = 0; i < info.choices.size(); ++i) {
        text += (i ? ", " : " [") + info.choices[i] + (i + 1 == info.choices.size() ? "]" : "");
    }
    return text;
}

const char* typeName(const FieldValue& value) {
    constexpr std::array kNames{"true/false", "N", "X", "NAME"};  // order of FieldValue
    return kNames.at(value.index());
}

Error badPair(const std::string& flag, const std::string& text) {
    return {ErrorCode::InvalidArgument, flag + " wants NAME=VALUE, not \"" + text + "\".", {}, {}};
}

bool holdsPart(const LayerNode& node, const std::string& group) {
    if (node.children.empty()) {
        return layerIsInside(node.path, group);
    }
    return std::any_of(node.children.begin(), node.children.end(),
                       [&group](const LayerNode& child) { return holdsPart(child, group); });
}

bool allFrozen(const LayerNode& node, const std::vector<std::string>& frozen) {
    if (node.children.empty()) {
        return std::any_of(frozen.begin(), frozen.end(), [&node](const std::string& group) {
            return layerIsInside(node.path, group);
        });
    }
    return std::all_of(node.children.begin(), node.children.end(),
                       [&frozen](const LayerNode& child) { return allFrozen(child, frozen); });
}

Status checkPaths(const std::vector<std::string>& wanted, const LayerNode& tree,
                  const std::string& flag) {
    for (const std::string& path : wanted) {
        if (!path.empty() && holdsPart(tree, path)) {
            continue;
        }
        std::string stages = "backbone";
        const LayerNode* deepest = &tree;
        for (const LayerNode& stage : tree.children) {
            stages += ", " + stage.path;
            deepest = stage.children.empty() ? deepest : &stage.children.front();
        }
        return Error{
            ErrorCode::InvalidArgument,
            flag + ": this network has no part \"" + path + "\".",
            {},
            "Its parts are " + stages + "; deeper ones have names like \"" + deepest->path + "\"."};
    }
    return {};
}

Status takeWeights(ModelSpec& model, std::vector<std::string>& notices) {
    std::error_code failed;
    const auto absolute = std::filesystem::absolute(model.weightsPath, failed);
    if (!failed) {
        model.weightsPath = absolute.string();
    }
    GRAFT_TRY(const WeightReport report, checkWeights(model.weightsPath, model.backbone));
    if (!report.usable) {
        return Error{ErrorCode::Mismatch,
                     report.sentence,
                     {},
                     "Choose the network that the file is for with --backbone, or another file."};
    }
    model.weightsSha256 = report.sha256;
    notices.push_back("Weights: " + report.sentence);
    return {};
}

Status takeLayers(ModelSpec& model, const TrainFlags& flags, int classCount) {
    if (!flags.freeze.empty()) {
        model.frozen = flags.freeze;
        std::erase(model.frozen, "none");
    }
    for (const std::string& text : flags.rateFactors) {
        const std::size_t equals = text.rfind('=');
        char* end = nullptr;
        const double factor =
            equals == std::string::npos ? -1 : std::strtod(text.c_str() + equals + 1, &end);
        if (equals == 0 || !end || *end || !(factor >= 0 && factor <= 1000)) {
            return badPair("--rate-factor", text);
        }
        model.rateFactors[text.substr(0, equals)] = factor;
    }
    if (model.frozen.empty() && model.rateFactors.empty()) {
        return {};
    }
    GRAFT_TRY(const LayerNode tree, layerTree(model.backbone, classCount));
    GRAFT_CHECK(checkPaths(model.frozen, tree, "--freeze"));
    if (allFrozen(tree, model.frozen)) {
        return Error{ErrorCode::InvalidArgument,
                     "--freeze: everything is frozen, so there is nothing to train.",
                     {},
                     "Leave at least the head out."};
    }
    std::vector<std::string> rated;
    for (const auto& [path, factor] : model.rateFactors) {
        rated.push_back(path);
    }
    return checkPaths(rated, tree, "--rate-factor");
}

}  // namespace

void addTrainFlags(CLI::App& command, TrainFlags& flags) {
    const std::string modelGroup = "Network";
    std::string known;
    for (const BackboneInfo& info : backboneCatalog()) {
        known += (known.empty() ? "" : ", ") + info.id;
    }
    command.add_option("--backbone", flags.backbone, "Network to train: " + known)
        ->type_name("NAME")
        ->group(modelGroup);
    command
        .add_option("--weights", flags.weights,
                    "Pretrained weights: a file (safetensors, .pth or .pt), or the name of published "
                    "ones that `graft-cli weights get` has brought; without --backbone the network "
                    "that they are for; \"none\" trains from scratch")
        ->group(modelGroup);
    command
        .add_option("--image-size", flags.imageSize,
                    "Side of the square the network sees, px; 0 = as weights or network ask for")
        ->group(modelGroup);
    command
        .add_option("--freeze", flags.freeze,
                    "Parts that keep their weights: backbone (all but the new head), a stage or "
                    "a layer; several with commas; \"none\" thaws all")
        ->delimiter(',')
        ->group(modelGroup);
    command
        .add_option("--rate-factor", flags.rateFactors,
                    "PATH=X: this part learns at X times the rate; may be given again")
        ->group(modelGroup);
    command.add_option("--dropout", flags.dropout, "Dropout before the last layer, 0 to 0.9")
        ->group(modelGroup);
    command.add_option("--padding", flags.padding, "auto, symmetric or tf-same")->group(modelGroup);

    const TrainOptions defaults;
    for (const auto& row : trainFields().rows()) {
        const std::string key = row.info.key;
        command
            .add_option_function<std::string>(
                flagOf(key), [&flags, key](const std::string& text) { flags.options[key] = text; },
                sentence(row.info))
            ->type_name(typeName(row.get(defaults)))
            ->default_str(fieldText(row.get(defaults)))
            ->group(row.info.group.empty() ? "Training" : row.info.group);
    }

    std::string presets;
    for (const std::string& name : augmentPresetNames()) {
        presets += (presets.empty() ? "" : ", ") + name;
    }
    command
        .add_option("--augment", flags.augment, "Random changes of training pictures: " + presets)
        ->group("Augmentation");
    std::string keys;
    for (const auto& row : augmentFields().rows()) {
        keys += (keys.empty() ? "" : ", ") + row.info.key;
    }
    command
        .add_option("--augment-set", flags.augmentSet,
                    "NAME=VALUE changes one of them; may be given again. Names: " + keys)
        ->group("Augmentation");
}

Result<TrainOptions> changedOptions(TrainOptions options, const TrainFlags& flags) {
    for (const auto& [key, text] : flags.options) {
        if (const Status set = trainFields().setText(options, key, text); !set) {
            Error error = set.error();
            error.message = flagOf(key) + ": " + error.message;
            return error;
        }
    }
    return options;
}

Result<AugmentSpec> changedAugment(AugmentSpec augment, const TrainFlags& flags) {
    if (!flags.augment.empty()) {
        GRAFT_TRY(augment, augmentPreset(flags.augment));
    }
    for (const std::string& text : flags.augmentSet) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return badPair("--augment-set", text);
        }
        GRAFT_CHECK(augmentFields().setText(augment, keyOf(text.substr(0, equals)),
                                            text.substr(equals + 1)));
    }
    return augment;
}

bool choosesNetwork(const TrainFlags& flags) {
    return !flags.backbone.empty() || !flags.weights.empty();
}

Result<ModelSpec> changedModel(ModelSpec model, const TrainFlags& flags, int classCount,
                               std::vector<std::string>& notices) {
    WeightChoice weights;
    if (!flags.weights.empty() && flags.weights != "none") {
        GRAFT_TRY(weights, chooseWeights(flags.weights));
    }
    std::string backbone = flags.backbone;
    if (backbone.empty() && !weights.backbone.empty()) {
        backbone = weights.backbone;
        if (backbone != model.backbone) {
            notices.push_back("Network: " + backbone + ", as the weights say.");
        }
    }
    if (!backbone.empty() && backbone != model.backbone) {
        GRAFT_TRY(const BackboneInfo info, findBackbone(backbone));
        ModelSpec fresh;
        fresh.backbone = info.id;
        fresh.dropout = model.dropout;
        model = fresh;
    }
    if (!flags.weights.empty()) {
        model.weightsPath = weights.path;
        model.weightsSha256.clear();
    }
    if (!model.weightsPath.empty()) {
        GRAFT_CHECK(takeWeights(model, notices));
    }
    if (flags.imageSize >= 0) {
        model.imageSize = flags.imageSize;
    }
    if (flags.dropout != -1) {
        if (!(flags.dropout >= 0 && flags.dropout <= 0.9)) {
            return Error{
                ErrorCode::InvalidArgument, "--dropout wants a number from 0 to 0.9.", {}, {}};
        }
        model.dropout = flags.dropout;
    }
    if (!flags.padding.empty()) {
        if (!std::set<std::string>{"auto", "symmetric", "tf-same"}.count(flags.padding)) {
            return Error{
                ErrorCode::InvalidArgument, "--padding wants auto, symmetric or tf-same.", {}, {}};
        }
        model.padding = flags.padding;
    }
    GRAFT_TRY(const BackboneInfo info, findBackbone(model.backbone));
    if (model.imageSize != 0 && (model.imageSize < info.minImageSize || model.imageSize > 1024)) {
        return Error{ErrorCode::InvalidArgument,
                     "--image-size: " + info.title + " wants a side from " +
                         std::to_string(info.minImageSize) + " to 1024 px.",
                     {},
                     {}};
    }
    GRAFT_CHECK(takeLayers(model, flags, classCount));
    const bool hasFrozen = std::any_of(model.frozen.begin(), model.frozen.end(),
                                       [](const std::string& path) { return path != "head"; });
    if (model.weightsPath.empty() && hasFrozen) {
        notices.push_back(
            "Note: parts without pretrained weights are frozen; they stay random and help little.");
    }
    return model;
}

}  // namespace graft::cli
