// JPEG decoded in parts and smaller: a part is equal to the whole, and what training sees of a
// picture that was decoded smaller is close to what it would see of the full one.
#include "core/base/rng.h"
#include "core/data/augment_pipeline.h"
#include "core/data/batch_loader.h"
#include "core/data/jpeg_decode.h"
#include "core/data/picture_file.h"
#include "tests/support/data_files.h"
#include "tests/support/jpeg_writer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <cstring>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

class TestJpegDecode : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void partEqualsWhole_data();
    void partEqualsWhole();
    void partOfATurnedPicture();
    void damageOutsideThePartIsFound();
    void denominators();
    void sampleDoesNotDependOnTheCache();
    void evaluationIsNeverReduced();
    void reducedIsNearTheFull();
};

namespace {

/// Waves of all lengths, edges and some noise.
Image scene(int width, int height, std::uint64_t seed) {
    Rng rng("scene", {seed});
    const double pace = rng.uniform(0.02, 0.3);
    Image image = Image::blank(width, height);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < 3; ++c) {
                const double wave = 60 * std::sin(pace * (x + 2 * c * y) + c) +
                                    40 * std::sin(0.013 * x * (c + 1)) * std::cos(0.021 * y);
                const double edge = ((x / 37 + y / 23) % 2) * 50.0;
                const double value = 90 + wave + edge + rng.uniform(-15, 15);
                image.row(y)[3 * x + c] = std::uint8_t(std::clamp(value, 0.0, 255.0));
            }
        }
    }
    return image;
}

Image cut(const Image& image, const PixelRect& part) {
    Image out = Image::blank(part.width, part.height);
    for (int y = 0; y < part.height; ++y) {
        std::memcpy(out.row(y), image.row(part.y + y) + 3 * std::size_t(part.x),
                    3 * std::size_t(part.width));
    }
    return out;
}

PixelRect anyRect(Rng& rng, int width, int height) {
    const int w = 1 + int(rng.below(std::uint64_t(width)));
    const int h = 1 + int(rng.below(std::uint64_t(height)));
    return {int(rng.below(std::uint64_t(width - w + 1))),
            int(rng.below(std::uint64_t(height - h + 1))), w, h};
}

double psnr(const Image& a, const Image& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) {
        const double difference = double(a.rgb[i]) - double(b.rgb[i]);
        sum += difference * difference;
    }
    return 10 * std::log10(255.0 * 255.0 * double(a.rgb.size()) / std::max(sum, 1e-9));
}

AugmentSpec imageNetCrop() {
    AugmentSpec spec;
    spec.cropMinArea = 0.08;
    spec.flipHorizontal = 0.5;
    return spec;
}

}  // namespace

void TestJpegDecode::partEqualsWhole_data() {
    QTest::addColumn<int>("samplingX");
    QTest::addColumn<int>("samplingY");
    QTest::addColumn<bool>("progressive");
    QTest::addColumn<bool>("grey");
    for (const bool progressive : {false, true}) {
        for (const auto& [x, y] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}}) {
            QTest::addRow("%d x %d%s", x, y, progressive ? ", progressive" : "")
                << x << y << progressive << false;
        }
        QTest::addRow("grey%s", progressive ? ", progressive" : "") << 1 << 1 << progressive << true;
    }
}

void TestJpegDecode::partEqualsWhole() {
    QFETCH(int, samplingX);
    QFETCH(int, samplingY);
    QFETCH(bool, progressive);
    QFETCH(bool, grey);
    Rng rng("rectangles", {7});
    for (const auto& [width, height] : {std::pair{317, 243}, {64, 48}, {17, 130}}) {
        const std::string bytes = encodeJpeg(
            scene(width, height, 3), {samplingX, samplingY, progressive, grey, 1, 85});
        for (const int denominator : {1, 2, 4, 8}) {
            const Image whole = decodeJpeg(bytes, denominator).value();
            QCOMPARE(whole.width, (width + denominator - 1) / denominator);
            for (int i = 0; i < 60; ++i) {
                const PixelRect part = anyRect(rng, whole.width, whole.height);
                const Image got = decodeJpeg(bytes, denominator, part).value();
                QVERIFY2(got == cut(whole, part),
                         qPrintable(QString("1/%1: %2 x %3 at %4, %5 of %6 x %7")
                                        .arg(denominator)
                                        .arg(part.width)
                                        .arg(part.height)
                                        .arg(part.x)
                                        .arg(part.y)
                                        .arg(whole.width)
                                        .arg(whole.height)));
            }
        }
    }
}

