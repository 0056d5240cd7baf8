#include "core/data/augment_spec.h"

namespace graft {
namespace {

constexpr const char* kGeometry = "Shape and position";
constexpr const char* kColour = "Light and colour";
constexpr const char* kTexture = "Sharpness and gaps";

using Spec = AugmentSpec;

FieldInfo field(const char* key, const char* label, const char* unit, const char* help, double min,
                double max, double step, const char* group) {
    FieldInfo info;
    info.key = key;
    info.label = label;
    info.unit = unit;
    info.help = help;
    info.min = min;
    info.max = max;
    info.step = step;
    info.group = group;
    return info;
}

FieldInfo expert(FieldInfo info) {
    info.expert = true;
    return info;
}

void addGeometry(FieldTable<Spec>& table) {
    table.add(
        &Spec::strength,
        field("strength", "Strength", "",
              "Scales every range below at once; 0 switches augmentation off.", 0, 2, 0.05, ""));
    table.add(&Spec::cropMinArea,
              field("crop_min_area", "Smallest crop", "",
                    "Random resized crop: the smallest share of the picture's area that is kept; "
                    "1 switches it off.",
                    0.05, 1, 0.05, kGeometry));
    table.add(&Spec::cropMaxAspect,
              expert(field("crop_max_aspect", "Crop stretch", "",
                           "Random resized crop: the largest ratio between the sides of the crop.",
                           1, 3, 0.05, kGeometry)));
    table.add(&Spec::flipHorizontal,
              field("flip_horizontal", "Mirror left-right", "",
                    "Probability of a horizontal flip. Leave at 0 where left and right differ, "
                    "as in text.",
                    0, 1, 0.05, kGeometry));
    table.add(&Spec::flipAlternates,
              expert(field("flip_alternates", "Mirror in turns", "",
                           "Mirrors a picture left-right in every other round instead of by chance "
                           "(alternating flip), so that both views are seen equally often.",
                           0, 1, 1, kGeometry)));
    table.add(&Spec::flipVertical,
              field("flip_vertical", "Mirror top-bottom", "",
                    "Probability of a vertical flip, for pictures without an up and down.", 0, 1,
                    0.05, kGeometry));
    table.add(&Spec::rotateDegrees,
              field("rotate_degrees", "Rotate", "°",
                    "Random rotation by up to this angle, either way; the border is mirrored.", 0,
                    180, 1, kGeometry));
    table.add(&Spec::scaleRange, field("scale_range", "Zoom", "",
                                       "Random zoom: a factor between 1 minus and 1 plus this.", 0,
                                       0.5, 0.01, kGeometry));
    table.add(&Spec::shiftRange,
              field("shift_range", "Shift", "",
                    "Random translation by up to this share of the side, in both directions.", 0,
                    0.5, 0.01, kGeometry));
    table.add(&Spec::perspective,
              field("perspective", "Perspective", "",
                    "Random perspective: corners move inwards by up to this share of the side.", 0,
                    0.4, 0.01, kGeometry));
}

void addColour(FieldTable<Spec>& table) {
    table.add(&Spec::brightness,
              field("brightness", "Brightness", "",
                    "Brightness factor between 1 minus and 1 plus this.", 0, 1, 0.05, kColour));
    table.add(&Spec::contrast,
              field("contrast", "Contrast", "",
                    "Contrast factor between 1 minus and 1 plus this, about the mean grey.", 0, 1,
                    0.05, kColour));
    table.add(&Spec::saturation,
              field("saturation", "Colourfulness", "",
                    "Saturation factor between 1 minus and 1 plus this; 0 would be grey.", 0, 1,
                    0.05, kColour));
    table.add(&Spec::hueDegrees,
              field("hue_degrees", "Hue", "°",
                    "Turns all colours round the colour circle by up to this angle, either way.", 0,
                    180, 1, kColour));
}

void addTexture(FieldTable<Spec>& table) {
    table.add(&Spec::blurSigma,
              field("blur_sigma", "Blur", "px",
                    "Gaussian blur with a standard deviation of up to this, at the input size.", 0,
                    8, 0.1, kTexture));
    table.add(&Spec::noiseSigma,
              field("noise_sigma", "Noise", "levels",
                    "Gaussian noise with a standard deviation of up to this many grey levels.", 0,
                    64, 1, kTexture));
    table.add(&Spec::eraseProbability,
              field("erase_probability", "Cover a part", "",
                    "Random erasing: probability that a grey rectangle covers a part of the "
                    "picture.",
                    0, 1, 0.05, kTexture));
    table.add(&Spec::eraseMaxArea,
              expert(field("erase_max_area", "Largest covered part", "",
                           "Random erasing: largest share of the area that is covered.", 0.02, 0.5,
                           0.01, kTexture)));
}

}  // namespace

const FieldTable<AugmentSpec>& augmentFields() {
    static const FieldTable<AugmentSpec> table = [] {
        FieldTable<AugmentSpec> fields;
        addGeometry(fields);
        addColour(fields);
        addTexture(fields);
        return fields;
    }();
    return table;
}

bool augmentChangesNothing(const AugmentSpec& spec) {
    AugmentSpec off;
    off.strength = spec.strength;
    off.cropMaxAspect = spec.cropMaxAspect;
    off.flipAlternates = spec.flipAlternates;
    off.eraseMaxArea = spec.eraseMaxArea;
    return spec.strength <= 0 || spec == off;
}

bool augmentOnlyFlips(const AugmentSpec& spec) {
    AugmentSpec unflipped = spec;
    unflipped.flipHorizontal = 0;
    unflipped.flipVertical = 0;
    return !augmentChangesNothing(spec) && augmentChangesNothing(unflipped);
}

const std::vector<std::string>& augmentPresetNames() {
    static const std::vector<std::string> names{"none", "light", "medium", "strong"};
    return names;
}

Result<AugmentSpec> augmentPreset(const std::string& name) {
    AugmentSpec spec;
    if (name == "none") {
        return spec;
    }
    spec.flipHorizontal = 0.5;
    if (name == "light") {
        spec.cropMinArea = 0.6;
        spec.brightness = 0.1;
        spec.contrast = 0.1;
        return spec;
    }
    if (name == "medium") {
        spec.cropMinArea = 0.4;
        spec.rotateDegrees = 10;
        spec.brightness = 0.2;
        spec.contrast = 0.2;
        spec.saturation = 0.2;
        spec.hueDegrees = 5;
        return spec;
    }
    if (name == "strong") {
        spec.cropMinArea = 0.2;
        spec.rotateDegrees = 20;
        spec.scaleRange = 0.1;
        spec.shiftRange = 0.05;
        spec.perspective = 0.1;
        spec.brightness = 0.4;
        spec.contrast = 0.4;
        spec.saturation = 0.4;
        spec.hueDegrees = 15;
        spec.blurSigma = 1.0;
        spec.noiseSigma = 5;
        spec.eraseProbability = 0.25;
        return spec;
    }
    return Error{ErrorCode::InvalidArgument,
                 "There is no augmentation preset \"" + name + "\".",
                 {},
                 "The presets are none, light, medium and strong."};
}

}  // namespace graft
