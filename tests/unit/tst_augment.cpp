// Augmentation: each change against torchvision's, the whole a function of seed and spec alone.
#include "core/base/rng.h"
#include "core/data/augment_ops.h"
#include "core/data/augment_pipeline.h"
#include "core/data/sample_set.h"
#include "tests/support/data_files.h"
#include "tests/support/python_oracle.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <thread>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

class TestAugment : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void mirrorsAreExact();
    void changesEqualTorchvisions();
    void noiseHasItsSigma();
    void nothingOnIsTheEvaluationView();
    void sameSeedSamePixels();
    void sameInEveryThread();
    void oneChangeLeavesTheOthers();
    void everyFieldChangesSomething_data();
    void everyFieldChangesSomething();
    void mirrorsInTurns();
    void strengthScales();
    void smallAndThinPictures();
    void presets();
    void erasingCoversWhatItShould();

 private:
    Preprocess m_preprocess{64, 72, Interpolation::Bilinear, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
};

namespace {

Image changed(const Image& image, const QJsonObject& entry) {
    Image out = image;
    const QString op = entry["op"].toString();
    const double value = entry["value"].toDouble();
    if (op == "hflip") {
        augment::flipHorizontal(out);
    } else if (op == "vflip") {
        augment::flipVertical(out);
    } else if (op == "brightness") {
        augment::adjustBrightness(out, value);
    } else if (op == "contrast") {
        augment::adjustContrast(out, value);
    } else if (op == "saturation") {
        augment::adjustSaturation(out, value);
    } else if (op == "hue") {
        augment::adjustHue(out, value);
    } else if (op == "blur") {
        return augment::blur(out, value);
    } else if (op == "affine") {
        return augment::warp(out,
                             augment::affineMap(out.width, out.height, entry["angle"].toDouble(),
                                                entry["scale"].toDouble(), entry["dx"].toDouble(),
                                                entry["dy"].toDouble()));
    } else if (op == "perspective") {
        const double last = out.width - 1;
        augment::Corners end{};
        for (int i = 0; i < 4; ++i) {
            for (int k = 0; k < 2; ++k) {
                end[std::size_t(i)][std::size_t(k)] =
                    entry["end"].toArray()[i].toArray()[k].toDouble();
            }
        }
        return augment::warp(
            out, augment::perspectiveMap({{{0, 0}, {last, 0}, {last, last}, {0, last}}}, end));
    }
    return out;
}

/// Share of the bytes that differ by more than `levels`; where torchvision fills with black
/// outside the picture and we mirror, nothing is compared.
double shareOff(const Image& ours, const Image& expected, int levels, bool skipBlack) {
    std::size_t off = 0;
    std::size_t compared = 0;
    for (int y = 1; y + 1 < ours.height; ++y) {
        for (int x = 1; x + 1 < ours.width; ++x) {
            bool black = false;
            for (int dy = -1; dy <= 1 && skipBlack; ++dy) {
                for (int dx = -1; dx <= 1; ++dx) {
                    const std::uint8_t* near = expected.row(y + dy) + 3 * (x + dx);
                    black = black || near[0] + near[1] + near[2] == 0;
                }
            }
            for (int c = 0; c < 3 && !black; ++c) {
                ++compared;
                off += std::abs(ours.row(y)[3 * x + c] - expected.row(y)[3 * x + c]) > levels;
            }
        }
    }
    return compared == 0 ? 1.0 : double(off) / double(compared);
}

}  // namespace

void TestAugment::mirrorsAreExact() {
    for (const auto& [width, height] : {std::pair{1, 3}, {2, 1}, {37, 5}, {224, 2}}) {
        Image image = Image::blank(width, height);
        for (std::size_t i = 0; i < image.rgb.size(); ++i) {
            image.rgb[i] = std::uint8_t(i * 7 + i / 256);
        }
        Image across = image;
        augment::flipHorizontal(across);
        Image down = image;
        augment::flipVertical(down);
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < 3 * width; ++x) {
                const int mirrored = 3 * (width - 1 - x / 3) + x % 3;
                QCOMPARE(across.row(y)[x], image.row(y)[mirrored]);
                QCOMPARE(down.row(y)[x], image.row(height - 1 - y)[x]);
            }
        }
    }
}

