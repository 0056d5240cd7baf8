#include "core/train/settings_words.h"

#include "core/base/amounts.h"
#include "core/nn/catalog.h"

namespace graft {

SettingsWords settingsWords(const DatasetFacts& facts, const Settings& settings) {
    SettingsWords words;
    words.pictures = facts.pictures;
    words.classes = std::int64_t(facts.classes.size());
    words.backbone = settings.model.backbone;
    words.pretrained = !settings.model.weightsPath.empty();
    words.imageSize = settings.model.imageSize;
    if (const auto preprocess = resolvePreprocess(settings.model)) {
        words.imageSize = preprocess->inputSize;
    }
    words.partsFrozen = !settings.model.frozen.empty();
    const AugmentSpec& augment = settings.augment;
    const bool on = augment.strength > 0;
    words.mirrored = on && augment.flipHorizontal > 0;
    words.cropped = on && augment.cropMinArea < 1;
    AugmentSpec rest = augment;
    rest.flipHorizontal = 0;
    rest.cropMinArea = 1;
    words.otherwiseChanged = !augmentChangesNothing(rest);
    const TrainOptions options = resolvedOptions(settings.options, words.pretrained);
    words.rounds = options.epochs;
    words.learningRate = options.learningRate;
    words.batchSize = options.batchSize;
    words.warning = words.mirrored ? mirrorWarning(facts.classes) : std::string();
    return words;
}

std::string settingsSentence(const SettingsWords& words) {
    std::string changes = words.mirrored && words.cropped ? "mirrored and cropped"
                          : words.mirrored                ? "mirrored"
                          : words.cropped                 ? "cropped"
                                                          : "";
    if (words.otherwiseChanged) {
        changes += changes.empty() ? "randomly changed" : ", otherwise changed a little";
    }
    return thousandsText(words.pictures) + " pictures in " + thousandsText(words.classes) +
           " classes: " + words.backbone + (words.pretrained ? "" : " from scratch") + " at " +
           std::to_string(words.imageSize) + " px, " +
           (words.partsFrozen ? "partly frozen, " : "") +
           (changes.empty() ? "pictures as they are" : changes) + ", " +
           std::to_string(words.rounds) + (words.rounds == 1 ? " round." : " rounds.") +
           (words.warning.empty() ? "" : " Careful with mirroring: " + words.warning);
}

}  // namespace graft
