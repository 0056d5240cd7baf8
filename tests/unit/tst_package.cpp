// The package folder: all files there and consistent, prediction from checkpoint and package the
// same, and nothing left behind by anything that goes wrong.
#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/deploy/exported_model.h"
#include "core/deploy/package.h"
#include "core/deploy/torchscript_export.h"
#include "tests/support/model_checkpoint.h"
#include "tests/support/picture_folder.h"

#include <QtTest>

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace fs = std::filesystem;
using namespace graft;

namespace {

std::set<std::string> namesIn(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

/// A network that does nothing of its own.
Result<torch::jit::Module> bareScript(const Preprocess& preprocess) {
    torch::nn::Identity identity;
    return scriptNetwork({identity.get(),
                          [](const torch::Tensor& x) {
                              return x.mean({2, 3});
                          },
                          preprocess});
}

Image noise(int width, int height) {
    Rng rng("noise", {std::uint64_t(width), std::uint64_t(height)});
    Image image = Image::blank(width, height);
    for (std::uint8_t& value : image.rgb) {
        value = std::uint8_t(rng.uniform(0, 256));
    }
    return image;
}

nlohmann::json jsonOf(const fs::path& path) {
    return nlohmann::json::parse(readWholeFile(path, 1 << 26).value());
}

}  // namespace

class TestPackage : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void initTestCase();
    void init();
    void preprocessingIsBitEqual();
    void preprocessingOfFloatsAndBatches();
    void wrongTraceIsFound();
    void allFilesAreThere();
    void checkpointAndPackageAgree();
    void unreadablePicture();
    void damageIsFound();
    void noPicturesAtAll();
    void refusesAFullFolder();
    void failureLeavesNothing_data();
    void failureLeavesNothing();
    void cancelLeavesNothing();
    void diskFullLeavesNothing();
    void refusesForeignModels();
    void checkWithoutRequest();

 private:
    ExportRequest request(const std::string& folder) const;
    void verifyOutIsEmpty() const;

    QTemporaryDir m_temporary;
    fs::path m_root;
    fs::path m_out;  ///< empty before each test
    Dataset m_dataset;
    std::string m_checkpoint;
};

void TestPackage::initTestCase() {
    m_root = m_temporary.path().toStdString();
    m_out = m_root / "out";
    testing::writePictureFolder(m_root / "pictures", 3, 4, 70);
    m_dataset.root = (m_root / "pictures").string();
    m_dataset.source = m_dataset.root;
    m_dataset.classes = {{1, "a"}, {2, "b"}, {3, "c"}};
    std::vector<Image> images;
    for (int kind = 0; kind < 3; ++kind) {
        for (int i = 0; i < 4; ++i) {
            Sample sample;
            sample.id = kind * 4 + i + 1;
            sample.path = std::string(1, char('a' + kind)) + "/00" + std::to_string(i) + ".bmp";
            sample.label = kind + 1;
            sample.split = i < 2 ? Split::Train : Split::Validation;
            m_dataset.samples.push_back(sample);
            images.push_back(testing::stripes(kind, i, 70));
        }
    }
    ModelSpec spec;
    auto classifier = Classifier::create(spec, 3, 5);
    QVERIFY2(classifier.ok(), classifier ? "" : classifier.error().text().c_str());
    testing::bringToLife(**classifier, images);
    m_checkpoint = (m_root / "best.safetensors").string();
    QVERIFY(testing::saveCheckpoint(**classifier, m_dataset.classes, m_checkpoint).ok());
}

void TestPackage::init() {
    ::unsetenv("GRAFT_TEST_CHECKER");
    fs::remove_all(m_out);
    fs::create_directory(m_out);
}

ExportRequest TestPackage::request(const std::string& folder) const {
    ExportRequest request;
    request.checkpoint = m_checkpoint;
    request.folder = folder;
    request.name = "stripes";
    request.dataset = m_dataset;
    request.checkerProgram = GRAFT_PACKAGE_CHECKER;
    return request;
}

void TestPackage::verifyOutIsEmpty() const {
    QVERIFY(namesIn(m_out).empty());
}