void TestAugment::changesEqualTorchvisions() {
    const QTemporaryDir dir;
    const fs::path scratch = dir.path().toStdString();
    constexpr int kSide = 96;
    Image image = resizeImage(drawSamplePicture("stain", 3), kSide, kSide);
    augment::adjustHue(image, 0.2);
    augment::adjustSaturation(image, 3.5);  // strong colours test the colour changes
    writeBytes(scratch / "in.rgb", {image.rgb.begin(), image.rgb.end()});
    const OracleRun run = runOracle(
        "augment.py", {dir.filePath("out"), dir.filePath("in.rgb"), QString::number(kSide)});
    if (run.missing) {
        QSKIP(qPrintable(run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    const QJsonArray manifest =
        QJsonDocument::fromJson(QByteArray::fromStdString(readBytes(scratch / "out/manifest.json")))
            .array();
    QVERIFY(manifest.size() > 25);
    for (const QJsonValue& value : manifest) {
        const QJsonObject entry = value.toObject();
        const QString name = entry["file"].toString();
        const Image expected = rawImage(scratch / "out" / name.toStdString(), kSide, kSide);
        const Image ours = changed(image, entry);
        const bool warped = name.startsWith("affine") || name.startsWith("perspective");
        if (warped) {
            // OpenCV interpolates at 1/32 px: a few levels at steep edges.
            const double off = shareOff(ours, expected, 4, true);
            QVERIFY2(off < 0.01, qPrintable(name + ": " + QString::number(off)));
        } else {
            // torchvision cuts fractions off after each step (hue and grey), we round once. Its
            // mean grey, of which contrast takes a share, is up to a whole level lower for that.
            const bool steps = name.startsWith("hue") || name.startsWith("contrast");
            const int allowed = steps ? 2 : 1;
            const int difference = largestDifference(ours, expected);
            QVERIFY2(difference <= allowed, qPrintable(name + ": " + QString::number(difference)));
        }
    }
}

void TestAugment::noiseHasItsSigma() {
    Image image = Image::blank(200, 200);
    std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t(128));
    augment::addNoise(image, 10.0, Rng(4));
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (const std::uint8_t value : image.rgb) {
        const double d = double(value) - 128.0;
        sum += d;
        squares += d * d;
        fourth += d * d * d * d;
    }
    const double count = double(image.rgb.size());
    const double variance = squares / count;
    QVERIFY(std::abs(sum / count) < 0.15);
    QVERIFY(std::abs(std::sqrt(variance) - 10.0) < 0.15);
    QVERIFY(std::abs(fourth / count / (variance * variance) - 3.0) < 0.1);  // a Gaussian's
}

void TestAugment::nothingOnIsTheEvaluationView() {
    const Image image = drawSamplePicture("crack", 1);
    const Image view = evaluationView(image, m_preprocess);
    AugmentSpec spec;
    QVERIFY(augmentImage(image, spec, m_preprocess, 1) == view);
    spec = augmentPreset("strong").value();
    spec.strength = 0;
    QVERIFY(augmentImage(image, spec, m_preprocess, 1) == view);
}

void TestAugment::sameSeedSamePixels() {
    const Image image = drawSamplePicture("dent", 2);
    const AugmentSpec spec = augmentPreset("strong").value();
    const std::uint64_t seed = augmentSeed(1, 2, 3);
    const Image a = augmentImage(image, spec, m_preprocess, seed);
    QCOMPARE(a.width, 64);
    QVERIFY(a == augmentImage(image, spec, m_preprocess, seed));
    for (const std::uint64_t other :
         {augmentSeed(2, 2, 3), augmentSeed(1, 3, 3), augmentSeed(1, 2, 4), augmentSeed(3, 2, 1)}) {
        QVERIFY(other != seed);
        QVERIFY(a != augmentImage(image, spec, m_preprocess, other));
    }
}

void TestAugment::sameInEveryThread() {
    const Image image = drawSamplePicture("dent", 2);
    AugmentSpec spec = augmentPreset("strong").value();
    spec.blurSigma = 3;
    spec.eraseProbability = 1;
    std::vector<Image> expected;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
        expected.push_back(augmentImage(image, spec, m_preprocess, seed));
    }
    std::vector<int> wrong(6, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < expected.size(); ++i) {
                const std::uint64_t seed = (i + 5 * t) % expected.size();
                wrong[t] += augmentImage(image, spec, m_preprocess, seed) != expected[seed];
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    QCOMPARE(wrong, std::vector<int>(6, 0));
}

void TestAugment::oneChangeLeavesTheOthers() {
    // Switching brightness on must not move the crop: undoing it gives the picture without it.
    const Image image = drawSamplePicture("stain", 4);
    AugmentSpec geometry;
    geometry.cropMinArea = 0.3;
    geometry.flipHorizontal = 0.5;
    geometry.rotateDegrees = 20;
    AugmentSpec both = geometry;
    both.noiseSigma = 3;
    both.brightness = 0.05;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Image a = augmentImage(image, geometry, m_preprocess, seed);
        const Image b = augmentImage(image, both, m_preprocess, seed);
        QVERIFY(a != b);
        QVERIFY(largestDifference(a, b) < 30);
    }
}

void TestAugment::everyFieldChangesSomething_data() {
    QTest::addColumn<QString>("key");
    const AugmentSpec defaults;
    for (const auto& row : augmentFields().rows()) {
        QVERIFY(!row.info.label.empty() && !row.info.help.empty());
        if (std::holds_alternative<bool>(row.get(defaults))) {
            continue;  // about epochs, see mirrorsInTurns()
        }
        QTest::newRow(row.info.key.c_str()) << QString::fromStdString(row.info.key);
    }
}

void TestAugment::everyFieldChangesSomething() {
    QFETCH(QString, key);
    const Image image = drawSamplePicture("stain", 4);
    AugmentSpec spec;
    AugmentSpec other;
    if (key == "strength" || key == "crop_max_aspect") {
        spec.cropMinArea = other.cropMinArea = 0.5;
    } else if (key == "erase_max_area") {
        spec.eraseProbability = other.eraseProbability = 1;
    }
    const auto* row = augmentFields().find(key.toStdString());
    const double from = std::get<double>(row->get(other));
    const double to = from == row->info.max ? row->info.min : row->info.max;
    QVERIFY(augmentFields().set(other, key.toStdString(), to).ok());
    QVERIFY(!(spec == other));
    int different = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        different += augmentImage(image, spec, m_preprocess, seed) !=
                     augmentImage(image, other, m_preprocess, seed);
    }
    QVERIFY2(different >= 5, qPrintable(QString::number(different)));
}

