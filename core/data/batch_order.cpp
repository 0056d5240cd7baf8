// The order in which samples are drawn and how it is cut into batches.
#include "core/data/batch_loader.h"

#include "core/base/rng.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace graft {

std::vector<std::vector<std::size_t>> cutBatches(const std::vector<std::size_t>& order,
                                                 int batchSize, bool mergeLastSingle) {
    const std::size_t size = std::size_t(std::max(1, batchSize));
    std::vector<std::vector<std::size_t>> batches;
    for (std::size_t from = 0; from < order.size(); from += size) {
        const std::size_t to = std::min(order.size(), from + size);
        batches.emplace_back(order.begin() + std::ptrdiff_t(from),
                             order.begin() + std::ptrdiff_t(to));
    }
    if (mergeLastSingle && batches.size() > 1 && batches.back().size() == 1 && size > 1) {
        batches[batches.size() - 2].push_back(batches.back().front());
        batches.pop_back();
    }
    return batches;
}

std::vector<std::vector<std::size_t>> shuffledBatches(std::size_t count, int batchSize,
                                                      std::uint64_t seed, std::int64_t epoch) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t(0));
    Rng rng("shuffle", {seed, std::uint64_t(epoch)});
    rng.shuffle(order);
    return cutBatches(order, batchSize, true);
}

std::vector<std::size_t> balancedOrder(const std::vector<std::int64_t>& targets, std::uint64_t seed,
                                       std::int64_t epoch) {
    std::map<std::int64_t, std::vector<std::size_t>> byClass;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        byClass[targets[i]].push_back(i);
    }
    if (byClass.empty()) {
        return {};
    }
    Rng rng("balanced", {seed, std::uint64_t(epoch)});
    // Each class gets the same number of turns, to within one. Inside a class every sample comes
    // once before any comes twice, so a small class repeats and a big one rotates.
    std::vector<std::size_t> order;
    order.reserve(targets.size());
    std::vector<std::vector<std::size_t>*> classes;
    for (auto& [target, list] : byClass) {
        classes.push_back(&list);
    }
    rng.shuffle(classes);
    std::vector<std::size_t> used(classes.size(), 0);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const std::size_t k = i % classes.size();
        std::vector<std::size_t>& list = *classes[k];
        if (used[k] % list.size() == 0) {
            rng.shuffle(list);
        }
        order.push_back(list[used[k]++ % list.size()]);
    }
    rng.shuffle(order);
    return order;
}

}  // namespace graft
