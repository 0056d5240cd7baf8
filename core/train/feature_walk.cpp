#include "core/train/feature_walk.h"

#include <algorithm>

namespace graft {

FeatureWalk::FeatureWalk(FeatureSource& source, std::vector<std::size_t> blocks, Load load)
    : m_source(source), m_blocks(std::move(blocks)), m_load(std::move(load)) {
    std::copy_if(m_blocks.begin(), m_blocks.end(), std::back_inserter(m_missing),
                 [&source](std::size_t block) { return !source.has(block); });
}

void FeatureWalk::startLoading() {
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t i = m_nextMissing; i < m_missing.size(); ++i) {
        batches.push_back(m_source.members(m_missing[i]));
    }
    m_loader = m_load(std::move(batches));
}

std::optional<FeatureWalk::Step> FeatureWalk::next() {
    if (m_at == m_blocks.size()) {
        return std::nullopt;
    }
    const std::size_t block = m_blocks[m_at++];
    Step step;
    if (m_nextMissing == m_missing.size() || m_missing[m_nextMissing] != block) {
        step.gathered = m_source.gatherBlock(block);
        if (step.gathered.lost.empty()) {
            return step;
        }
        // One that was there a moment ago was deleted by someone.
        m_missing.insert(m_missing.begin() + std::ptrdiff_t(m_nextMissing), block);
        m_loader = nullptr;
    }
    if (!m_loader) {
        startLoading();
    }
    std::optional<Batch> batch = m_loader->next();
    ++m_nextMissing;
    (void)m_source.add(block, *batch);  // without room it serves this once
    step.problems = std::move(batch->problems);
    step.gathered = m_source.gatherBlock(block);
    return step;
}

std::vector<std::size_t> spreadBlocks(const FeatureSource& source, std::size_t wanted) {
    const std::size_t count = source.blockCount();
    const std::size_t take =
        std::min(count, (wanted + FeatureSource::kBlockSize - 1) / FeatureSource::kBlockSize);
    std::vector<std::size_t> blocks;
    for (std::size_t i = 0; i < take; ++i) {
        blocks.push_back((2 * i + 1) * count / (2 * take));
    }
    return blocks;
}

}  // namespace graft
