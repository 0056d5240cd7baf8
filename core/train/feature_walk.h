// FeatureWalk: the features of some blocks of a FeatureSource in order, computed from their pictures
// where they are missing. Works without any room in the cache, too: each block is then computed when
// its turn comes. Includes torch; for core/train only. Thread: the run's.
#pragma once

#include "core/train/feature_source.h"

#include <functional>
#include <optional>
#include <vector>

namespace graft {

class FeatureWalk {
  public:
    /// Starts loading these lists of items; the loader lives until it is asked again.
    using Load = std::function<BatchLoader*(std::vector<std::vector<std::size_t>> batches)>;
    struct Step {
        FeatureSource::Gathered gathered;  ///< of the block's pictures that could be read
        std::vector<Problem> problems;     ///< of those that could not, when they were loaded now
    };

    /// What `source` has selected; it must stay so meanwhile.
    FeatureWalk(FeatureSource& source, std::vector<std::size_t> blocks, Load load);
    /// The next block; nullopt after the last. Blocks until it is there.
    std::optional<Step> next();

  private:
    void startLoading();

    FeatureSource& m_source;
    std::vector<std::size_t> m_blocks;
    Load m_load;
    std::size_t m_at = 0;
    std::vector<std::size_t> m_missing;  // blocks in order, those behind m_nextMissing are to come
    std::size_t m_nextMissing = 0;
    BatchLoader* m_loader = nullptr;
};

/// All blocks of a source, or about `wanted` pictures of it in blocks spread evenly.
std::vector<std::size_t> spreadBlocks(const FeatureSource& source, std::size_t wanted);

}  // namespace graft
