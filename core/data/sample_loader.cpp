#include "core/data/sample_loader.h"

#include "core/data/augment_pipeline.h"
#include "core/data/byte_source.h"
#include "core/data/picture_file.h"

#include <algorithm>
#include <bit>

namespace graft {
namespace {

/// What a cached picture is. With the item it says all that the pixels depend on, so that a hit
/// equals a fresh read.
enum Kind : std::uint64_t {
    ExactView = 0,     // evaluation view, nothing decoded smaller
    TrainingView = 1,  // evaluation view, decoded smaller where that is enough
    Decoded = 2,       // and 3, 4, 5: the whole picture at 1/1, 1/2, 1/4, 1/8
    Kinds = 6,
};

std::uint64_t keyOf(std::size_t item, std::uint64_t kind) {
    return std::uint64_t(item) << 3 | kind;
}

std::uint64_t keyOfDecoded(std::size_t item, int denominator) {
    return keyOf(item, Decoded + std::uint64_t(std::countr_zero(unsigned(denominator))));
}

struct Size {
    int width = 0;
    int height = 0;
    bool divisible = false;
};

std::uint64_t packed(const PictureFile& file) {
    return std::uint64_t(file.width()) << 32 | std::uint64_t(file.height()) << 1 |
           std::uint64_t(file.divisible());
}

Size unpacked(std::uint64_t bits) {
    return {int(bits >> 32), int((bits & 0xFFFFFFFFu) >> 1), (bits & 1u) != 0};
}

int dividedBy(int side, int denominator) {
    return (side + denominator - 1) / denominator;
}

}  // namespace

SampleLoader::SampleLoader(const std::vector<LoaderItem>& items, const Preprocess& preprocess,
                           PixelFormat format, std::uint64_t seed, std::uint64_t cacheBytes)
    : m_items(items),
      m_preprocess(preprocess),
      m_normalizer(preprocess),
      m_format(format),
      m_seed(seed),
      m_cache(cacheBytes),
      m_sizes(items.size()) {}

Status SampleLoader::load(std::size_t item, std::int64_t epoch, const AugmentSpec* augment,
                          Scratch& scratch, void* out) {
    if (!augment || augmentChangesNothing(*augment)) {
        GRAFT_TRY(const Shared view, evaluationOf(item, false));
        m_normalizer.write(*view, m_format, out);
        return {};
    }
    const std::uint64_t seed = augmentSeed(m_seed, epoch, m_items[item].id);
    if (cropsAtRandom(*augment)) {
        GRAFT_CHECK(cropOf(item, *augment, seed, scratch.view));
    } else {
        GRAFT_TRY(const Shared view, evaluationOf(item, true));
        scratch.view = *view;
    }
    std::optional<bool> mirrored;
    if (augment->flipAlternates) {
        const double share = std::clamp(augment->strength * augment->flipHorizontal, 0.0, 1.0);
        mirrored = mirrorsInTurn(share, m_seed, epoch, m_items[item].id);
    }
    changeView(scratch.view, *augment, m_preprocess, seed, mirrored);
    m_normalizer.write(scratch.view, m_format, out);
    return {};
}

void SampleLoader::readAhead(std::size_t item) {
    for (std::uint64_t kind = 0; kind < Kinds; ++kind) {
        if (m_cache.holds(keyOf(item, kind))) {
            return;
        }
    }
    if (m_items[item].image.index >= 0) {
        return;  // in a file of many, which is in memory
    }
    if (const auto source = FileSource::open(m_items[item].image.path)) {
        (*source)->readAhead();
    }
}

Result<SampleLoader::Shared> SampleLoader::evaluationOf(std::size_t item, bool mayReduce) {
    const std::uint64_t key = keyOf(item, mayReduce ? TrainingView : ExactView);
    if (Shared known = m_cache.find(key)) {
        return known;
    }
    GRAFT_TRY(const PictureFile file, PictureFile::open(m_items[item].image));
    int denominator = 1;
    if (mayReduce && file.divisible()) {
        const ViewGeometry view = viewGeometry(file.width(), file.height(), m_preprocess);
        denominator = decodeDenominator(file.width(), file.height(), view.width, view.height);
    }
    GRAFT_TRY(const Image image, file.decode(denominator));
    auto view = std::make_shared<const Image>(evaluationView(image, m_preprocess));
    m_cache.insert(key, view);
    return Shared(view);
}

Status SampleLoader::cropOf(std::size_t item, const AugmentSpec& spec, std::uint64_t seed,
                            Image& view) {
    std::optional<PictureFile> file;
    const auto open = [&]() -> Status {
        if (!file) {
            GRAFT_TRY(file, PictureFile::open(m_items[item].image));
            m_sizes[item] = packed(*file);
        }
        return {};
    };
    if (m_sizes[item] == 0) {
        GRAFT_CHECK(open());
    }
    const Size size = unpacked(m_sizes[item]);
    const PixelRect crop = randomCrop(size.width, size.height, spec, seed);
    const int side = m_preprocess.inputSize;
    const int denominator =
        size.divisible ? decodeDenominator(crop.width, crop.height, side, side) : 1;
    const auto viewFrom = [&](const Image& image, int x, int y) {
        cropView({image, size.width, size.height, denominator, x, y}, crop, m_preprocess, view);
        return Status{};
    };
    const std::uint64_t key = keyOfDecoded(item, denominator);
    if (const Shared known = m_cache.find(key)) {
        return viewFrom(*known, 0, 0);
    }
    GRAFT_CHECK(open());
    const std::uint64_t bytes = 3 * std::uint64_t(dividedBy(size.width, denominator)) *
                                std::uint64_t(dividedBy(size.height, denominator));
    if (!m_cache.wouldKeep(bytes)) {
        GRAFT_TRY(const PicturePart part,
                  file->decodePart(denominator, partForCrop(crop, denominator)));
        return viewFrom(part.image, part.x, part.y);
    }
    GRAFT_TRY(Image image, file->decode(denominator));
    const auto kept = std::make_shared<const Image>(std::move(image));
    m_cache.insert(key, kept);
    return viewFrom(*kept, 0, 0);
}

}  // namespace graft
