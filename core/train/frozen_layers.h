// FrozenLayers: which layers are frozen by wish and which only during the head-first epochs, and
// the one place that tells the classifier. Includes torch; for core/train only.
// Thread: the run's.
#pragma once

#include "core/nn/classifier.h"

#include <set>
#include <string>
#include <vector>

namespace graft {

class FrozenLayers {
  public:
    /// Starts from what the classifier has frozen now.
    explicit FrozenLayers(std::shared_ptr<Classifier> classifier);

    /// `path`: any node of the layer tree, "backbone" or "head". Error InvalidArgument.
    Status setFrozen(const std::string& path, bool frozen);
    /// Head first: all but the head is held frozen until release.
    void holdBackbone();
    void releaseBackbone();

    /// For checkpoints: leaf layer paths.
    std::vector<std::string> wished() const { return {m_wished.begin(), m_wished.end()}; }
    std::vector<std::string> held() const { return {m_held.begin(), m_held.end()}; }
    Status restore(const std::vector<std::string>& wished, const std::vector<std::string>& held);

  private:
    Status apply();

    std::shared_ptr<Classifier> m_classifier;
    std::set<std::string> m_wished;
    std::set<std::string> m_held;
};

/// Paths of the leaf layers at or below `path`; empty if there is no such node.
std::vector<std::string> leafLayers(const LayerNode& tree, const std::string& path);

/// The layers that keep frozen stages from being computed only once: they learn in the first stage
/// that is not wholly frozen, though others there are frozen, and so is the stage behind it ("bn1",
/// where "conv1" and "layer1" are frozen). Empty: there are none.
std::vector<std::string> layersLeftOut(const Classifier& classifier);

}  // namespace graft
