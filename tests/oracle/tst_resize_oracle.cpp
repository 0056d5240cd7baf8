// The resize against PIL and torchvision, pixel by pixel; the normalisation against torch.
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "core/base/rng.h"
#include "core/data/image_reader.h"
#include "core/data/normalizer.h"
#include "core/data/preprocess.h"
#include "tests/support/data_files.h"
#include "tests/support/picture_folder.h"
#include "tests/support/python_oracle.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

class TestResizeOracle : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void equalsPilAndTorchvision();
    void normalizationIsTorchs();
    void sizesOfTheView();
    void jsonRoundTrip();

 private:
    /// Noise, stripes, and real photos where there are some.
    std::vector<std::string> pictures(const fs::path& scratch, std::size_t photoCount) const;
};

std::vector<std::string> TestResizeOracle::pictures(const fs::path& scratch,
                                                    std::size_t photoCount) const {
    Rng rng("noise", {1});
    Image noise = Image::blank(301, 187);  // the hardest picture for a resize
    for (std::uint8_t& value : noise.rgb) {
        value = rng.chance(0.5) ? 255 : 0;
    }
    writeBmp(scratch / "noise.bmp", noise);
    writeBmp(scratch / "stripes.bmp", stripes(2, 1, 90));
    std::vector<std::string> paths;
    std::error_code failed;
    const fs::path photos = fs::path(sharedFolder()) / "data/hymenoptera/train/bees";
    for (fs::directory_iterator at(photos, failed), end; !failed && at != end; ++at) {
        paths.push_back(at->path().string());
    }
    std::sort(paths.begin(), paths.end());
    paths.resize(std::min(paths.size(), photoCount));
    paths.insert(paths.begin(),
                 {(scratch / "noise.bmp").string(), (scratch / "stripes.bmp").string()});
    return paths;
}

void TestResizeOracle::equalsPilAndTorchvision() {
    const QTemporaryDir dir;
    const fs::path scratch = dir.path().toStdString();
    QStringList arguments{dir.filePath("expected")};
    for (const std::string& path : pictures(scratch, 100)) {
        arguments << QString::fromStdString(path);
    }
    const OracleRun run = runOracle("resize.py", arguments);
    if (run.missing) {
        QSKIP(qPrintable(run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    const QJsonArray manifest =
        QJsonDocument::fromJson(
            QByteArray::fromStdString(readBytes(scratch / "expected/manifest.json")))
            .array();
    QVERIFY(manifest.size() >= 22);
    for (const QJsonValue& entry : manifest) {
        const Result<Image> image = readImage({entry["source"].toString().toStdString(), -1});
        QVERIFY(image.ok());
        const int width = entry["width"].toInt();
        const int height = entry["height"].toInt();
        const std::string name = entry["file"].toString().toStdString();
        const Image expected = rawImage(scratch / "expected" / name, width, height);
        Preprocess preprocess;
        preprocess.inputSize = width;
        preprocess.resizeSize = entry["resize"].toInt();
        const QString kind = entry["kind"].toString();
        preprocess.interpolation =
            kind.endsWith("bicubic") ? Interpolation::Bicubic : Interpolation::Bilinear;
        const Image ours = kind.startsWith("view")
                               ? evaluationView(*image, preprocess)
                               : resizeImage(*image, width, height, preprocess.interpolation);
        const int difference = largestDifference(ours, expected);
        QVERIFY2(difference == 0,
                 qPrintable(QString::fromStdString(name) + ": " + QString::number(difference)));
    }
}

void TestResizeOracle::normalizationIsTorchs() {
    const Image image = stripes(0, 1, 24);
    const Preprocess preprocess;
    std::vector<float> ours(3 * 24 * 24);
    normalizeTo(image, preprocess, ours.data());
    const torch::Tensor input =
        torch::from_blob(const_cast<std::uint8_t*>(image.rgb.data()), {24, 24, 3}, torch::kUInt8)
            .permute({2, 0, 1})
            .to(torch::kFloat32)
            .div(255.0);
    const auto column = [](const std::array<double, 3>& values) {
        return torch::tensor({float(values[0]), float(values[1]), float(values[2])})
            .view({3, 1, 1});
    };
    const torch::Tensor expected =
        input.sub(column(preprocess.mean)).div(column(preprocess.std)).contiguous();
    QVERIFY(torch::allclose(torch::from_blob(ours.data(), {3, 24, 24}), expected, 1e-6, 1e-6));

    // Channels last: the same numbers, and bfloat16 as torch rounds them; every byte in every
    // channel, and a number of pixels that no vector divides.
    Image every = Image::blank(17, 17);
    for (std::size_t i = 0; i < every.rgb.size(); ++i) {
        every.rgb[i] = std::uint8_t(i / 3);
    }
    std::vector<float> planes(every.rgb.size());
    normalizeTo(every, preprocess, planes.data());
    const torch::Tensor last =
        torch::from_blob(planes.data(), {3, 17, 17}).permute({1, 2, 0}).contiguous();
    const Normalizer normalizer(preprocess);
#if defined(__x86_64__)
    QCOMPARE(normalizer.vectorised(),
             __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
#endif
    std::vector<float> packed(planes.size());
    normalizer.write(every, PixelFormat::Float32, packed.data());
    QVERIFY(torch::equal(torch::from_blob(packed.data(), {17, 17, 3}), last));
    std::vector<std::uint16_t> halves(planes.size());
    normalizer.write(every, PixelFormat::Bfloat16, halves.data());
    QVERIFY(torch::equal(torch::from_blob(halves.data(), {17, 17, 3}, torch::kBFloat16),
                         last.to(torch::kBFloat16)));
}

void TestResizeOracle::sizesOfTheView() {
    Preprocess preprocess;
    preprocess.inputSize = 20;
    preprocess.resizeSize = 24;
    for (const auto& [width, height] :
         {std::pair{1, 1}, {1, 50}, {500, 3}, {24, 24}, {20, 31}, {19, 19}}) {
        const Image view = evaluationView(Image::blank(width, height), preprocess);
        QCOMPARE(view.width, 20);
        QCOMPARE(view.height, 20);
        QCOMPARE(view.rgb.size(), std::size_t(1200));
    }
    // A picture that already has the size comes through untouched.
    preprocess.inputSize = preprocess.resizeSize = 30;
    const Image image = stripes(1, 2, 30);
    QVERIFY(evaluationView(image, preprocess) == image);
}

void TestResizeOracle::jsonRoundTrip() {
    Preprocess preprocess;
    preprocess.inputSize = 96;
    preprocess.interpolation = Interpolation::Bicubic;
    preprocess.mean = {0.1, 0.2, 1.0 / 3.0};
    const Result<Preprocess> back = preprocessFromJson(toJson(preprocess));
    QVERIFY(back.ok());
    QVERIFY(*back == preprocess);
    for (const char* bad :
         {"[]", R"({"input_size": 0})", R"({"input_size": 1e9})", R"({"mean": [1, 2]})",
          R"({"std": [1, 1, 0]})", R"({"std": ["a", 1, 1]})", R"({"resize_size": "big"})",
          R"({"interpolation": "sharp"})", R"({"interpolation": 3})"}) {
        QVERIFY2(!preprocessFromJson(nlohmann::json::parse(bad)).ok(), bad);
    }
}

QTEST_GUILESS_MAIN(TestResizeOracle)
#include "tst_resize_oracle.moc"
