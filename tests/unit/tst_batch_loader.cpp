// Batches: the same bytes for any number of threads, in order, with unreadable pictures left out.
#include "core/base/rng.h"
#include "core/data/augment_pipeline.h"
#include "core/data/batch_loader.h"
#include "core/data/image_reader.h"
#include "core/data/picture_cache.h"
#include "tests/support/data_files.h"
#include "tests/support/picture_folder.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cstring>
#include <map>
#include <numeric>
#include <set>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

class TestBatchLoader : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void initTestCase();
    void sameBytesForAnyThreads_data();
    void sameBytesForAnyThreads();
    void pixelsAreThoseOfThePreview();
    void everySecondEpochIsMirrored();
    void cacheChangesNothing();
    void inTurnsNothingIsDecodedAhead();
    void startInTheMiddle();
    void restartDropsWhatWasAhead();
    void unreadablePicturesAreLeftOut();
    void bfloatsAreTheFloatsRounded();
    void emptyBatches();
    void memoryIsUsedAgain();
    void destructorDoesNotWait();
    void shuffledOrder();
    void lastSingleIsMerged();
    void balancedDraws();
    void pictureCacheIsBounded();

 private:
    LoaderOptions options(int threads, std::uint64_t cacheBytes = 64 << 20) const;
    QTemporaryDir m_dir;
    std::vector<LoaderItem> m_items;
};

