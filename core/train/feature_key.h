// The key of a feature block: a hash over everything that its numbers depend on, to the last bit.
// Apart from the source so that a test can change one thing at a time. Includes torch; private to
// core/train. Thread: any.
#pragma once

#include "core/train/feature_source.h"

#include <optional>
#include <string>
#include <vector>

namespace graft {

/// Which pixels of a picture.
struct FeatureView {
    std::optional<AugmentSpec> augment;  ///< null or changing nothing: the evaluation view
    std::uint64_t seed = 0;
    std::int64_t variant = 0;
};

struct FeatureMember {
    std::string identity;  ///< of the file's content
    SampleId id = 0;       ///< goes into the augmentation's seed
};

/// 64 hexadecimal digits. `boundary.digest` stands for the network.
std::string featureKey(const FeatureBoundary& boundary, const Preprocess& preprocess,
                       const FeatureView& view, const std::vector<FeatureMember>& members);

/// Hash over weights and buffers in front of the cut, the cut itself, and what else decides the
/// last bits: `computeType` of the maps, LibTorch's version, the processor's instructions, the
/// number of threads.
std::string boundaryDigest(const Classifier& classifier, std::size_t stage,
                           torch::ScalarType computeType);

}  // namespace graft
