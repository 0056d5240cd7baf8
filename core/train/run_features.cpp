// The part of TrainRun that takes the frozen part's output from the feature cache.
#include "core/base/amounts.h"
#include "core/train/train_run.h"

#include "core/base/atomic_file.h"
#include "core/base/machine.h"
#include "core/base/stopwatch.h"

#include <algorithm>

namespace graft {

void TrainRun::prepareFeatures() {
    if (m_job.options.featureCache == "off") {
        return;
    }
    constexpr std::uint64_t kMostMemory = 1u << 30;
    FeatureCache::Settings settings;
    settings.memoryBytes = m_job.cacheMemoryBytes >= 0
                               ? std::uint64_t(m_job.cacheMemoryBytes)
                               : std::min(kMostMemory, availableMemory() / 8);
    if (m_job.options.featureCache == "auto" && !m_job.cacheFolder.empty()) {
        settings.folder = m_job.cacheFolder;
        settings.diskBytes = m_job.options.featureDiskMb < 0
                                 ? defaultFeatureDiskBytes(m_job.cacheFolder)
                                 : std::uint64_t(m_job.options.featureDiskMb) * 1000000;
    }
    const std::uint64_t room = std::max(settings.memoryBytes, settings.diskBytes);
    m_cache = std::make_shared<FeatureCache>(std::move(settings));
    m_trainFeatures = std::make_unique<FeatureSource>(
        m_classifier, m_cache, m_trainItems, contentIdentities(m_job.dataset, m_trainItems));
    m_validationFeatures = std::make_unique<FeatureSource>(
        m_classifier, m_cache, m_validationItems,
        contentIdentities(m_job.dataset, m_validationItems));
    if (!m_restored) {
        measureRoom(room);
    }
}

void TrainRun::measureRoom(std::uint64_t room) {
    constexpr std::int64_t kMostByItself = 8;  // of cachedVariants()
    const std::int64_t most = std::max<std::int64_t>(m_job.options.augmentVariants, kMostByItself);
    m_state.featureFits.clear();
    for (const std::int64_t numbers : m_classifier->featureSizes()) {
        const std::uint64_t row = std::uint64_t(numbers) * sizeof(float);
        const std::uint64_t once = m_validationFeatures->bytesFor(row);
        const std::uint64_t each = m_trainFeatures->bytesFor(row);
        m_state.featureFits.push_back(
            room < once ? 0 : std::min(most, std::int64_t((room - once) / each)));
    }
}

std::int64_t TrainRun::variantsThatFit(std::size_t stage) const {
    return stage == 0 || stage > m_state.featureFits.size() ? 0 : m_state.featureFits[stage - 1];
}

AugmentSpec TrainRun::augmentNow() const {
    AugmentSpec augment = m_job.augment;
    augment.strength = m_state.augmentStrength;
    return augment;
}

std::int64_t TrainRun::variantNow() const {
    return m_state.featureVariants > 0 ? m_state.epoch % m_state.featureVariants : m_state.epoch;
}

// Epochs from this one on during which, as far as is known now, the same parts stay frozen.
std::int64_t TrainRun::epochsLeftAlike() const {
    const std::int64_t headFirst = m_job.options.headEpochs - m_state.epoch;
    return headFirst > 0 ? headFirst : m_job.options.epochs - m_state.epoch;
}

const FeatureBoundary& TrainRun::boundary(bool forTraining) {
    std::optional<FeatureBoundary>& cut = forTraining ? m_boundary : m_validationBoundary;
    if (!cut) {
        cut = featureBoundary(*m_classifier, forTraining);
        if (m_cache && (!m_boundary || !m_validationBoundary)) {
            m_cache->beginUse();  // the first of the two after a change
        }
    }
    return *cut;
}

// Something was frozen or thawed between two steps. In the middle of an epoch its rest goes on with
// pictures: filling a cache for it would cost a whole epoch's work.
void TrainRun::boundaryMayHaveMoved() {
    const std::size_t now = m_classifier->frozenBoundary();
    if ((m_boundary && m_boundary->stage == now) ||
        (m_validationBoundary && m_validationBoundary->stage == now)) {
        return;  // what is in front of it was frozen before and is now: nothing in it has changed
    }
    m_boundary.reset();
    m_validationBoundary.reset();
    if (leaveFeatures() || m_state.batch == 0) {
        beginEpoch();
    }
}

// True when the epoch under way used them; whoever calls it starts the loader again.
bool TrainRun::leaveFeatures() {
    m_missing.clear();
    m_nextMissing = 0;
    if (m_state.featureStage == 0) {
        return false;
    }
    m_state.featureStage = 0;
    m_secondsPerImage = 0;  // cached and other steps differ a hundredfold
    return true;
}

void TrainRun::giveUpFeatures() {
    leaveFeatures();
    std::fill(m_state.featureFits.begin(), m_state.featureFits.end(), 0);
    startLoading();
    TrainEvent notice;
    notice.text =
        "There is no room for the features of frozen parts; they are computed in every round.";
    send(std::move(notice));
}

void TrainRun::planFeatures() {
    const std::int64_t before = m_state.featureStage;
    m_state.featureStage = 0;
    m_state.featureVariants = std::max(0, m_job.options.augmentVariants);
    const std::int64_t variants = cachedVariants(m_job.options, augmentNow());
    const bool fullSize = pictureSizeNow() == m_classifier->preprocess().inputSize;
    if (m_cache && fullSize && variants > 0 && m_classifier->frozenBoundary() > 0) {
        const FeatureBoundary& cut = boundary(true);
        // Vectors behind the pooling are small and serve later runs, too; maps must be worth it, and
        // are from then on: the last rounds find what the first ones computed.
        const bool inUse = before == std::int64_t(cut.stage);
        const bool worthIt = cut.pooled || inUse || epochsLeftAlike() > variants;
        if (worthIt && variants <= variantsThatFit(cut.stage)) {
            m_state.featureStage = std::int64_t(cut.stage);
            m_state.featureVariants = variants;
            announceFeatures(variants);
        }
    }
    if (before != m_state.featureStage) {
        m_secondsPerImage = 0;
    }
}

void TrainRun::announceFeatures(std::int64_t variants) {
    if (m_announced == m_boundary->digest) {
        return;
    }
    m_announced = m_boundary->digest;
    const std::uint64_t bytes =
        std::uint64_t(variants) * m_trainFeatures->bytesFor(m_boundary->rowBytes());
    TrainEvent notice;
    notice.text = "Frozen parts do not change, so their work is done once and kept: " +
                  std::to_string(m_trainItems.size()) + " pictures" +
                  (variants > 1 ? ", " + std::to_string(variants) + " variants of each" : "") +
                  ", " + bytesText(bytes) + ".";
    send(std::move(notice));
}

void TrainRun::tellLayersLeftOut() {
    if (!m_cache || cachedVariants(m_job.options, augmentNow()) == 0) {
        return;
    }
    const std::vector<std::string> layers = layersLeftOut(*m_classifier);
    if (layers.empty()) {
        return;
    }
    constexpr std::size_t kMostNames = 3;
    std::string names = layers.front();
    for (std::size_t i = 1; i < std::min(layers.size(), kMostNames); ++i) {
        names += ", " + layers[i];
    }
    TrainEvent notice;
    notice.text = "Some frozen parts are computed anew in every round, because layers in front of "
                  "them still learn: " +
                  names + (layers.size() > kMostNames ? ", ..." : "") + ".";
    send(std::move(notice));
}

void TrainRun::startLoading() {
    const AugmentSpec augment = augmentNow();
    m_missing.clear();
    m_nextMissing = 0;
    if (m_state.featureStage != std::int64_t(m_classifier->frozenBoundary())) {
        m_state.featureStage = 0;  // never so, unless a checkpoint contradicts itself
    }
    if (m_state.featureStage == 0) {
        m_loader->start(m_batches, std::size_t(m_state.batch), variantNow(), augment);
        return;
    }
    m_trainFeatures->select(boundary(true), augment, std::uint64_t(m_job.options.seed), variantNow());
    m_missing = m_trainFeatures->missing();
    std::vector<std::vector<std::size_t>> blocks;
    for (const std::size_t block : m_missing) {
        blocks.push_back(m_trainFeatures->members(block));
    }
    m_loader->start(std::move(blocks), 0, variantNow(), augment);
}

// Takes the loader's next batch as the pictures of `block`.
Status TrainRun::addBlock(FeatureSource& source, std::size_t block, BatchLoader& loader) {
    const auto start = Clock::now();
    std::optional<Batch> batch = loader.next();
    if (!batch) {
        return Error{ErrorCode::Internal, "The loader ended before the features did.", {}, {}};
    }
    tellProblems(batch->problems);
    const bool kept = source.add(block, *batch);
    const double seconds = secondsSince(start);
    const double each = seconds / double(source.members(block).size());
    m_secondsPerFeature = m_secondsPerFeature == 0 ? each : 0.8 * m_secondsPerFeature + 0.2 * each;
    m_featuresComputed += std::int64_t(source.members(block).size());
    tellDiskProblem();
    if (!kept) {
        return Error{ErrorCode::TooLarge, "There is no room for the features of frozen parts.", {},
                     {}};
    }
    return {};
}

void TrainRun::tellDiskProblem() {
    if (const std::optional<Error> problem = m_cache->takeDiskProblem()) {
        TrainEvent notice;
        notice.error = *problem;
        notice.text = "The feature cache is no longer written to the disk; training goes on. " +
                      problem->message;
        send(std::move(notice));
    }
}

Status TrainRun::fillFeatures() {
    const std::size_t block = m_missing[m_nextMissing];
    const Status added = addBlock(*m_trainFeatures, block, *m_loader);
    if (!added && added.error().code != ErrorCode::TooLarge) {
        return added;
    }
    ++m_nextMissing;
    if (!added) {
        giveUpFeatures();
    }
    return {};
}

Status TrainRun::stepFromCache() {
    const auto start = Clock::now();
    const std::vector<std::size_t>& wanted = m_batches[std::size_t(m_state.batch)];
    m_featuresAsked += std::int64_t(wanted.size());
    FeatureSource::Gathered gathered = m_trainFeatures->gather(wanted);
    while (!gathered.lost.empty()) {
        std::vector<std::vector<std::size_t>> blocks;
        for (const std::size_t block : gathered.lost) {
            blocks.push_back(m_trainFeatures->members(block));
        }
        m_loader->start(std::move(blocks), 0, variantNow(), augmentNow());
        for (const std::size_t block : gathered.lost) {
            const Status added = addBlock(*m_trainFeatures, block, *m_loader);
            if (!added && added.error().code == ErrorCode::TooLarge) {
                giveUpFeatures();
                return stepFromPictures();
            }
            GRAFT_CHECK(added);
        }
        gathered = m_trainFeatures->gather(wanted);
    }
    if (gathered.items.size() >= 2) {
        std::vector<std::int64_t> targets;
        for (const std::size_t item : gathered.items) {
            targets.push_back(m_trainItems[item].target);
        }
        GRAFT_CHECK(update(std::size_t(m_state.featureStage), gathered.features, targets));
        noteSpeed(secondsSince(start), targets.size());
    }
    return {};
}

}  // namespace graft
