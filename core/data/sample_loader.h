// SampleLoader: one picture of the data set as the network takes it, from the cache of decoded
// pictures or from its file. The numbers depend on (seed, epoch, sample) alone, never on what the
// cache holds. Thread: any; each thread brings its own scratch.
#pragma once

#include "core/base/result.h"
#include "core/data/augment_spec.h"
#include "core/data/dataset.h"
#include "core/data/picture_cache.h"
#include "core/data/normalizer.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace graft {

struct LoaderItem {
    SampleId id = 0;
    ImageRef image;
    std::int64_t target = 0;  ///< position of the class in the network's output
};

class SampleLoader {
 public:
    /// `items` must stay.
    SampleLoader(const std::vector<LoaderItem>& items, const Preprocess& preprocess,
                 PixelFormat format, std::uint64_t seed, std::uint64_t cacheBytes);

    /// What a thread works in, kept from picture to picture.
    struct Scratch {
        Image view;
    };
    /// Writes the item's [inputSize, inputSize, 3] numbers to `out`; with `augment` null the
    /// evaluation view, of which no pixel was decoded smaller. Errors as readImage().
    Status load(std::size_t item, std::int64_t epoch, const AugmentSpec* augment, Scratch& scratch,
                void* out);
    /// Has the system read the item's file meanwhile, unless the picture is in the cache.
    void readAhead(std::size_t item);
    /// Called once an epoch.
    void beginEpoch() { m_cache.beginEpoch(); }

 private:
    using Shared = std::shared_ptr<const Image>;

    Result<Shared> evaluationOf(std::size_t item, bool mayReduce);
    Status cropOf(std::size_t item, const AugmentSpec& spec, std::uint64_t seed, Image& view);

    const std::vector<LoaderItem>& m_items;
    Preprocess m_preprocess;
    Normalizer m_normalizer;
    PixelFormat m_format;
    std::uint64_t m_seed;
    PictureCache m_cache;
    /// By item: width, height and whether it is divisible, once its file was opened; else 0. A hit
    /// in the cache then needs no file.
    std::vector<std::atomic<std::uint64_t>> m_sizes;
};

}  // namespace graft