void TestPackage::preprocessingIsBitEqual() {
    Preprocess usual;
    using enum Interpolation;
    Preprocess small{64, 73, Bilinear, {0.5, 0.4, 0.3}, {0.2, 0.25, 0.3}};
    Preprocess noMargin{96, 96, Bilinear, {0, 0, 0}, {1, 1, 1}};
    Preprocess resizeBelowCrop{80, 40, Bilinear, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    Preprocess cubic{72, 75, Bicubic, {0.5, 0.4, 0.3}, {0.2, 0.25, 0.3}};
    for (const Preprocess& preprocess : {usual, small, noMargin, resizeBelowCrop, cubic}) {
        auto script = bareScript(preprocess);
        QVERIFY2(script.ok(), script ? "" : script.error().text().c_str());
        for (const auto& [width, height] : {std::pair{1, 1},
                                            {1, 50},
                                            {700, 3},
                                            {64, 64},
                                            {73, 73},
                                            {97, 61},
                                            {224, 225},
                                            {256, 256},
                                            {500, 375},
                                            {333, 1001},
                                            {1920, 1080}}) {
            const Image image = noise(width, height);
            const torch::Tensor ours = testing::inputOf(image, preprocess);
            const torch::Tensor theirs =
                script->get_method("preprocess")({imageTensor(image)}).toTensor()[0];
            QVERIFY2(torch::equal(ours, theirs),
                     qPrintable(QString("%1 x %2 to %3, off by %4")
                                    .arg(width)
                                    .arg(height)
                                    .arg(preprocess.inputSize)
                                    .arg((ours - theirs).abs().max().item<double>())));
        }
    }
}

void TestPackage::preprocessingOfFloatsAndBatches() {
    auto script = bareScript({});
    QVERIFY(script.ok());
    const auto run = [&](const torch::Tensor& images) {
        return script->get_method("preprocess")({images}).toTensor();
    };
    const torch::Tensor one = imageTensor(noise(120, 90));
    const torch::Tensor two = imageTensor(noise(90, 120)).permute({0, 2, 1});  // not contiguous
    QVERIFY(torch::equal(run(one), run(one.to(torch::kFloat32))));
    const torch::Tensor both = run(torch::stack({one, two}));
    QCOMPARE(both.sizes().vec(), (std::vector<std::int64_t>{2, 3, 224, 224}));
    QVERIFY(torch::equal(both[0], run(one)[0]));
    QVERIFY(torch::equal(both[1], run(two)[0]));
}

void TestPackage::wrongTraceIsFound() {
    // A network that answers by the number of pictures cannot be traced.
    torch::nn::Identity identity;
    const auto script = scriptNetwork({identity.get(),
                                       [](const torch::Tensor& x) {
                                           return x.mean({2, 3}) * double(x.size(0));
                                       },
                                       Preprocess{}});
    QVERIFY(!script.ok());
    QCOMPARE(script.error().code, ErrorCode::Internal);
}

void TestPackage::allFilesAreThere() {
    Progress progress;
    const fs::path folder = m_out / "päckage one";
    const auto report = exportPackage(request(folder.string()), progress);
    QVERIFY2(report.ok(), report ? "" : report.error().text().c_str());
    QCOMPARE(namesIn(m_out), (std::set<std::string>{"päckage one"}));
    QCOMPARE(namesIn(folder),
             (std::set<std::string>{"model.pt", "labels.txt", "config.json", "metrics.json",
                                    "preprocessor_config.json", "README.md", "parity.json"}));
    QCOMPARE(report->folder, folder.string());
    QCOMPARE(report->bytes, std::uint64_t(fs::file_size(folder / "model.pt")));
    QCOMPARE(report->parity.count, std::int64_t(6));
    QCOMPARE(report->parity.agree, std::int64_t(6));
    QVERIFY(report->parity.passed);
    QVERIFY(report->parity.msPerPicture > 0);
    const auto config = jsonOf(folder / "config.json");
    QCOMPARE(config["graft"]["model_sha256"].get<std::string>(),
             sha256File(folder / "model.pt").value());
    QCOMPARE(readWholeFile(folder / "labels.txt", 100).value(), std::string("a\nb\nc\n"));
    QCOMPARE(jsonOf(folder / "parity.json")["pictures"].get<int>(), 6);
    QCOMPARE(jsonOf(folder / "parity.json")["passed"].get<bool>(), true);
    QCOMPARE(jsonOf(folder / "metrics.json")["count"].get<int>(), 0);
    QVERIFY(jsonOf(folder / "preprocessor_config.json").contains("image_mean"));
    const std::string card = readWholeFile(folder / "README.md", 1 << 20).value();
    QVERIFY(card.find("6 of 6 pictures") != std::string::npos);
    QVERIFY(card.find("| 2 | c | 2 |") != std::string::npos);
}

void TestPackage::checkpointAndPackageAgree() {
    Progress progress;
    const std::string folder = (m_out / "package").string();
    QVERIFY(exportPackage(request(folder), progress).ok());
    std::vector<ImageRef> pictures;
    for (int round = 0; round < 4; ++round) {  // more than one batch
        for (const Sample& sample : m_dataset.samples) {
            pictures.push_back(m_dataset.imageRef(sample));
        }
    }
    // Sizes mix freely.
    testing::writeBmp(m_root / "wide.bmp", testing::stripes(1, 9, 140));
    pictures.insert(pictures.begin() + 7, ImageRef{(m_root / "wide.bmp").string()});
    PredictorLabels labels;
    const auto live = predictWithCheckpoint(m_checkpoint, pictures, &labels, progress);
    QVERIFY(live.ok());
    QCOMPARE(labels.labels, (std::vector<std::string>{"a", "b", "c"}));
    labels.labels.clear();
    const auto packaged = predictWithPackage(folder, pictures, &labels, progress);
    QVERIFY2(packaged.ok(), packaged ? "" : packaged.error().text().c_str());
    QCOMPARE(labels.labels, (std::vector<std::string>{"a", "b", "c"}));
    QCOMPARE(live->size(), pictures.size());
    QCOMPARE(packaged->size(), pictures.size());
    std::set<std::string> seen;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const Prediction& one = (*live)[i];
        const Prediction& other = (*packaged)[i];
        QCOMPARE(one.file, pictures[i].path);
        QVERIFY(one.error.empty() && other.error.empty());
        QCOMPARE(one.label, other.label);
        double sum = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            QVERIFY(std::abs(one.probabilities[c] - other.probabilities[c]) <= 1e-4);
            sum += one.probabilities[c];
        }
        QVERIFY(std::abs(sum - 1) < 1e-5);
        QCOMPARE(one.probability,
                 *std::max_element(one.probabilities.begin(), one.probabilities.end()));
        seen.insert(one.label);
    }
    QVERIFY(seen.size() > 1);  // otherwise the comparison says nothing
}