void TestJpegDecode::partOfATurnedPicture() {
    Rng rng("rectangles", {8});
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const std::string bytes =
            encodeJpeg(scene(203, 149, 5), {2, 2, false, false, orientation, 85});
        const PictureFile file = PictureFile::inMemory(bytes).value();
        QCOMPARE(file.width(), orientation >= 5 ? 149 : 203);
        for (const int denominator : {1, 2, 4, 8}) {
            const Image whole = file.decode(denominator).value();
            for (int i = 0; i < 30; ++i) {
                const PixelRect part = anyRect(rng, whole.width, whole.height);
                const PicturePart got = file.decodePart(denominator, part).value();
                QCOMPARE(got.x, part.x);
                QCOMPARE(got.y, part.y);
                QVERIFY(got.image == cut(whole, part));
            }
        }
    }
}

void TestJpegDecode::damageOutsideThePartIsFound() {
    for (const bool progressive : {false, true}) {
        const std::string bytes = encodeJpeg(scene(200, 200, 6), {2, 2, progressive});
        for (const double share : {0.5, 0.9, 0.99}) {
            const auto cutOff = std::string_view(bytes).substr(0, std::size_t(bytes.size() * share));
            for (const int denominator : {1, 4}) {
                const auto part = decodeJpeg(cutOff, denominator, PixelRect{0, 0, 20, 10});
                QVERIFY(!part.ok());
                QCOMPARE(part.error().code, ErrorCode::BadFormat);
            }
        }
    }
}

void TestJpegDecode::denominators() {
    QCOMPARE(jpegDenominator(800, 400, 0), 1);
    QCOMPARE(jpegDenominator(800, 400, 201), 1);
    QCOMPARE(jpegDenominator(800, 400, 200), 2);
    QCOMPARE(jpegDenominator(800, 400, 50), 8);
    // Never magnified again, in neither direction.
    QCOMPARE(decodeDenominator(447, 4000, 224, 224), 1);
    QCOMPARE(decodeDenominator(4000, 447, 224, 224), 1);
    QCOMPARE(decodeDenominator(4000, 3000, 224, 224), 8);
    for (const int side : {224, 300, 500, 895, 1000, 1791, 5000}) {
        const int denominator = decodeDenominator(side, side, 224, 224);
        QVERIFY(denominator == 1 || side / denominator >= 224);
    }
}

