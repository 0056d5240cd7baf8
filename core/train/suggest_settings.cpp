#include "core/train/suggest_settings.h"

#include "core/base/amounts.h"
#include "core/nn/catalog.h"
#include "core/nn/weights/weight_catalogue.h"
#include "core/train/small_picture_networks.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace graft {
namespace {

// A network that takes longer than this for a picture is not one to begin with (squeezenet1_1 = 1).
constexpr double kQuickEnough = 3;
constexpr int kSizeOfSmall = 128;   ///< px; what small pictures are resized to ...
constexpr int kSizeOfMedium = 160;  ///< ... and many of up to 128 px
// So few training pictures that each must give more, and that all of them are soon seen.
constexpr std::int64_t kFew = 500;
// Up to here the early part of a large network stays frozen.
constexpr std::int64_t kFewForEarlyParts = 2000;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

bool isLetterOrDigit(const std::string& name) {
    return name.size() == 1 && std::isalnum(static_cast<unsigned char>(name[0]));
}

bool allDigits(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isdigit(c) != 0;
    });
}

std::set<std::string> wordsOf(const std::string& name) {
    std::set<std::string> words;
    std::string word;
    for (const char c : lower(name) + " ") {
        if (std::isalpha(static_cast<unsigned char>(c))) {
            word += c;
        } else if (!word.empty()) {
            words.insert(word);
            word.clear();
        }
    }
    return words;
}

void chooseNetwork(const std::vector<AvailableNetwork>& networks, Suggestion& suggestion) {
    ModelSpec& model = suggestion.settings.model;
    if (networks.empty()) {
        suggestion.reasons.push_back(
            "No pretrained weights are on this machine, so a small network learns from scratch.");
        return;
    }
    const AvailableNetwork& chosen = networks.front();
    model.backbone = chosen.backbone;
    model.weightsPath = chosen.weightsPath;
    suggestion.reasons.push_back(chosen.backbone +
                                 ": the best pretrained network on this machine that is quick.");
}

// For as many photos as that a small network may look at more of each.
bool isFewPhotos(const DatasetFacts& facts) {
    return facts.trainPictures > 0 && facts.trainPictures < kFew &&
           facts.medianSide >= 2 * kSmallPicture;
}

void choosePictureSize(const DatasetFacts& facts, const BackboneInfo& info, ModelSpec& model,
                       std::vector<std::string>& reasons) {
    if (model.imageSize != 0 || facts.medianSide <= 0) {
        return;
    }
    // With few training pictures a network gets more out of the larger size that it knows.
    constexpr std::int64_t kMany = 1000;
    const bool medium = facts.medianSide >= kSmallPicture && facts.medianSide <= kSizeOfSmall &&
                        facts.trainPictures >= kMany;
    const int size = facts.medianSide < kSmallPicture ? kSizeOfSmall : kSizeOfMedium;
    if ((facts.medianSide < kSmallPicture || medium) && info.defaultImageSize > size) {
        model.imageSize = size;
        reasons.push_back(std::to_string(size) +
                          " px: the pictures are small, more would show no more.");
    } else if (isForSmallPictures(info) && isFewPhotos(facts)) {
        model.imageSize = kSmallPicture;
        reasons.push_back("96 px: so few photos can be looked at more closely.");
    }
}

void chooseFrozen(const DatasetFacts& facts, const BackboneInfo& info, ModelSpec& model,
                  std::vector<std::string>& reasons) {
    if (info.earlyStages.empty() || !model.frozen.empty() || !model.rateFactors.empty() ||
        facts.trainPictures <= 0 || facts.trainPictures >= kFewForEarlyParts) {
        return;
    }
    model.frozen = info.earlyStages;
    reasons.push_back("The early parts stay frozen: so few pictures have little to teach them, "
                      "and their work is done once only.");
}

void chooseChanges(const DatasetFacts& facts, Suggestion& suggestion) {
    AugmentSpec& augment = suggestion.settings.augment;
    augment = *augmentPreset("light");
    suggestion.reasons.push_back("Mirrored, cropped and a little brighter or darker: more of the "
                                 "same pictures without their meaning changed.");
    const std::string warning = mirrorWarning(facts.classes);
    if (!warning.empty()) {
        augment.flipHorizontal = 0;
        suggestion.reasons.push_back("Not mirrored: " + warning);
    }
    if (facts.medianSide > 0 && facts.medianSide < kSmallPicture) {
        augment.cropMinArea = 0.8;
        suggestion.reasons.push_back("Cropped a little only: small pictures are mostly cut out.");
    }
}

int mostRounds(const DatasetFacts& facts, bool small, bool earlyFrozen) {
    if (earlyFrozen) {
        return 8;
    }
    if (facts.trainPictures >= kFew) {
        return small ? 15 : 10;
    }
    return small && !isFewPhotos(facts) ? 40 : 20;
}

