// Exported packages, opened by Python: same answers, same names, any picture size, any batch.
#include "core/base/atomic_file.h"
#include "core/deploy/package.h"
#include "core/deploy/predictor.h"
#include "tests/support/model_checkpoint.h"

#include <QProcess>
#include <QtTest>

#include <filesystem>

namespace fs = std::filesystem;
using namespace graft;

namespace {

constexpr int kPythonMs = 280'000;
const char* const kPython = "/usr/bin/python3";

/// Where the real weights are, "" without them.
QString weightsFolder() {
    QString shared = qEnvironmentVariable("GRAFT_SHARED");
    if (shared.isEmpty()) {
        shared = QString(GRAFT_SOURCE_DIR) + "/../shared";
    }
    return QDir(shared + "/weights").exists() ? shared + "/weights" : QString();
}

struct PythonAnswer {
    nlohmann::json json;
    QByteArray errors;  ///< not empty: it failed
};
PythonAnswer runPython(const QStringList& arguments) {
    QProcess python;
    python.start(kPython, QStringList{QString(GRAFT_SOURCE_DIR) + "/tests/oracle/export_check.py"} +
                              arguments);
    if (!python.waitForFinished(kPythonMs) || python.exitCode() != 0) {
        return {{}, python.readAllStandardError() + python.errorString().toUtf8()};
    }
    const QByteArray text = python.readAllStandardOutput();
    return {nlohmann::json::parse(text.begin(), text.end()), {}};
}

}  // namespace

class TestExportOracle : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void initTestCase();
    void pythonGivesTheSameAnswers_data();
    void pythonGivesTheSameAnswers();

 private:
    void makeModel(const ModelSpec& spec);

    QTemporaryDir m_temporary;
    fs::path m_root;
    std::vector<std::string> m_pictures;
    std::vector<Image> m_images;
    std::vector<ClassInfo> m_classes{{4, "ant"}, {2, "Bär, groß"}, {9, "cat"}};
    std::string m_checkpoint;
    std::vector<std::string> m_stateNames;
};

