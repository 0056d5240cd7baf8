// Which networks are made for small pictures: of few numbers, pretrained on little, and so tuned by
// rules of their own. Thread: any.
#pragma once

#include "core/nn/model_spec.h"

namespace graft {

constexpr int kSmallPicture = 96;  ///< px; BiT-HyperRule's border

inline bool isForSmallPictures(const BackboneInfo& info) {
    return info.defaultImageSize < kSmallPicture;
}

}  // namespace graft