void TestJpegDecode::sampleDoesNotDependOnTheCache() {
    const QTemporaryDir dir;
    const fs::path root = dir.path().toStdString();
    LoaderOptions options;
    options.preprocess.inputSize = 48;
    options.preprocess.resizeSize = 56;
    options.seed = 9;
    for (int i = 0; i < 24; ++i) {
        const fs::path path = root / (std::to_string(i) + ".jpg");
        const JpegKind kind{1 + i % 2, 1 + i / 2 % 2, i % 5 == 0, i % 7 == 0, 1 + i % 8, 85};
        writeBytes(path, encodeJpeg(scene(90 + 20 * i, 500 - 15 * i, std::uint64_t(i)), kind));
        options.items.push_back({SampleId(i), {path.string(), -1}, 0});
    }
    AugmentSpec flips;
    flips.flipHorizontal = 0.5;
    // [epoch][cache and threads][batch]
    for (const AugmentSpec& spec : {imageNetCrop(), flips, augmentPreset("strong").value()}) {
        std::vector<std::unique_ptr<BatchLoader>> loaders;
        for (const auto& [bytes, threads] :
             {std::pair{0, 0}, {0, 3}, {1 << 30, 0}, {1 << 30, 1}, {1 << 30, 3}, {300'000, 3}}) {
            options.cacheBytes = std::uint64_t(bytes);
            options.threads = threads;
            loaders.push_back(std::make_unique<BatchLoader>(options));
        }
        for (int epoch = 0; epoch < 4; ++epoch) {
            const auto order = shuffledBatches(options.items.size(), 5, 3, epoch);
            for (const auto& loader : loaders) {
                loader->start(order, 0, epoch, spec);
            }
            for (std::size_t batch = 0; batch < order.size(); ++batch) {
                const Batch expected = loaders[0]->next().value();
                QCOMPARE(expected.count, std::int64_t(order[batch].size()));
                for (std::size_t i = 1; i < loaders.size(); ++i) {
                    const Batch got = loaders[i]->next().value();
                    QCOMPARE(got.pixelBytes(), expected.pixelBytes());
                    QVERIFY(std::memcmp(got.floats(), expected.floats(), got.pixelBytes()) == 0);
                }
            }
        }
    }
}

void TestJpegDecode::evaluationIsNeverReduced() {
    const QTemporaryDir dir;
    const fs::path path = fs::path(dir.path().toStdString()) / "big.jpg";
    writeBytes(path, encodeJpeg(scene(900, 700, 2), {}));
    LoaderOptions options;
    options.items = {{0, {path.string(), -1}, 0}};
    options.preprocess.inputSize = 32;
    options.preprocess.resizeSize = 36;
    options.threads = 1;
    BatchLoader loader(options);
    // Training first, so that a smaller picture could be found in the cache.
    const std::vector<std::vector<std::size_t>> order{{0}};
    AugmentSpec flips;
    flips.flipHorizontal = 1e-9;
    loader.start(order, 0, 0, flips);
    const Batch training = loader.next().value();
    loader.start(order, 0, 0, imageNetCrop());
    QVERIFY(loader.next().has_value());
    loader.start(order, 0, 0, std::nullopt);
    const Batch evaluation = loader.next().value();
    const Image view = evaluationView(decodeImage(readBytes(path)).value(), options.preprocess);
    std::vector<float> expected(3 * 32 * 32);
    Normalizer(options.preprocess).write(view, PixelFormat::Float32, expected.data());
    QVERIFY(std::memcmp(evaluation.floats(), expected.data(), evaluation.pixelBytes()) == 0);
    QVERIFY(std::memcmp(training.floats(), expected.data(), evaluation.pixelBytes()) != 0);
}

void TestJpegDecode::reducedIsNearTheFull() {
    std::vector<fs::path> photos;
    std::error_code failed;
    for (fs::directory_iterator at(fs::path(sharedFolder()) / "data/hymenoptera/train/bees", failed),
         end;
         !failed && at != end; ++at) {
        photos.push_back(at->path());
    }
    if (photos.empty()) {
        QSKIP("The folder of real photos is not there (GRAFT_SHARED).");
    }
    std::sort(photos.begin(), photos.end());
    photos.resize(std::min<std::size_t>(photos.size(), 100));
    Preprocess preprocess;
    preprocess.inputSize = 112;  // the photos have about 500 px
    std::vector<double> distances;
    for (std::size_t i = 0; i < photos.size(); ++i) {
        const std::string bytes = readBytes(photos[i]);
        const Result<PictureFile> file = PictureFile::inMemory(bytes);
        if (!file) {
            continue;
        }
        const PixelRect crop = randomCrop(file->width(), file->height(), imageNetCrop(), i);
        const int denominator = decodeDenominator(crop.width, crop.height, 112, 112);
        if (denominator == 1) {
            continue;
        }
        const auto viewAt = [&](int by) {
            Image view;
            const Image image = file->decode(by).value();
            cropView({image, file->width(), file->height(), by, 0, 0}, crop, preprocess, view);
            return view;
        };
        distances.push_back(psnr(viewAt(1), viewAt(denominator)));
    }
    QVERIFY(distances.size() >= 40);
    std::sort(distances.begin(), distances.end());
    qInfo("%d of %d crops from a smaller picture: PSNR %.1f dB at the least, median %.1f",
          int(distances.size()), int(photos.size()), distances.front(),
          distances[distances.size() / 2]);
    QVERIFY(distances.front() > 28);
    QVERIFY(distances[distances.size() / 2] > 36);
}

QTEST_GUILESS_MAIN(TestJpegDecode)
#include "tst_jpeg_decode.moc"
