// Augmentation: from a decoded picture to the square that the network sees, by the spec and a
// seed. The preview calls this very function. Same picture, spec and seed give the same pixels,
// whatever the thread. Thread: any (pure function).
#pragma once

#include "core/base/image.h"
#include "core/data/augment_spec.h"
#include "core/data/preprocess.h"

#include <cstdint>

namespace graft {

/// The seed of one sample in one epoch.
std::uint64_t augmentSeed(std::uint64_t runSeed, std::int64_t epoch, std::int64_t sample);

/// [inputSize, inputSize] RGB. With everything off: evaluationView(image, preprocess).
Image augmentImage(const Image& image, const AugmentSpec& spec, const Preprocess& preprocess,
                   std::uint64_t seed);

}  // namespace graft
