// The layer tree of a network: stages, blocks and layers with plain labels. Includes torch;
// private to core/nn. Thread: any.
#pragma once

#include "core/nn/network.h"

namespace graft {

/// Of a network with a replaced head; the last child is the head.
LayerNode buildLayerTree(const Network& network);

}  // namespace graft
