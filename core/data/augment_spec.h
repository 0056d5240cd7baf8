// AugmentSpec: which random changes training pictures get, each with its range. A spec is a value
// that is stored, compared and shown as a form; augmentation itself is in augment_pipeline.
// Thread: any (plain value).
#pragma once

#include "core/base/fields.h"

#include <string>
#include <vector>

namespace graft {

struct AugmentSpec {
    double strength = 1.0;          ///< scales every range below; 0 switches all off
    double cropMinArea = 1.0;       ///< random resized crop: smallest share of the area; 1 = off
    double cropMaxAspect = 1.3333;  ///< largest side ratio of the crop
    double flipHorizontal = 0;      ///< probability
    /// Instead of by chance in each round, a picture is mirrored left-right in the rounds between
    /// those in which it is not (alternating flip; with flipHorizontal 0.5 in every other one).
    bool flipAlternates = false;
    double flipVertical = 0;        ///< probability
    double rotateDegrees = 0;       ///< uniform in +- this
    double scaleRange = 0;          ///< factor uniform in 1 +- this
    double shiftRange = 0;          ///< share of the side, +- this
    double perspective = 0;         ///< corners move inwards by up to this share of the side
    double brightness = 0;          ///< factor uniform in 1 +- this
    double contrast = 0;            ///< factor uniform in 1 +- this
    double saturation = 0;          ///< factor uniform in 1 +- this
    double hueDegrees = 0;          ///< shift uniform in +- this
    double blurSigma = 0;           ///< px at the input size, uniform in 0..this
    double noiseSigma = 0;          ///< grey levels, Gaussian
    double eraseProbability = 0;    ///< random erasing
    double eraseMaxArea = 0.2;      ///< largest erased share of the area
    bool operator==(const AugmentSpec&) const = default;
};

const FieldTable<AugmentSpec>& augmentFields();

/// Every picture stays as it is: the evaluation view.
bool augmentChangesNothing(const AugmentSpec& spec);
/// Nothing but mirroring is on.
bool augmentOnlyFlips(const AugmentSpec& spec);

/// "none", "light", "medium", "strong".
const std::vector<std::string>& augmentPresetNames();
Result<AugmentSpec> augmentPreset(const std::string& name);

}  // namespace graft
