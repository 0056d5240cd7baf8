#include "core/data/augment_pipeline.h"

#include "core/base/rng.h"
#include "core/data/augment_ops.h"
#include "core/data/resize.h"

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

constexpr int kTries = 10;  // as torchvision, before the fallback
/// How much larger than the output a crop must be in the picture as decoded.
constexpr double kLeastShrink = 1.0;

/// All random numbers of one picture, drawn in one order whether or not they are needed: switching
/// one change on or off leaves the others as they were.
struct Draws {
    double cropArea[kTries];
    double cropAspect[kTries];
    double cropX = 0;
    double cropY = 0;
    double flipHorizontal = 0;
    double flipVertical = 0;
    double rotate = 0;  // from here on in -1..1 unless said
    double scale = 0;
    double shiftX = 0;
    double shiftY = 0;
    double corners[8];  // 0..1
    double brightness = 0;
    double contrast = 0;
    double saturation = 0;
    double hue = 0;
    double blur = 0;   // 0..1
    double noise = 0;  // 0..1
    double erase = 0;  // 0..1, as are the next
    double eraseArea[kTries];
    double eraseAspect[kTries];
    double eraseX = 0;
    double eraseY = 0;

    explicit Draws(std::uint64_t seed) {
        Rng rng("augment-draws", {seed});
        const auto unit = [&rng](double& value) { value = rng.uniform(); };
        const auto either = [&rng](double& value) { value = rng.uniform(-1.0, 1.0); };
        std::for_each(std::begin(cropArea), std::end(cropArea), unit);
        std::for_each(std::begin(cropAspect), std::end(cropAspect), either);
        for (double* value : {&cropX, &cropY, &flipHorizontal, &flipVertical}) {
            unit(*value);
        }
        for (double* value : {&rotate, &scale, &shiftX, &shiftY}) {
            either(*value);
        }
        std::for_each(std::begin(corners), std::end(corners), unit);
        for (double* value : {&brightness, &contrast, &saturation, &hue}) {
            either(*value);
        }
        for (double* value : {&blur, &noise, &erase}) {
            unit(*value);
        }
        std::for_each(std::begin(eraseArea), std::end(eraseArea), unit);
        std::for_each(std::begin(eraseAspect), std::end(eraseAspect), either);
        unit(eraseX);
        unit(eraseY);
    }
};

int atOrBefore(double unit, int last) {
    return std::min(last, int(unit * double(last + 1)));
}

/// torchvision's RandomResizedCrop.get_params; the ratio is drawn evenly in its logarithm.
PixelRect drawCrop(int pictureWidth, int pictureHeight, double minArea, double maxAspect,
                   const Draws& draws) {
    const double area = double(pictureWidth) * double(pictureHeight);
    for (int i = 0; i < kTries; ++i) {
        const double target = area * (minArea + (1.0 - minArea) * draws.cropArea[i]);
        const double ratio = std::exp(draws.cropAspect[i] * std::log(maxAspect));
        const int width = int(std::nearbyint(std::sqrt(target * ratio)));
        const int height = int(std::nearbyint(std::sqrt(target / ratio)));
        if (width > 0 && width <= pictureWidth && height > 0 && height <= pictureHeight) {
            return {atOrBefore(draws.cropX, pictureWidth - width),
                    atOrBefore(draws.cropY, pictureHeight - height), width, height};
        }
    }
    int width = pictureWidth;
    int height = pictureHeight;
    if (double(width) / height > maxAspect) {
        width = std::max(1, int(std::nearbyint(height * maxAspect)));
    } else if (double(height) / width > maxAspect) {
        height = std::max(1, int(std::nearbyint(width * maxAspect)));
    }
    return {(pictureWidth - width) / 2, (pictureHeight - height) / 2, width, height};
}

