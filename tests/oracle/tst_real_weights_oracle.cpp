// Real weights on real pictures: what published figures and scikit-learn say of them, reached with
// Graft's own reading, preprocessing and networks.
#include "core/data/image_reader.h"
#include "core/data/importers/importer.h"
#include "core/data/preprocess.h"
#include "core/nn/classifier.h"
#include "core/nn/families/registry.h"
#include "core/nn/weight_mapping.h"
#include "tests/support/data_files.h"
#include "tests/support/python_oracle.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::testing;

namespace {

torch::Tensor inputOf(const ImageRef& ref, const Preprocess& preprocess) {
    const Image view = evaluationView(readImage(ref).value(), preprocess);
    torch::Tensor input = torch::empty({3, view.height, view.width});
    normalizeTo(view, preprocess, input.data_ptr<float>());
    return input;
}

struct Part {
    std::vector<ImageRef> pictures;
    std::vector<std::int64_t> labels;
};

Part partOf(const Dataset& dataset, Split which) {
    Part part;
    for (const Sample& sample : dataset.samples) {
        if (sample.split == which && sample.usable()) {
            part.pictures.push_back(dataset.imageRef(sample));
            part.labels.push_back(dataset.classIndex(sample.label));
        }
    }
    return part;
}

}  // namespace

class RealWeightsOracle : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void linearProbe_data();
    void linearProbe();
    void cifarResnet();

 private:
    QTemporaryDir m_folder;
    QString m_shared;
};

void RealWeightsOracle::initTestCase() {
    m_shared = QString::fromStdString(sharedFolder());
    if (m_shared.isEmpty()) {
        QSKIP("no photos and weights: GRAFT_SHARED names no folder that holds them");
    }
}

void RealWeightsOracle::linearProbe_data() {
    QTest::addColumn<QString>("backbone");
    QTest::addColumn<double>("known");
    QTest::newRow("squeezenet1_0") << "squeezenet1_0" << 0.928;
    QTest::newRow("mobilenet_v2") << "mobilenet_v2" << 0.948;
}

void RealWeightsOracle::linearProbe() {
    QFETCH(QString, backbone);
    QFETCH(double, known);
    ModelSpec spec;
    spec.backbone = backbone.toStdString();
    spec.weightsPath =
        (m_shared + "/weights/" + backbone + "-imagenet.safetensors").toStdString();
    spec.padding = "symmetric";  // as the known figures
    const auto classifier = Classifier::create(spec, 2, 1);
    QVERIFY2(classifier.ok(), classifier.ok() ? "" : classifier.error().text().c_str());
    Progress progress;
    const auto dataset =
        importDataset((m_shared + "/data/hymenoptera").toStdString(), {}, progress);
    QVERIFY(dataset.ok());
    const torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> kept;
    for (const auto which : {Split::Train, Split::Validation}) {
        const Part part = partOf(*dataset, which);
        std::vector<torch::Tensor> pooled;
        for (std::size_t i = 0; i < part.pictures.size(); i += 16) {
            std::vector<torch::Tensor> batch;
            for (std::size_t k = i; k < std::min(i + 16, part.pictures.size()); ++k) {
                batch.push_back(inputOf(part.pictures[k], (*classifier)->preprocess()));
            }
            pooled.push_back((*classifier)->features(torch::stack(batch)).mean({2, 3}));
        }
        kept.push_back(torch::cat(pooled).contiguous());
        kept.push_back(torch::tensor(part.labels));
    }
    QCOMPARE(kept[0].size(0), 244);
    QCOMPARE(kept[2].size(0), 153);
    std::vector<TensorToWrite> tensors;
    const char* names[] = {"train", "train_labels", "test", "test_labels"};
    for (std::size_t i = 0; i < kept.size(); ++i) {
        tensors.push_back({names[i], i % 2 ? "I64" : "F32", kept[i].sizes().vec(),
                           kept[i].data_ptr(), kept[i].nbytes()});
    }
    const QString file = m_folder.filePath(backbone + ".safetensors");
    QVERIFY(writeSafetensors(file.toStdString(), std::move(tensors), {}).ok());
    const OracleRun run = runOracle("linear_probe.py", {file});
    if (run.missing) {
        QSKIP(qPrintable(run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    const double accuracy = run.output.trimmed().toDouble();
    qInfo("linear probe on %s: %.4f, known %.3f", qPrintable(backbone), accuracy, known);
    QVERIFY(std::abs(accuracy - known) <= 0.02);
}

void RealWeightsOracle::cifarResnet() {
    const QString archive = m_shared + "/data/cifar10.tar.xz";
    const QString weights = m_shared + "/weights/cifar10_resnet20-12fca82f.th";
    if (!QFile::exists(archive) || !QFile::exists(weights)) {
        QSKIP("no cifar10.tar.xz or no weights beside it");
    }
    QProcess tar;
    tar.start("tar", {"-xJf", archive, "-C", m_folder.path(), "cifar10/test"});
    QVERIFY(tar.waitForFinished(120'000) && tar.exitCode() == 0);
    Network network(*findFamily("cifar_resnet20"), {10, HeadKind::Original, false});
    const auto file = WeightFile::open(weights.toStdString());
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    const WeightReport report = compareWeights(*file, network, file->metadata());
    QVERIFY2(report.usable, report.sentence.c_str());
    QVERIFY(copyWeights(*file, network).ok());
    network.eval();
    Preprocess preprocess = report.preprocess;
    preprocess.inputSize = preprocess.resizeSize = 32;
    std::vector<ImageRef> pictures;
    std::vector<std::int64_t> labels;
    const QDir classes(m_folder.filePath("cifar10/test"));
    for (const QFileInfo& folder :
         classes.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        for (const QFileInfo& picture : QDir(folder.filePath()).entryInfoList(QDir::Files)) {
            pictures.push_back({picture.filePath().toStdString(), -1});
            labels.push_back(std::int64_t(std::size(labels) / 1000));
        }
    }
    QCOMPARE(pictures.size(), 10000u);
    const torch::NoGradGuard noGrad;
    std::int64_t right = 0;
    for (std::size_t i = 0; i < pictures.size(); i += 250) {
        std::vector<torch::Tensor> batch;
        for (std::size_t k = i; k < i + 250; ++k) {
            batch.push_back(inputOf(pictures[k], preprocess));
        }
        const torch::Tensor features =
            network.runStages(torch::stack(batch), 0, network.stages().size());
        const torch::Tensor answers = network.classify(features).argmax(1);
        for (std::size_t k = 0; k < 250; ++k) {
            right += answers[std::int64_t(k)].item<std::int64_t>() == labels[i + k] ? 1 : 0;
        }
    }
    const double accuracy = double(right) / 10000;
    qInfo("CIFAR ResNet-20 on the 10,000 test pictures: %.4f, known 0.8103", accuracy);
    QVERIFY(std::abs(accuracy - 0.8103) <= 0.003);
}

QTEST_GUILESS_MAIN(RealWeightsOracle)
#include "tst_real_weights_oracle.moc"