void TestExportOracle::initTestCase() {
    QProcess probe;
    probe.start(kPython, {"-c", "import torch, torchvision, PIL, numpy"});
    if (!probe.waitForFinished(120'000) || probe.exitCode() != 0) {
        QSKIP("python3-torch or python3-torchvision is not installed: nothing to compare with");
    }
    m_root = m_temporary.path().toStdString();
    const PythonAnswer drawn = runPython({"pictures", m_temporary.path()});
    QVERIFY2(drawn.errors.isEmpty(), drawn.errors);
    m_pictures = drawn.json.get<std::vector<std::string>>();
    for (const std::string& path : m_pictures) {
        Result<Image> image = readImage({path});
        QVERIFY2(image.ok(), path.c_str());
        m_images.push_back(*std::move(image));
    }
}

void TestExportOracle::pythonGivesTheSameAnswers_data() {
    QTest::addColumn<QString>("backbone");
    QTest::addColumn<QString>("weights");
    QTest::newRow("small_cnn") << "small_cnn"
                               << "";
    QTest::newRow("graft_nano") << "graft_nano"
                                << "";
    QTest::newRow("squeezenet1_0") << "squeezenet1_0"
                                   << "squeezenet1_0-imagenet.safetensors";
    QTest::newRow("mobilenet_v2") << "mobilenet_v2"
                                  << "mobilenet_v2-imagenet.safetensors";
    QTest::newRow("resnet18") << "resnet18"
                              << "";
}

void TestExportOracle::makeModel(const ModelSpec& spec) {
    auto classifier = Classifier::create(spec, int(m_classes.size()), 3);
    QVERIFY2(classifier.ok(), classifier ? "" : classifier.error().text().c_str());
    testing::bringToLife(**classifier, m_images);
    m_checkpoint = (m_root / (spec.backbone + ".safetensors")).string();
    QVERIFY(testing::saveCheckpoint(**classifier, m_classes, m_checkpoint).ok());
    m_stateNames.clear();
    for (const auto& list : {(*classifier)->parameters(), (*classifier)->buffers()}) {
        for (const NamedTensor& entry : list) {
            m_stateNames.push_back(entry.name);
        }
    }
}

void TestExportOracle::pythonGivesTheSameAnswers() {
    QFETCH(QString, backbone);
    QFETCH(QString, weights);
    ModelSpec spec;
    spec.backbone = backbone.toStdString();
    const QString folder = weightsFolder();
    if (!weights.isEmpty() && !folder.isEmpty()) {
        spec.weightsPath = (folder + "/" + weights).toStdString();
    } else if (!weights.isEmpty()) {
        qInfo("GRAFT_SHARED is not set: random weights instead of the real ones");
    }
    makeModel(spec);

    ExportRequest request;
    request.checkpoint = m_checkpoint;
    request.folder = (m_root / (spec.backbone + "-package")).string();
    request.dataset.classes = m_classes;
    for (const std::string& path : m_pictures) {
        Sample sample;
        sample.id = std::int64_t(request.dataset.samples.size()) + 1;
        sample.path = path;
        sample.label = m_classes[request.dataset.samples.size() % m_classes.size()].id;
        sample.split = Split::Validation;
        request.dataset.samples.push_back(sample);
    }
    request.checkerProgram = GRAFT_PACKAGE_CHECKER;
    Progress progress;
    const auto report = exportPackage(request, progress);
    QVERIFY2(report.ok(), report ? "" : report.error().text().c_str());
    qInfo("parity: %lld of %lld, largest difference %.2e, %.1f ms a picture",
          static_cast<long long>(report->parity.agree),
          static_cast<long long>(report->parity.count), report->parity.maxDifference,
          report->parity.msPerPicture);
    QVERIFY(report->parity.passed);
    QCOMPARE(report->parity.count, std::int64_t(m_pictures.size()));

    std::vector<ImageRef> refs;
    for (const std::string& path : m_pictures) {
        refs.push_back({path});
    }
    const auto live = predictWithCheckpoint(m_checkpoint, refs, nullptr, progress);
    QVERIFY2(live.ok(), live ? "" : live.error().text().c_str());
    const auto info = readCheckpointInfo(m_checkpoint);
    QVERIFY(info.ok());
    nlohmann::json question{{"package", request.folder},
                            {"backbone", spec.backbone},
                            {"pictures", m_pictures},
                            {"probabilities", nlohmann::json::array()},
                            {"state", m_stateNames},
                            {"resize", info->preprocess.resizeSize},
                            {"input", info->preprocess.inputSize},
                            {"mean", info->preprocess.mean},
                            {"std", info->preprocess.std},
                            {"snippet", spec.backbone == "small_cnn"}};
    for (const Prediction& answer : *live) {
        question["probabilities"].push_back(answer.probabilities);
    }
    const fs::path file = m_root / "question.json";
    QVERIFY(writeFileAtomically(file, question.dump()).ok());
    const PythonAnswer answer = runPython({"check", QString::fromStdString(file.string())});
    QVERIFY2(answer.errors.isEmpty(), answer.errors);
    qInfo("python: %s", answer.json.dump().c_str());
    const auto number = [&](const char* key) { return answer.json.at(key).get<double>(); };
    QVERIFY(number("difference") <= 1e-4);
    QCOMPARE(answer.json.at("same_top1").get<std::size_t>(), m_pictures.size());
    // Answers that differ between pictures, and would differ had the channels been swapped.
    QVERIFY(number("spread") > 0.05);
    QVERIFY(number("swapped_channels") > 0.01);
    QVERIFY(number("levels_off") <= 1e-3);
    QVERIFY(number("batches") <= 1e-4);
    QVERIFY(number("float_input") <= 1e-6);
    for (const char* key : {"state_is_ours", "state_is_torchvisions", "inside"}) {
        QVERIFY2(answer.json.at(key).get<bool>(), key);
    }
    if (question["snippet"]) {
        QVERIFY(answer.json.at("snippet").get<bool>());
    }
}

QTEST_GUILESS_MAIN(TestExportOracle)
#include "tst_export_oracle.moc"