/// The ranges with the strength worked in, each back inside what makes sense.
AugmentSpec scaled(const AugmentSpec& spec) {
    const double s = std::max(0.0, spec.strength);
    AugmentSpec out = spec;
    out.cropMinArea = std::clamp(1.0 - s * (1.0 - spec.cropMinArea), 0.02, 1.0);
    out.cropMaxAspect = std::exp(s * std::log(std::max(1.0, spec.cropMaxAspect)));
    out.flipHorizontal = std::min(1.0, s * spec.flipHorizontal);
    out.flipVertical = std::min(1.0, s * spec.flipVertical);
    out.rotateDegrees = std::min(180.0, s * spec.rotateDegrees);
    out.scaleRange = std::min(0.9, s * spec.scaleRange);
    out.shiftRange = std::min(1.0, s * spec.shiftRange);
    out.perspective = std::min(0.45, s * spec.perspective);
    out.brightness = std::min(1.0, s * spec.brightness);
    out.contrast = std::min(1.0, s * spec.contrast);
    out.saturation = std::min(1.0, s * spec.saturation);
    out.hueDegrees = std::min(180.0, s * spec.hueDegrees);
    out.blurSigma = s * spec.blurSigma;
    out.noiseSigma = s * spec.noiseSigma;
    out.eraseProbability = std::min(1.0, s * spec.eraseProbability);
    return out;
}

void warpImage(Image& image, const AugmentSpec& spec, const Draws& draws) {
    const bool affine = spec.rotateDegrees > 0 || spec.scaleRange > 0 || spec.shiftRange > 0;
    if (!affine && spec.perspective <= 0) {
        return;
    }
    const double side = image.width;
    augment::Matrix3 map = augment::affineMap(
        image.width, image.height, draws.rotate * spec.rotateDegrees,
        1.0 + draws.scale * spec.scaleRange, draws.shiftX * spec.shiftRange * side,
        draws.shiftY * spec.shiftRange * side);
    if (spec.perspective > 0) {
        const double last = side - 1;
        const augment::Corners corners{{{0, 0}, {last, 0}, {last, last}, {0, last}}};
        augment::Corners moved = corners;
        for (std::size_t i = 0; i < 4; ++i) {
            for (std::size_t k = 0; k < 2; ++k) {
                const double inwards = draws.corners[2 * i + k] * spec.perspective * side;
                moved[i][k] += corners[i][k] > 0 ? -inwards : inwards;
            }
        }
        map = augment::multiply(map, augment::perspectiveMap(corners, moved));
    }
    image = augment::warp(image, map);
}

void recolour(Image& image, const AugmentSpec& spec, const Draws& draws) {
    if (spec.brightness > 0) {
        augment::adjustBrightness(image, 1.0 + draws.brightness * spec.brightness);
    }
    if (spec.contrast > 0) {
        augment::adjustContrast(image, 1.0 + draws.contrast * spec.contrast);
    }
    if (spec.saturation > 0) {
        augment::adjustSaturation(image, 1.0 + draws.saturation * spec.saturation);
    }
    if (spec.hueDegrees > 0) {
        augment::adjustHue(image, draws.hue * spec.hueDegrees / 360.0);
    }
}

/// torchvision's RandomErasing.get_params, filled with the mean colour (0 after normalisation).
void erase(Image& image, const AugmentSpec& spec, const Preprocess& preprocess,
           const Draws& draws) {
    if (draws.erase >= spec.eraseProbability) {
        return;
    }
    constexpr double kMinArea = 0.02;
    constexpr double kMaxAspect = 3.3;
    std::array<std::uint8_t, 3> colour{};
    for (std::size_t c = 0; c < 3; ++c) {
        colour[c] = std::uint8_t(std::clamp(std::round(preprocess.mean[c] * 255.0), 0.0, 255.0));
    }
    const double area = double(image.width) * double(image.height);
    const double maxArea = std::max(kMinArea, spec.eraseMaxArea);
    for (int i = 0; i < kTries; ++i) {
        const double target = area * (kMinArea + (maxArea - kMinArea) * draws.eraseArea[i]);
        const double ratio = std::exp(draws.eraseAspect[i] * std::log(kMaxAspect));
        const int width = int(std::nearbyint(std::sqrt(target / ratio)));
        const int height = int(std::nearbyint(std::sqrt(target * ratio)));
        if (width > 0 && width < image.width && height > 0 && height < image.height) {
            augment::fillRect(image, atOrBefore(draws.eraseX, image.width - width),
                              atOrBefore(draws.eraseY, image.height - height), width, height,
                              colour);
            return;
        }
    }
}

}  // namespace

