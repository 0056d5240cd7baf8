// FeatureSource: the frozen part's output for one list of pictures, taken from a FeatureCache and
// computed where it is missing. Pictures always go through the network in the same fixed blocks,
// whatever the order of training: the same picture in another batch differs in its last bits, and a
// cache that was lost must come back with the same bits. Includes torch; for core/train only.
// Thread: the run's.
#pragma once

#include "core/data/augment_spec.h"
#include "core/data/batch_loader.h"
#include "core/nn/classifier.h"
#include "core/train/feature_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace graft {

/// Where the network is cut and what comes out there.
struct FeatureBoundary {
    std::size_t stage = 0;  ///< forwardTo(stage, x) gives the features
    bool pooled = false;    ///< [F] behind the pooling instead of a map
    /// As training computes it, which may be less precise than what evaluation does.
    bool forTraining = false;
    std::vector<std::int64_t> shape;  ///< of one picture: {F, H, W}, {T, F} or {F}
    torch::ScalarType type = torch::kFloat32;
    std::string digest;  ///< of everything in front of the cut

    std::uint64_t rowBytes() const;
};

/// The boundary at the end of the classifier's frozen part, and its digest. Runs a blank picture
/// through the network to learn the shape.
FeatureBoundary featureBoundary(Classifier& classifier, bool forTraining);

/// What tells the content of each item's file: the hash of the import while size and time are still
/// those, else what they are now.
std::vector<std::string> contentIdentities(const Dataset& dataset,
                                           const std::vector<LoaderItem>& items);

class FeatureSource {
 public:
    /// Pictures that go through the network together.
    static constexpr int kBlockSize = 32;

    /// `identities` as contentIdentities(items).
    FeatureSource(std::shared_ptr<Classifier> classifier, std::shared_ptr<FeatureCache> cache,
                  std::vector<LoaderItem> items, std::vector<std::string> identities);

    /// What the other functions speak of from here on. `augment` null (or changing nothing): the
    /// evaluation view; else the pixels of augmentSeed(seed, variant, sample).
    void select(const FeatureBoundary& boundary, const std::optional<AugmentSpec>& augment,
                std::uint64_t seed, std::int64_t variant);

    std::size_t blockCount() const { return m_blocks.size(); }
    const std::vector<std::size_t>& members(std::size_t block) const { return m_blocks[block]; }
    bool has(std::size_t block);
    std::vector<std::size_t> missing();
    /// Computes a block from its loaded pictures and keeps it. False: neither memory nor disk has
    /// room; only the block added last is remembered then.
    bool add(std::size_t block, const Batch& batch);
    struct Gathered {
        torch::Tensor features;  ///< [n, ...]; undefined when n is 0
        std::vector<std::size_t> items;
        std::vector<std::size_t> lost;  ///< blocks that are gone; add() them and ask again
    };
    /// The pictures of a block that could be read, in order.
    Gathered gatherBlock(std::size_t block);

    Gathered gather(const std::vector<std::size_t>& items);

    /// Bytes of one variant of all items when a picture has `rowBytes`.
    std::uint64_t bytesFor(std::uint64_t rowBytes) const;

 private:
    torch::Tensor emptyFeatures(std::int64_t count) const;
    FeatureCache::Row copyRow(std::size_t block, std::uint32_t place, char* to);

    std::shared_ptr<Classifier> m_classifier;
    std::shared_ptr<FeatureCache> m_cache;
    std::vector<LoaderItem> m_items;
    std::vector<std::string> m_identities;
    std::vector<std::vector<std::size_t>> m_blocks;
    FeatureBoundary m_boundary;
    std::vector<std::string> m_keys;  // by block
    std::size_t m_lastBlock = 0;
    std::shared_ptr<const FeatureBlock> m_last;  // of m_lastBlock, when the cache had no room
};

}  // namespace graft
