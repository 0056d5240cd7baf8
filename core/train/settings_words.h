// What settings amount to, in words. Thread: any (pure functions).
#pragma once

#include "core/train/suggest_settings.h"

namespace graft {

/// The words of "1,000 photos in 2 classes: mobilenet_v2 at 224 px, mirrored and cropped, 10 rounds",
/// by which the window makes its own sentence.
struct SettingsWords {
    std::int64_t pictures = 0;
    std::int64_t classes = 0;
    std::string backbone;
    int imageSize = 0;
    bool pretrained = false;
    bool partsFrozen = false;  ///< some, or all but the new part
    bool mirrored = false;
    bool cropped = false;
    bool otherwiseChanged = false;  ///< turned, coloured, ...
    int rounds = 0;
    double learningRate = 0;
    int batchSize = 0;
    std::string warning;  ///< mirrorWarning() when pictures are mirrored
};
SettingsWords settingsWords(const DatasetFacts& facts, const Settings& settings);
std::string settingsSentence(const SettingsWords& words);

}  // namespace graft