void TestPackage::unreadablePicture() {
    Progress progress;
    std::ofstream(m_root / "broken.bmp") << "BM is all there is";
    const std::vector<ImageRef> pictures{{(m_root / "broken.bmp").string()},
                                         m_dataset.imageRef(m_dataset.samples[0]),
                                         {(m_root / "missing.png").string()}};
    const auto answers = predictWithCheckpoint(m_checkpoint, pictures, nullptr, progress);
    QVERIFY(answers.ok());
    QVERIFY(!(*answers)[0].error.empty());
    QVERIFY((*answers)[1].error.empty());
    QVERIFY(!(*answers)[2].error.empty());
    QVERIFY((*answers)[2].probabilities.empty());
    // In the check such a picture is left out.
    ExportRequest broken = request((m_out / "package").string());
    Sample sample = broken.dataset.samples.back();
    sample.id += 1;
    sample.path = (m_root / "broken.bmp").string();
    broken.dataset.samples.push_back(sample);
    const auto report = exportPackage(broken, progress);
    QVERIFY(report.ok());
    QCOMPARE(report->parity.count, std::int64_t(6));
    QVERIFY(report->parity.passed);
}

void TestPackage::damageIsFound() {
    Progress progress;
    ::setenv("GRAFT_TEST_CHECKER", "wrong", 1);
    const auto report = exportPackage(request((m_out / "package").string()), progress);
    QVERIFY(report.ok());
    QVERIFY(!report->parity.passed);
    QVERIFY(report->parity.maxDifference > 1e-4);
    QCOMPARE(jsonOf(m_out / "package" / "parity.json")["passed"].get<bool>(), false);
}

void TestPackage::noPicturesAtAll() {
    Progress progress;
    ExportRequest bare = request((m_out / "package").string());
    bare.dataset.samples.clear();
    const auto report = exportPackage(bare, progress);
    QVERIFY2(report.ok(), report ? "" : report.error().text().c_str());
    QCOMPARE(report->parity.count, std::int64_t(0));
    QVERIFY(!report->parity.passed);
}

void TestPackage::refusesAFullFolder() {
    Progress progress;
    fs::create_directory(m_out / "mine");
    QVERIFY(writeFileAtomically(m_out / "mine" / "thesis.txt", "years of work").ok());
    const auto report = exportPackage(request((m_out / "mine").string()), progress);
    QVERIFY(!report.ok());
    QCOMPARE(report.error().code, ErrorCode::InvalidArgument);
    QCOMPARE(namesIn(m_out / "mine"), (std::set<std::string>{"thesis.txt"}));
    QCOMPARE(namesIn(m_out), (std::set<std::string>{"mine"}));
    fs::create_directory(m_out / "empty");
    QVERIFY(exportPackage(request((m_out / "empty").string()), progress).ok());
    QVERIFY(fs::exists(m_out / "empty" / "model.pt"));
}