void chooseRounds(const DatasetFacts& facts, int most, Suggestion& suggestion) {
    constexpr std::int64_t kUpdates = 500;
    TrainOptions& options = suggestion.settings.options;
    const std::int64_t seen = kUpdates * options.batchSize;
    const std::int64_t wanted = (seen + facts.trainPictures - 1) / facts.trainPictures;
    options.epochs = int(std::clamp<std::int64_t>(wanted, 4, most));
    suggestion.reasons.push_back(std::to_string(options.epochs) +
                                 " rounds: about 500 steps are enough from pretrained weights.");
}

void chooseCourse(const DatasetFacts& facts, Suggestion& suggestion) {
    const ModelSpec& model = suggestion.settings.model;
    TrainOptions& options = suggestion.settings.options;
    constexpr std::int64_t kVeryFew = 200;
    if (facts.trainPictures > 0 && facts.trainPictures < kVeryFew) {
        options.batchSize = 16;
        suggestion.reasons.push_back("16 pictures per step: so few pictures need more steps.");
    }
    const Result<BackboneInfo> info = findBackbone(model.backbone);
    const bool small = info && isForSmallPictures(*info);
    const bool pretrained = !model.weightsPath.empty();
    const bool earlyFrozen = pretrained && info && !info->earlyStages.empty() &&
                             model.frozen == info->earlyStages;
    if (pretrained && facts.trainPictures > 0) {
        chooseRounds(facts, mostRounds(facts, small, earlyFrozen), suggestion);
    }
    if (pretrained && small) {
        options.backboneRateFactor = 1;
        options.averageDecay = 0.98;
        options.clipGradient = 5;
        suggestion.reasons.push_back("All of the network learns at the same speed: what so small a "
                                     "network has learnt before is a start only.");
    }
    if (earlyFrozen) {
        options.augmentVariants = 2;
        suggestion.reasons.push_back("Two changed versions of each picture take turns, so that the "
                                     "work of the frozen parts is done twice at most.");
    }
    constexpr double kUneven = 3;
    if (facts.smallestClass > 0 &&
        double(facts.largestClass) >= kUneven * double(facts.smallestClass)) {
        options.balance = "weights";
        suggestion.reasons.push_back("Rare classes count more: the largest has " +
                                     thousandsText(facts.largestClass) + " training pictures, the "
                                     "smallest " + thousandsText(facts.smallestClass) + ".");
    }
}

bool sameNetwork(const ModelSpec& a, const ModelSpec& b) {
    return a.backbone == b.backbone && a.weightsPath == b.weightsPath &&
           a.imageSize == b.imageSize && a.frozen == b.frozen && a.rateFactors == b.rateFactors;
}

ModelSpec withNetworkOf(const ModelSpec& network, const ModelSpec& now) {
    ModelSpec model = now;
    if (model.backbone != network.backbone || model.weightsPath != network.weightsPath) {
        model.weightsSha256 = network.weightsSha256;
    }
    model.backbone = network.backbone;
    model.weightsPath = network.weightsPath;
    model.imageSize = network.imageSize;
    model.frozen = network.frozen;
    model.rateFactors = network.rateFactors;
    return model;
}

// What a person changed in `now` stays.
template <class S>
S merged(const FieldTable<S>& table, const S& before, const S& now, const S& fresh) {
    S result = now;
    for (const auto& row : table.rows()) {
        if (row.get(now) == row.get(before)) {
            row.put(result, row.get(fresh));
        }
    }
    return result;
}

}  // namespace

DatasetFacts datasetFacts(const Dataset& dataset) {
    DatasetFacts facts;
    std::map<ClassId, std::int64_t> training;
    std::set<ClassId> used;
    std::vector<int> sides;
    for (const Sample& sample : dataset.samples) {
        if (!sample.usable()) {
            continue;
        }
        ++facts.pictures;
        used.insert(sample.label);
        if (sample.split == Split::Train) {
            ++facts.trainPictures;
            ++training[sample.label];
        }
        if (sample.width > 0 && sample.height > 0) {
            sides.push_back(std::min(sample.width, sample.height));
        }
    }
    for (const auto& [label, count] : training) {
        facts.largestClass = std::max(facts.largestClass, count);
        facts.smallestClass =
            facts.smallestClass == 0 ? count : std::min(facts.smallestClass, count);
    }
    for (const ClassInfo& info : dataset.classes) {
        if (used.count(info.id)) {
            facts.classes.push_back(info.name);
        }
    }
    if (!sides.empty()) {
        const auto middle = sides.begin() + std::ptrdiff_t(sides.size() / 2);
        std::nth_element(sides.begin(), middle, sides.end());
        facts.medianSide = *middle;
    }
    return facts;
}

