// Augmentation: from a decoded picture to the square that the network sees, by the spec and a
// seed. The preview calls this very function. Same picture, spec and seed give the same pixels,
// whatever the thread. Thread: any (pure function).
#pragma once

#include "core/base/image.h"
#include "core/data/augment_spec.h"
#include "core/data/preprocess.h"
#include "core/data/resize.h"

#include <cstdint>
#include <optional>

namespace graft {

/// The seed of one sample in one epoch.
std::uint64_t augmentSeed(std::uint64_t runSeed, std::int64_t epoch, std::int64_t sample);

/// Whether an alternating flip mirrors the sample in this epoch: by chance in the first one, and
/// from there on with `share` of the epochs as evenly as can be.
/// Source: Jordan, arXiv:2404.00498, section 3.6.
bool mirrorsInTurn(double share, std::uint64_t runSeed, std::int64_t epoch, std::int64_t sample);

/// A picture, or as much of it and as finely as it was decoded.
struct SourcePicture {
    const Image& image;
    int width = 0;        ///< px of the whole picture at full size
    int height = 0;       ///< px of the whole picture at full size
    int denominator = 1;  ///< `image` shows it this many times smaller
    int x = 0;            ///< column of the smaller picture where `image` begins
    int y = 0;            ///< row of the smaller picture where `image` begins
};

/// Whether views begin with a random crop; else they begin with the evaluation view.
bool cropsAtRandom(const AugmentSpec& spec);
/// The crop of a width x height picture, px at full size.
PixelRect randomCrop(int width, int height, const AugmentSpec& spec, std::uint64_t seed);
/// The largest of 8, 4, 2, 1 by which a picture may be divided when width x height of its pixels
/// are to become outWidth x outHeight: never so far that it would have to be magnified again.
int decodeDenominator(int width, int height, int outWidth, int outHeight);
/// What of the picture divided by `denominator` the crop needs.
PixelRect partForCrop(const PixelRect& crop, int denominator);
/// The crop at [inputSize, inputSize], into `out`.
void cropView(const SourcePicture& source, const PixelRect& crop, const Preprocess& preprocess,
              Image& out);
/// All other changes, on the [inputSize, inputSize] picture. `mirrored`: what mirrorsInTurn() says,
/// where that was asked; else the seed decides.
void changeView(Image& view, const AugmentSpec& spec, const Preprocess& preprocess,
                std::uint64_t seed, std::optional<bool> mirrored = {});

/// The three steps together: [inputSize, inputSize] RGB. With everything off:
/// evaluationView(image, preprocess). There are no epochs here: an alternating flip is by chance.
Image augmentImage(const Image& image, const AugmentSpec& spec, const Preprocess& preprocess,
                   std::uint64_t seed);

}  // namespace graft