void TestPackage::failureLeavesNothing_data() {
    QTest::addColumn<QString>("checker");
    QTest::addColumn<QString>("mode");
    QTest::addColumn<bool>("checkpointIsThere");
    QTest::newRow("no checker") << ""
                                << "" << true;
    QTest::newRow("checker not there") << "/nowhere/graft-cli"
                                       << "" << true;
    QTest::newRow("checker crashes") << GRAFT_PACKAGE_CHECKER << "crash" << true;
    QTest::newRow("checker without result") << GRAFT_PACKAGE_CHECKER << "empty" << true;
    QTest::newRow("checker fails") << "/bin/false"
                                   << "" << true;
    QTest::newRow("no checkpoint") << GRAFT_PACKAGE_CHECKER << "" << false;
}

void TestPackage::failureLeavesNothing() {
    QFETCH(QString, checker);
    QFETCH(QString, mode);
    QFETCH(bool, checkpointIsThere);
    ::setenv("GRAFT_TEST_CHECKER", qPrintable(mode), 1);
    Progress progress;
    ExportRequest broken = request((m_out / "new" / "package").string());
    broken.checkerProgram = checker.toStdString();
    if (!checkpointIsThere) {
        broken.checkpoint = (m_root / "missing.safetensors").string();
    }
    const auto report = exportPackage(broken, progress);
    QVERIFY(!report.ok());
    QVERIFY(!report.error().message.empty());
    if (mode == "crash") {
        QVERIFY(report.error().detail.find("about to crash") != std::string::npos);
    }
    verifyOutIsEmpty();
}

void TestPackage::cancelLeavesNothing() {
    ::setenv("GRAFT_TEST_CHECKER", "silent", 1);
    Progress progress;
    std::atomic<bool> done{false};
    // The checker says "1 of 7" and then nothing more: that is the moment to cancel.
    std::thread canceller([&] {
        while (!done && progress.state().total != 7) {
            std::this_thread::yield();
        }
        progress.cancel();
    });
    const auto report = exportPackage(request((m_out / "package").string()), progress);
    done = true;
    canceller.join();
    QVERIFY(!report.ok());
    QCOMPARE(report.error().code, ErrorCode::Cancelled);
    verifyOutIsEmpty();
}

void TestPackage::diskFullLeavesNothing() {
    // A limit on the size of files makes write() fail as a full disk does.
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{20000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Progress progress;
    const auto report = exportPackage(request((m_out / "package").string()), progress);
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    QVERIFY(!report.ok());
    QVERIFY2(report.error().message.find("package/model.pt") != std::string::npos,
             report.error().message.c_str());
    verifyOutIsEmpty();
}

void TestPackage::refusesForeignModels() {
    Progress progress;
    const fs::path folder = m_out / "package";
    QVERIFY(exportPackage(request(folder.string()), progress).ok());
    const std::vector<ImageRef> pictures{m_dataset.imageRef(m_dataset.samples[0])};
    const auto refusal = [&]() -> Error {
        const auto answers = predictWithPackage(folder.string(), pictures, nullptr, progress);
        return answers ? Error{} : answers.error();
    };
    {
        std::fstream model(folder / "model.pt", std::ios::in | std::ios::out | std::ios::binary);
        model.seekp(5000);
        model.put('X');
    }
    QCOMPARE(refusal().code, ErrorCode::Mismatch);
    QVERIFY(refusal().message.find("can run code") != std::string::npos);
    QVERIFY(writeFileAtomically(folder / "config.json", "{\"architecture\": \"x\"}").ok());
    QCOMPARE(refusal().code, ErrorCode::BadFormat);
    QVERIFY(writeFileAtomically(folder / "config.json", "not json").ok());
    QCOMPARE(refusal().code, ErrorCode::BadFormat);
    fs::remove(folder / "config.json");
    QCOMPARE(refusal().code, ErrorCode::BadFormat);
    fs::remove_all(folder);
    QCOMPARE(refusal().code, ErrorCode::NotFound);
}

void TestPackage::checkWithoutRequest() {
    Progress progress;
    const std::string folder = (m_out / "package").string();
    QVERIFY(exportPackage(request(folder), progress).ok());
    const auto before = namesIn(folder);
    QVERIFY(checkPackage(folder).ok());
    QCOMPARE(namesIn(folder), before);
    QVERIFY(!checkPackage((m_out / "nothing").string()).ok());
}

QTEST_GUILESS_MAIN(TestPackage)
#include "tst_package.moc"