// By the definition in arXiv:2404.00498, section 3.6: in the first epoch by chance, then in every other
// one. With another share than a half, that share of the epochs.
void TestAugment::mirrorsInTurns() {
    int first = 0;
    for (std::int64_t sample = 0; sample < 2000; ++sample) {
        const bool begin = mirrorsInTurn(0.5, 7, 0, sample);
        first += begin ? 1 : 0;
        for (std::int64_t epoch = 1; epoch < 6; ++epoch) {
            QCOMPARE(mirrorsInTurn(0.5, 7, epoch, sample), begin == (epoch % 2 == 0));
        }
        int some = 0;
        for (std::int64_t epoch = 0; epoch < 10; ++epoch) {
            QVERIFY(!mirrorsInTurn(0, 7, epoch, sample));
            QVERIFY(mirrorsInTurn(1, 7, epoch, sample));
            some += mirrorsInTurn(0.3, 7, epoch, sample) ? 1 : 0;
        }
        QCOMPARE(some, 3);
    }
    QVERIFY2(std::abs(first - 1000) < 110, qPrintable(QString::number(first)));  // 5 sigma
}

void TestAugment::strengthScales() {
    const Image image = drawSamplePicture("dent", 6);
    const Image view = evaluationView(image, m_preprocess);
    AugmentSpec spec;
    spec.brightness = 0.4;
    const auto distance = [&](double strength) {
        spec.strength = strength;
        double sum = 0;
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            const Image out = augmentImage(image, spec, m_preprocess, seed);
            for (std::size_t i = 0; i < out.rgb.size(); ++i) {
                sum += std::abs(int(out.rgb[i]) - int(view.rgb[i]));
            }
        }
        return sum;
    };
    const double half = distance(0.5);
    const double full = distance(1.0);
    QCOMPARE(distance(0.0), 0.0);
    QVERIFY(half > 0.4 * full && half < 0.6 * full);
}

void TestAugment::smallAndThinPictures() {
    AugmentSpec spec = augmentPreset("strong").value();
    spec.strength = 2;
    for (const auto& [width, height] : {std::pair{1, 1}, {1, 300}, {400, 2}, {3, 5}}) {
        Image image = Image::blank(width, height);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const Image out = augmentImage(image, spec, m_preprocess, seed);
            QCOMPARE(out.width, 64);
            QCOMPARE(out.rgb.size(), std::size_t(64 * 64 * 3));
        }
    }
    QCOMPARE(augmentImage({}, spec, m_preprocess, 1).rgb.size(), std::size_t(64 * 64 * 3));
}

void TestAugment::presets() {
    for (const std::string& name : augmentPresetNames()) {
        const Result<AugmentSpec> spec = augmentPreset(name);
        QVERIFY(spec.ok());
        const Result<AugmentSpec> back = augmentFields().fromJson(augmentFields().toJson(*spec));
        QVERIFY2(back.ok() && *back == *spec, name.c_str());
    }
    QVERIFY(*augmentPreset("none") == AugmentSpec{});
    QCOMPARE(augmentPreset("wild").error().code, ErrorCode::InvalidArgument);
}

void TestAugment::erasingCoversWhatItShould() {
    AugmentSpec spec;
    spec.eraseProbability = 1;
    spec.eraseMaxArea = 0.2;
    Image white = Image::blank(80, 80);
    std::fill(white.rgb.begin(), white.rgb.end(), std::uint8_t(255));
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const Image out = augmentImage(white, spec, m_preprocess, seed);
        int covered = 0;
        for (std::size_t i = 0; i < out.rgb.size(); i += 3) {
            if (out.rgb[i] != 255) {
                ++covered;
                QCOMPARE(int(out.rgb[i]), 124);  // the mean, so that the input is 0 there
                QCOMPARE(int(out.rgb[i + 1]), 116);
                QCOMPARE(int(out.rgb[i + 2]), 104);
            }
        }
        const double share = covered / (64.0 * 64.0);
        QVERIFY2(share > 0.01 && share < 0.22, qPrintable(QString::number(share)));
    }
}

QTEST_GUILESS_MAIN(TestAugment)
#include "tst_augment.moc"
