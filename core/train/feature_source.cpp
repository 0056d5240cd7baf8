#include "core/train/feature_source.h"

#include "core/nn/batch_tensor.h"
#include "core/train/feature_key.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace graft {
namespace {

// Rows are stored as they lie in memory: channels last for maps.
torch::Tensor asStored(const torch::Tensor& features) {
    return features.dim() == 4 ? features.contiguous(torch::MemoryFormat::ChannelsLast)
                               : features.contiguous();
}

}  // namespace

std::uint64_t FeatureBoundary::rowBytes() const {
    const std::int64_t numbers = std::accumulate(shape.begin(), shape.end(), std::int64_t(1),
                                                 std::multiplies<std::int64_t>());
    return std::uint64_t(numbers) * std::uint64_t(torch::elementSize(type));
}

FeatureSource::FeatureSource(std::shared_ptr<Classifier> classifier,
                             std::shared_ptr<FeatureCache> cache, std::vector<LoaderItem> items,
                             std::vector<std::string> identities)
    : m_classifier(std::move(classifier)),
      m_cache(std::move(cache)),
      m_items(std::move(items)),
      m_identities(std::move(identities)) {
    std::vector<std::size_t> order(m_items.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    m_blocks = cutBatches(order, kBlockSize, false);
}

void FeatureSource::select(const FeatureBoundary& boundary,
                           const std::optional<AugmentSpec>& augment, std::uint64_t seed,
                           std::int64_t variant) {
    m_boundary = boundary;
    m_last.reset();
    m_keys.clear();
    const FeatureView view{augment, seed, variant};
    for (const std::vector<std::size_t>& members : m_blocks) {
        std::vector<FeatureMember> named;
        for (const std::size_t item : members) {
            named.push_back({m_identities[item], m_items[item].id});
        }
        m_keys.push_back(featureKey(boundary, m_classifier->preprocess(), view, named));
    }
}

bool FeatureSource::has(std::size_t block) {
    return (m_last && m_lastBlock == block) || m_cache->has(m_keys[block]);
}

std::vector<std::size_t> FeatureSource::missing() {
    std::vector<std::size_t> blocks;
    for (std::size_t i = 0; i < m_blocks.size(); ++i) {
        if (!has(i)) {
            blocks.push_back(i);
        }
    }
    return blocks;
}

bool FeatureSource::add(std::size_t block, const Batch& batch) {
    auto kept = std::make_shared<FeatureBlock>();
    kept->rowBytes = m_boundary.rowBytes();
    for (const std::size_t item : batch.items) {
        const auto at = std::find(m_blocks[block].begin(), m_blocks[block].end(), item);
        kept->places.push_back(std::uint32_t(at - m_blocks[block].begin()));
    }
    if (batch.count > 0) {
        const torch::NoGradGuard noGrad;
        m_classifier->setTraining(m_boundary.forTraining);
        const torch::Tensor features = asStored(
            m_classifier
                ->forwardTo(m_boundary.stage, pixelTensor(batch))
                .to(m_boundary.type));
        const char* bytes = static_cast<const char*>(features.data_ptr());
        kept->bytes.assign(bytes, bytes + features.nbytes());
    }
    // A picture that cannot be read today may be readable tomorrow.
    const bool whole = batch.problems.empty();
    if (m_cache->insert(m_keys[block], kept, whole)) {
        m_last.reset();
        return true;
    }
    m_lastBlock = block;
    m_last = std::move(kept);
    return false;
}

torch::Tensor FeatureSource::emptyFeatures(std::int64_t count) const {
    std::vector<std::int64_t> sizes{count};
    sizes.insert(sizes.end(), m_boundary.shape.begin(), m_boundary.shape.end());
    return sizes.size() == 4 ? torch::empty(sizes, torch::TensorOptions(m_boundary.type),
                                            torch::MemoryFormat::ChannelsLast)
                             : torch::empty(sizes, m_boundary.type);
}

FeatureCache::Row FeatureSource::copyRow(std::size_t block, std::uint32_t place, char* to) {
    const std::uint64_t rowBytes = m_boundary.rowBytes();
    if (m_last && m_lastBlock == block) {
        const auto at = std::find(m_last->places.begin(), m_last->places.end(), place);
        if (at == m_last->places.end()) {
            return FeatureCache::Row::Unread;
        }
        const auto index = std::uint64_t(at - m_last->places.begin());
        std::memcpy(to, m_last->bytes.data() + index * rowBytes, rowBytes);
        return FeatureCache::Row::Copied;
    }
    return m_cache->row(m_keys[block], place, rowBytes, to);
}

FeatureSource::Gathered FeatureSource::gatherBlock(std::size_t block) {
    const std::shared_ptr<const FeatureBlock> found =
        m_last && m_lastBlock == block ? m_last : m_cache->block(m_keys[block]);
    Gathered gathered;
    if (!found || found->rowBytes != m_boundary.rowBytes()) {
        gathered.lost.push_back(block);
        return gathered;
    }
    for (const std::uint32_t place : found->places) {
        gathered.items.push_back(m_blocks[block][place]);
    }
    if (!gathered.items.empty()) {
        gathered.features = emptyFeatures(std::int64_t(gathered.items.size()));
        std::memcpy(gathered.features.data_ptr(), found->bytes.data(), found->bytes.size());
    }
    return gathered;
}

FeatureSource::Gathered FeatureSource::gather(const std::vector<std::size_t>& items) {
    Gathered gathered;
    const std::uint64_t rowBytes = m_boundary.rowBytes();
    const torch::Tensor features = emptyFeatures(std::int64_t(items.size()));
    char* to = static_cast<char*>(features.data_ptr());
    for (const std::size_t item : items) {
        const std::size_t block = item / kBlockSize;
        switch (copyRow(block, std::uint32_t(item % kBlockSize), to)) {
            case FeatureCache::Row::Copied:
                gathered.items.push_back(item);
                to += rowBytes;
                break;
            case FeatureCache::Row::Unread:
                break;
            case FeatureCache::Row::Missing:
                if (std::find(gathered.lost.begin(), gathered.lost.end(), block) ==
                    gathered.lost.end()) {
                    gathered.lost.push_back(block);
                }
        }
    }
    if (!gathered.items.empty()) {
        gathered.features = features.narrow(0, 0, std::int64_t(gathered.items.size()));
    }
    return gathered;
}

std::uint64_t FeatureSource::bytesFor(std::uint64_t rowBytes) const {
    constexpr std::uint64_t kPerRow = 64;  // header and file system
    return m_items.size() * (rowBytes + kPerRow);
}

}  // namespace graft
