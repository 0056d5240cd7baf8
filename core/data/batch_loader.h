// BatchLoader: decodes, augments and normalises the coming batches on its own threads, in the
// order asked for. The bytes of a batch depend on (seed, epoch, sample) only, never on the number
// of threads. Thread: one owner; its worker threads are its own and joined by it.
#pragma once

#include "core/base/result.h"
#include "core/data/augment_spec.h"
#include "core/data/batch.h"
#include "core/data/preprocess.h"
#include "core/data/sample_loader.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace graft {

struct LoaderOptions {
    std::vector<LoaderItem> items;
    Preprocess preprocess;
    std::uint64_t seed = 0;
    int threads = 1;                        ///< 0: load on the calling thread
    /// For callers that compute on all cores: threads decode only while next() waits, and otherwise
    /// have the system read the coming files.
    bool inTurns = false;
    std::uint64_t cacheBytes = 512u << 20;  ///< decoded pictures kept in memory
    PixelFormat format = PixelFormat::Float32;
};

class BatchLoader {
 public:
    explicit BatchLoader(LoaderOptions options);
    ~BatchLoader();

    /// Starts loading `batches` (each a list of positions in items) from `firstBatch` on.
    /// Anything prefetched before is dropped. With `augment` null the evaluation view is made.
    void start(std::vector<std::vector<std::size_t>> batches, std::size_t firstBatch,
               std::int64_t epoch, std::optional<AugmentSpec> augment);
    /// The next batch in order; nullopt after the last. Blocks until it is ready.
    /// Unreadable pictures are left out (count may be smaller, even 0) and named in problems.
    std::optional<Batch> next();

    const LoaderOptions& options() const;

 private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// Positions 0..count-1 shuffled by (seed, epoch) and cut into batches. A last batch of one
/// sample is merged into the one before it (batch-norm cannot work on one).
std::vector<std::vector<std::size_t>> shuffledBatches(std::size_t count, int batchSize,
                                                      std::uint64_t seed, std::int64_t epoch);
/// The same from an explicit order.
std::vector<std::vector<std::size_t>> cutBatches(const std::vector<std::size_t>& order,
                                                 int batchSize, bool mergeLastSingle);
/// As many draws as there are targets, every class equally likely, by (seed, epoch).
std::vector<std::size_t> balancedOrder(const std::vector<std::int64_t>& targets, std::uint64_t seed,
                                       std::int64_t epoch);

}  // namespace graft