std::uint64_t augmentSeed(std::uint64_t runSeed, std::int64_t epoch, std::int64_t sample) {
    return streamSeed("augment", {runSeed, std::uint64_t(epoch), std::uint64_t(sample)});
}

bool mirrorsInTurn(double share, std::uint64_t runSeed, std::int64_t epoch, std::int64_t sample) {
    // The n-th epoch mirrors where start + n * share passes a whole number.
    const double start = Rng("augment-turn", {runSeed, std::uint64_t(sample)}).uniform();
    const auto passed = [&](std::int64_t n) { return std::floor(start + double(n) * share); };
    return passed(epoch + 1) > passed(epoch);
}

bool cropsAtRandom(const AugmentSpec& spec) {
    return spec.strength > 0 && scaled(spec).cropMinArea < 1.0;
}

PixelRect randomCrop(int width, int height, const AugmentSpec& spec, std::uint64_t seed) {
    const AugmentSpec ranges = scaled(spec);
    return drawCrop(width, height, ranges.cropMinArea, ranges.cropMaxAspect, Draws(seed));
}

int decodeDenominator(int width, int height, int outWidth, int outHeight) {
    for (const int denominator : {8, 4, 2}) {
        if (width >= kLeastShrink * denominator * outWidth &&
            height >= kLeastShrink * denominator * outHeight) {
            return denominator;
        }
    }
    return 1;
}

PixelRect partForCrop(const PixelRect& crop, int denominator) {
    const int x = crop.x / denominator;
    const int y = crop.y / denominator;
    const auto end = [denominator](int value) { return (value + denominator - 1) / denominator; };
    return {x, y, end(crop.x + crop.width) - x, end(crop.y + crop.height) - y};
}

void cropView(const SourcePicture& source, const PixelRect& crop, const Preprocess& preprocess,
              Image& out) {
    const int side = preprocess.inputSize;
    if (source.image.empty()) {
        out = Image::blank(side, side);
        return;
    }
    const double scale = 1.0 / source.denominator;
    const double width = source.image.width;
    const double height = source.image.height;
    PixelBox box{scale * crop.x - source.x, scale * crop.y - source.y, scale * crop.width,
                 scale * crop.height};
    // A file may have fewer pixels than its header says.
    box.x = std::clamp(box.x, 0.0, width - 1);
    box.y = std::clamp(box.y, 0.0, height - 1);
    box.width = std::min(box.width, width - box.x);
    box.height = std::min(box.height, height - box.y);
    resizeInto(source.image, box, side, side, {0, 0, side, side}, preprocess.interpolation, out);
}

void changeView(Image& view, const AugmentSpec& spec, const Preprocess& preprocess,
                std::uint64_t seed, std::optional<bool> mirrored) {
    if (spec.strength <= 0) {
        return;
    }
    const AugmentSpec ranges = scaled(spec);
    const Draws draws(seed);
    if (mirrored.value_or(draws.flipHorizontal < ranges.flipHorizontal)) {
        augment::flipHorizontal(view);
    }
    if (draws.flipVertical < ranges.flipVertical) {
        augment::flipVertical(view);
    }
    warpImage(view, ranges, draws);
    recolour(view, ranges, draws);
    constexpr double kLeastSigma = 0.1;  // less changes nothing in 8 bits
    if (const double sigma = draws.blur * ranges.blurSigma; sigma > kLeastSigma) {
        view = augment::blur(view, sigma);
    }
    if (ranges.noiseSigma > 0) {
        augment::addNoise(view, draws.noise * ranges.noiseSigma, Rng("augment-noise", {seed}));
    }
    erase(view, ranges, preprocess, draws);
}

Image augmentImage(const Image& image, const AugmentSpec& spec, const Preprocess& preprocess,
                   std::uint64_t seed) {
    if (image.empty() || !cropsAtRandom(spec)) {
        Image view = evaluationView(image, preprocess);
        if (!image.empty()) {
            changeView(view, spec, preprocess, seed);
        }
        return view;
    }
    Image view;
    cropView({image, image.width, image.height, 1, 0, 0},
             randomCrop(image.width, image.height, spec, seed), preprocess, view);
    changeView(view, spec, preprocess, seed);
    return view;
}

}  // namespace graft