std::vector<AvailableNetwork> availableNetworks(Progress& progress) {
    std::vector<AvailableNetwork> networks;
    const Result<WeightCatalogue> catalogue = WeightCatalogue::open();
    if (!catalogue) {
        return networks;
    }
    std::vector<std::pair<AvailableNetwork, WeightEntry>> found;
    for (const WeightEntry& entry : catalogue->entries()) {
        const Result<BackboneInfo> info = findBackbone(entry.backbone);
        if (!info || !findByName(entry)) {
            continue;
        }
        AvailableNetwork network;
        network.backbone = entry.backbone;
        network.top1 = entry.top1;
        network.relativeCost = info->relativeCost;
        found.push_back({std::move(network), entry});
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        const bool quickA = a.first.relativeCost <= kQuickEnough;
        const bool quickB = b.first.relativeCost <= kQuickEnough;
        if (a.second.bundled != b.second.bundled) {
            return b.second.bundled;  // its figure is of other, easier data
        }
        return quickA != quickB ? quickA
               : quickA         ? a.first.top1 > b.first.top1
                                : a.first.relativeCost < b.first.relativeCost;
    });
    for (auto& [network, entry] : found) {
        if (progress.cancelled()) {
            break;
        }
        if (const auto file = findInHubCache(entry)) {
            network.weightsPath = file->string();
            networks.push_back(network);
            break;  // the others are not read before somebody wants them
        }
    }
    return networks;
}

nlohmann::json toJson(const Settings& settings) {
    return {{"model", toJson(settings.model)},
            {"augment", augmentFields().toJson(settings.augment)},
            {"options", trainFields().toJson(settings.options)}};
}

Settings settingsFromJson(const nlohmann::json& json) {
    Settings settings;
    if (!json.is_object()) {
        return settings;
    }
    if (const auto model = modelSpecFromJson(json.value("model", nlohmann::json::object()))) {
        settings.model = *model;
    }
    if (const auto augment =
            augmentFields().fromJson(json.value("augment", nlohmann::json::object()))) {
        settings.augment = *augment;
    }
    if (const auto options =
            trainFields().fromJson(json.value("options", nlohmann::json::object()))) {
        settings.options = *options;
    }
    return settings;
}

std::vector<std::string> fitToData(const DatasetFacts& facts, ModelSpec& model) {
    std::vector<std::string> reasons;
    const Result<BackboneInfo> info = findBackbone(model.backbone);
    if (info && !model.weightsPath.empty()) {
        choosePictureSize(facts, *info, model, reasons);
        chooseFrozen(facts, *info, model, reasons);
    }
    return reasons;
}

Suggestion suggestSettings(const DatasetFacts& facts, const std::vector<AvailableNetwork>& networks,
                           const ModelSpec* own) {
    Suggestion suggestion;
    if (own) {
        suggestion.settings.model = *own;
    } else {
        chooseNetwork(networks, suggestion);
        for (std::string& reason : fitToData(facts, suggestion.settings.model)) {
            suggestion.reasons.push_back(std::move(reason));
        }
    }
    chooseChanges(facts, suggestion);
    chooseCourse(facts, suggestion);
    return suggestion;
}

std::string mirrorWarning(const std::vector<std::string>& classNames) {
    std::int64_t signs = 0;
    std::set<std::string> words;
    for (const std::string& name : classNames) {
        signs += isLetterOrDigit(name) || allDigits(name) ? 1 : 0;
        words.merge(wordsOf(name));
    }
    if (words.count("left") && words.count("right")) {
        return "a mirrored \"left\" looks like \"right\".";
    }
    for (const char* word : {"digit", "digits", "letter", "letters", "zero"}) {
        if (words.count(word)) {
            return "mirrored digits and letters are no such signs any more.";
        }
    }
    if (signs >= 2 && 2 * signs > std::int64_t(classNames.size())) {
        return "the classes look like digits or letters, which mirrored mean something else.";
    }
    return {};
}

Advice adviseSettings(const DatasetFacts& facts, const std::vector<AvailableNetwork>& networks,
                      const Settings& before, const Settings& now, bool keepNetwork) {
    Advice advice;
    advice.settings.model = now.model;
    const ModelSpec network = suggestSettings(facts, networks).settings.model;
    if (!keepNetwork && sameNetwork(now.model, before.model)) {
        advice.settings.model = withNetworkOf(network, now.model);
    }
    const ModelSpec* own =
        sameNetwork(advice.settings.model, network) ? nullptr : &advice.settings.model;
    Suggestion fresh = suggestSettings(facts, networks, own);
    advice.settings.augment =
        merged(augmentFields(), before.augment, now.augment, fresh.settings.augment);
    advice.settings.options =
        merged(trainFields(), before.options, now.options, fresh.settings.options);
    advice.suggested = std::move(fresh.settings);
    advice.suggested.model = network;
    advice.reasons = std::move(fresh.reasons);
    return advice;
}

}  // namespace graft