namespace {

std::vector<Batch> allBatches(BatchLoader& loader) {
    std::vector<Batch> batches;
    while (std::optional<Batch> batch = loader.next()) {
        batches.push_back(std::move(*batch));
    }
    return batches;
}

bool samePixels(const Batch& a, const Batch& b) {
    return a.side == b.side && a.format == b.format && a.pixelBytes() == b.pixelBytes() &&
           (a.count == 0 || std::memcmp(a.pixels.get(), b.pixels.get(), a.pixelBytes()) == 0);
}

/// What normalizeTo() makes of the pictures, put in the order of a batch.
std::vector<float> channelsLast(const std::vector<Image>& images, const Preprocess& preprocess) {
    const std::size_t plane = std::size_t(preprocess.inputSize) * preprocess.inputSize;
    std::vector<float> planes(3 * plane);
    std::vector<float> all;
    for (const Image& image : images) {
        normalizeTo(image, preprocess, planes.data());
        for (std::size_t i = 0; i < plane; ++i) {
            all.insert(all.end(), {planes[i], planes[plane + i], planes[2 * plane + i]});
        }
    }
    return all;
}

bool holds(const Batch& batch, const std::vector<float>& expected) {
    return batch.pixelBytes() == expected.size() * sizeof(float) &&
           std::memcmp(batch.floats(), expected.data(), batch.pixelBytes()) == 0;
}

bool sameBytes(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].count != b[i].count || a[i].targets != b[i].targets || a[i].items != b[i].items ||
            a[i].problems != b[i].problems || !samePixels(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

AugmentSpec strong() {
    return augmentPreset("strong").value();
}

}  // namespace

void TestBatchLoader::initTestCase() {
    QVERIFY(m_dir.isValid());
    const fs::path root = m_dir.path().toStdString();
    for (int i = 0; i < 37; ++i) {
        const fs::path path = root / (std::to_string(i) + ".bmp");
        writeBmp(path, stripes(i % 3, i, 40 + i % 7 * 5));
        m_items.push_back({SampleId(i) + 100, {path.string(), -1}, i % 3});
    }
}

LoaderOptions TestBatchLoader::options(int threads, std::uint64_t cacheBytes) const {
    LoaderOptions options;
    options.items = m_items;
    options.preprocess.inputSize = 32;
    options.preprocess.resizeSize = 36;
    options.seed = 5;
    options.threads = threads;
    options.cacheBytes = cacheBytes;
    return options;
}

void TestBatchLoader::sameBytesForAnyThreads_data() {
    QTest::addColumn<int>("threads");
    QTest::addColumn<bool>("augmented");
    QTest::addColumn<bool>("inTurns");
    for (const int threads : {1, 3, 9}) {
        for (const bool augmented : {false, true}) {
            for (const bool inTurns : {false, true}) {
                QTest::addRow("%d threads, %s%s", threads, augmented ? "augmented" : "plain",
                              inTurns ? ", in turns" : "")
                    << threads << augmented << inTurns;
            }
        }
    }
}

void TestBatchLoader::sameBytesForAnyThreads() {
    QFETCH(int, threads);
    QFETCH(bool, augmented);
    QFETCH(bool, inTurns);
    BatchLoader reference(options(0));
    LoaderOptions wanted = options(threads);
    wanted.inTurns = inTurns;
    BatchLoader loader(std::move(wanted));
    const std::optional<AugmentSpec> spec = augmented ? std::optional(strong()) : std::nullopt;
    for (int epoch = 0; epoch < 3; ++epoch) {
        const auto order = shuffledBatches(m_items.size(), 6, 1, epoch);
        reference.start(order, 0, epoch, spec);
        loader.start(order, 0, epoch, spec);
        const std::vector<Batch> expected = allBatches(reference);
        QCOMPARE(expected.size(), std::size_t(6));  // 37 = 5 x 6 + 7
        QVERIFY(sameBytes(allBatches(loader), expected));
        QVERIFY(!loader.next().has_value());
    }
}

void TestBatchLoader::pixelsAreThoseOfThePreview() {
    const LoaderOptions wanted = options(2);
    BatchLoader loader(wanted);
    const std::vector<std::vector<std::size_t>> order{{3, 7}};
    std::vector<Image> views;
    loader.start(order, 0, 4, strong());
    for (const std::size_t at : order[0]) {
        const LoaderItem& item = m_items[at];
        views.push_back(augmentImage(readImage(item.image).value(), strong(), wanted.preprocess,
                                     augmentSeed(wanted.seed, 4, item.id)));
    }
    const std::vector<float> expected = channelsLast(views, wanted.preprocess);
    const std::optional<Batch> batch = loader.next();
    QVERIFY(batch.has_value());
    QVERIFY(holds(*batch, expected));
    QCOMPARE(batch->targets, (std::vector<std::int64_t>{0, 1}));
    // Augmentation that changes nothing is the evaluation view, to the bit.
    loader.start(order, 0, 4, AugmentSpec{});
    const Batch none = loader.next().value();
    loader.start(order, 0, 9, std::nullopt);
    QVERIFY(samePixels(*loader.next(), none));
    QVERIFY(!holds(none, expected));
}

void TestBatchLoader::everySecondEpochIsMirrored() {
    BatchLoader loader(options(2));
    AugmentSpec spec;
    spec.flipHorizontal = 0.5;
    spec.flipAlternates = true;
    std::vector<std::size_t> all(m_items.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<Batch> epochs;
    for (const int epoch : {0, 1, 2}) {
        loader.start({all}, 0, epoch, spec);
        epochs.push_back(loader.next().value());
    }
    QVERIFY(samePixels(epochs[0], epochs[2]));
    const int side = epochs[0].side;
    const std::size_t line = std::size_t(side) * 3;
    for (std::size_t row = 0; row < all.size() * std::size_t(side); ++row) {
        const float* before = epochs[0].floats() + row * line;
        const float* after = epochs[1].floats() + row * line;
        for (int x = 0; x < side; ++x) {
            QVERIFY(std::equal(before + 3 * x, before + 3 * x + 3, after + 3 * (side - 1 - x)));
        }
    }
    // By chance some would have stayed as they were.
    loader.start({all}, 0, 0, std::nullopt);
    QVERIFY(!samePixels(*loader.next(), epochs[0]));
}

void TestBatchLoader::cacheChangesNothing() {
    BatchLoader cached(options(2));
    BatchLoader tight(options(2, 60'000));
    BatchLoader bare(options(2, 0));
    for (int epoch = 0; epoch < 4; ++epoch) {
        const auto order = shuffledBatches(m_items.size(), 5, 2, epoch);
        const std::optional<AugmentSpec> spec =
            epoch % 2 == 0 ? std::optional(strong()) : std::nullopt;
        for (BatchLoader* loader : {&cached, &tight, &bare}) {
            loader->start(order, 0, epoch, spec);
        }
        const std::vector<Batch> expected = allBatches(bare);
        QVERIFY(sameBytes(allBatches(cached), expected));
        QVERIFY(sameBytes(allBatches(tight), expected));
    }
}

void TestBatchLoader::inTurnsNothingIsDecodedAhead() {
    const fs::path root = m_dir.path().toStdString();
    const std::string path = (root / "short-lived.bmp").string();
    for (const bool inTurns : {false, true}) {
        fs::copy_file(m_items[0].image.path, path, fs::copy_options::overwrite_existing);
        LoaderOptions wanted = options(2, 0);
        wanted.items[5].image.path = path;
        wanted.inTurns = inTurns;
        BatchLoader loader(std::move(wanted));
        loader.start({{0, 1}, {5, 6}}, 0, 0, std::nullopt);
        QCOMPARE(loader.next()->count, 2);
        QTest::qSleep(300);  // for threads that would read ahead
        fs::remove(path);
        const std::optional<Batch> second = loader.next();
        QCOMPARE(second->count, inTurns ? 1 : 2);
        QCOMPARE(second->problems.size(), std::size_t(inTurns ? 1 : 0));
    }
}

void TestBatchLoader::startInTheMiddle() {
    BatchLoader loader(options(3));
    const auto order = shuffledBatches(m_items.size(), 4, 1, 0);
    loader.start(order, 0, 0, strong());
    const std::vector<Batch> whole = allBatches(loader);
    loader.start(order, 5, 0, strong());
    const std::vector<Batch> rest = allBatches(loader);
    QVERIFY(sameBytes(rest, {whole.begin() + 5, whole.end()}));
    loader.start(order, order.size(), 0, strong());
    QVERIFY(!loader.next().has_value());
}

void TestBatchLoader::restartDropsWhatWasAhead() {
    BatchLoader loader(options(4));
    BatchLoader reference(options(0));
    for (int round = 0; round < 30; ++round) {
        const auto order = shuffledBatches(m_items.size(), 3, 8, round);
        loader.start(order, 0, round, strong());
        reference.start(order, 0, round, strong());
        for (int i = 0; i < round % 3; ++i) {
            const std::optional<Batch> batch = loader.next();
            const std::optional<Batch> expected = reference.next();
            QVERIFY(samePixels(*batch, *expected));
        }
    }
}

void TestBatchLoader::unreadablePicturesAreLeftOut() {
    for (const int threads : {0, 3}) {
        LoaderOptions wanted = options(threads);
        const fs::path root = m_dir.path().toStdString();
        const std::string whole = readBytes(wanted.items[1].image.path);
        writeBytes(root / "cut.bmp", whole.substr(0, 500));
        writeBytes(root / "moving.gif", "GIF89a and so on");
        wanted.items[1].image.path = (root / "cut.bmp").string();
        wanted.items[2].image.path = (root / "gone.bmp").string();
        wanted.items[4].image.path = (root / "moving.gif").string();
        BatchLoader loader(wanted);
        loader.start({{0, 1, 2, 3}, {4}, {5, 6}}, 0, 0, std::nullopt);
        const std::vector<Batch> batches = allBatches(loader);
        QCOMPARE(batches.size(), std::size_t(3));
        QCOMPARE(batches[0].count, 2);
        QCOMPARE(batches[0].items, (std::vector<std::size_t>{0, 3}));
        QCOMPARE(batches[0].targets, (std::vector<std::int64_t>{0, 0}));
        QCOMPARE(batches[0].pixelBytes(), std::size_t(2 * 3 * 32 * 32 * 4));
        QCOMPARE(batches[0].problems.size(), std::size_t(2));
        QCOMPARE(batches[0].problems[0].kind, ProblemKind::Damaged);
        QCOMPARE(batches[0].problems[0].sample, 101);
        QCOMPARE(batches[0].problems[1].kind, ProblemKind::Unreadable);
        QCOMPARE(batches[1].count, 0);
        QCOMPARE(batches[1].problems[0].kind, ProblemKind::Unsupported);
        QCOMPARE(batches[2].count, 2);
        // The good ones are what they would be alone.
        BatchLoader good(options(0));
        good.start({{0, 3}}, 0, 0, std::nullopt);
        QVERIFY(samePixels(*good.next(), batches[0]));
    }
}

void TestBatchLoader::bfloatsAreTheFloatsRounded() {
    LoaderOptions wanted = options(2);
    BatchLoader floats(wanted);
    wanted.format = PixelFormat::Bfloat16;
    BatchLoader halves(wanted);
    const auto order = shuffledBatches(m_items.size(), 8, 1, 0);
    floats.start(order, 0, 0, strong());
    halves.start(order, 0, 0, strong());
    const auto valueOf = [](std::uint32_t bits) {
        float value = 0;
        bits <<= 16;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    };
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Batch exact = floats.next().value();
        const Batch rounded = halves.next().value();
        QCOMPARE(rounded.pixelBytes() * 2, exact.pixelBytes());
        for (std::size_t k = 0; k < rounded.pixelBytes() / 2; ++k) {
            const float wantedValue = exact.floats()[k];
            const std::uint32_t bits = rounded.bfloats()[k];
            const float distance = std::abs(valueOf(bits) - wantedValue);
            // No other number of the format is nearer.
            QVERIFY(distance <= std::abs(valueOf(bits + 1) - wantedValue));
            QVERIFY(distance <= std::abs(valueOf(bits - 1) - wantedValue));
        }
    }
}

void TestBatchLoader::emptyBatches() {
    for (const int threads : {0, 2}) {
        BatchLoader loader(options(threads));
        QVERIFY(!loader.next().has_value());
        loader.start({}, 0, 0, std::nullopt);
        QVERIFY(!loader.next().has_value());
        loader.start({{}, {1}, {}}, 0, 0, std::nullopt);
        QCOMPARE(loader.next()->count, 0);
        QCOMPARE(loader.next()->count, 1);
        QCOMPARE(loader.next()->count, 0);
        QVERIFY(!loader.next().has_value());
    }
}

void TestBatchLoader::memoryIsUsedAgain() {
    for (const int threads : {0, 2}) {
        BatchLoader loader(options(threads));
        std::set<const void*> blocks;
        std::optional<Batch> kept;
        for (int epoch = 0; epoch < 4; ++epoch) {
            loader.start(shuffledBatches(m_items.size(), 4, 1, epoch), 0, epoch, strong());
            while (std::optional<Batch> batch = loader.next()) {
                blocks.insert(batch->pixels.get());
                kept = std::move(batch);
            }
        }
        // 36 batches: one in use, one kept, two ahead for each thread, one of a new epoch.
        QVERIFY2(blocks.size() <= 3 + 2 * std::size_t(threads),
                 qPrintable(QString::number(blocks.size())));
    }
    // A batch outlives its loader.
    std::optional<Batch> batch;
    {
        BatchLoader loader(options(1));
        loader.start({{0, 1}}, 0, 0, std::nullopt);
        batch = loader.next();
    }
    QVERIFY(holds(*batch, channelsLast({evaluationView(readImage(m_items[0].image).value(),
                                                       options(0).preprocess),
                                        evaluationView(readImage(m_items[1].image).value(),
                                                       options(0).preprocess)},
                                       options(0).preprocess)));
}

void TestBatchLoader::destructorDoesNotWait() {
    for (int i = 0; i < 40; ++i) {
        BatchLoader loader(options(4));
        loader.start(shuffledBatches(m_items.size(), 2, 1, i), 0, i, strong());
        if (i % 2 == 0) {
            QVERIFY(loader.next().has_value());
        }
    }
}

void TestBatchLoader::shuffledOrder() {
    const auto a = shuffledBatches(100, 8, 1, 0);
    QVERIFY(a == shuffledBatches(100, 8, 1, 0));
    QVERIFY(a != shuffledBatches(100, 8, 1, 1));
    QVERIFY(a != shuffledBatches(100, 8, 2, 0));
    std::set<std::size_t> seen;
    for (const auto& batch : a) {
        seen.insert(batch.begin(), batch.end());
    }
    QCOMPARE(seen.size(), std::size_t(100));
    QCOMPARE(a.size(), std::size_t(13));
}

void TestBatchLoader::lastSingleIsMerged() {
    std::vector<std::size_t> order(9);
    std::iota(order.begin(), order.end(), std::size_t(0));
    QCOMPARE(cutBatches(order, 4, true).back().size(), std::size_t(5));
    QCOMPARE(cutBatches(order, 4, false).back().size(), std::size_t(1));
    QCOMPARE(cutBatches(order, 1, true).size(), std::size_t(9));
    QCOMPARE(cutBatches({7}, 4, true).size(), std::size_t(1));
    QCOMPARE(shuffledBatches(33, 32, 0, 0).size(), std::size_t(1));
}

void TestBatchLoader::balancedDraws() {
    std::vector<std::int64_t> targets(100, 0);
    targets[3] = targets[50] = 1;
    std::fill(targets.begin() + 80, targets.end(), 2);
    const std::vector<std::size_t> order = balancedOrder(targets, 1, 0);
    QCOMPARE(order.size(), targets.size());
    std::map<std::int64_t, int> counts;
    for (const std::size_t i : order) {
        ++counts[targets[i]];
    }
    for (const std::int64_t target : {0, 1, 2}) {
        QVERIFY(counts[target] >= 33 && counts[target] <= 34);
    }
    QVERIFY(order == balancedOrder(targets, 1, 0));
    QVERIFY(order != balancedOrder(targets, 1, 1));
    QVERIFY(balancedOrder({}, 1, 0).empty());
}

void TestBatchLoader::pictureCacheIsBounded() {
    const auto picture = [] { return std::make_shared<const Image>(Image::blank(10, 10)); };
    PictureCache cache(1000);  // three pictures of 300 bytes
    cache.beginEpoch();
    for (std::uint64_t key = 1; key <= 5; ++key) {
        cache.insert(key, picture());
    }
    QVERIFY(cache.find(1) && cache.find(2) && cache.find(3));
    QVERIFY(!cache.find(4) && !cache.find(5));
    cache.beginEpoch();
    QVERIFY(cache.find(2));
    cache.beginEpoch();
    cache.insert(6, picture());  // 1 and 3 were not used in this epoch or the last
    cache.insert(7, picture());
    cache.insert(8, picture());
    QVERIFY(cache.find(2) && cache.find(6) && cache.find(7));
    QVERIFY(!cache.find(1) && !cache.find(3) && !cache.find(8));
}

QTEST_GUILESS_MAIN(TestBatchLoader)
#include "tst_batch_loader.moc"
