// Files with timm's names give the same features as timm's own networks.
#include "core/nn/families/registry.h"
#include "core/nn/weight_mapping.h"
#include "tests/support/python_oracle.h"
#include "tests/support/stored_tensor.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using graft::testing::readTensor;

namespace {

constexpr int kSize = 96;

}  // namespace

class KeyLayoutsOracle : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void rules();
    void sameAsTimm_data();
    void sameAsTimm();

 private:
    QTemporaryDir m_folder;
};

void KeyLayoutsOracle::rules() {
    const std::vector<RenameRule> rules{{"s1.b#.se.", "one-@.se."}, {"norm.", "ln."}};
    QCOMPARE(renamed("s1.b12.se.fc1.weight", rules), std::string("one-11.se.fc1.weight"));
    QCOMPARE(renamed("norm.bias", rules), std::string("ln.bias"));
    QCOMPARE(renamed("s1.b.se.fc1", rules), std::string("s1.b.se.fc1"));
    QCOMPARE(renamed("s1.b1", rules), std::string("s1.b1"));
    QCOMPARE(renamed("blocks.norm.bias", rules), std::string("blocks.norm.bias"));
    QCOMPARE(renamed("", rules), std::string());
}

void KeyLayoutsOracle::sameAsTimm_data() {
    QTest::addColumn<QString>("timm");
    QTest::addColumn<QString>("id");
    QTest::addColumn<bool>("tfSame");
    const auto add = [](const char* timm, const char* id, bool tfSame = false) {
        QTest::newRow(timm) << timm << id << tfSame;
    };
    add("resnet18", "resnet18");
    add("resnext50_32x4d", "resnext50_32x4d");
    add("vgg11_bn", "vgg11_bn");
    add("densenet121", "densenet121");
    add("convnext_tiny", "convnext_tiny");
    add("vit_base_patch32_224", "vit_b_32");
    add("efficientnet_b0", "efficientnet_b0");
    add("efficientnet_b2", "efficientnet_b2");
    add("tf_efficientnet_b0", "efficientnet_b0", true);
    add("regnety_004", "regnet_y_400mf");
    add("inception_v3", "inception_v3");
    add("mnasnet_100", "mnasnet1_0");
    add("mobilenetv3_small_100", "mobilenet_v3_small");
    add("mobilenetv3_large_100", "mobilenet_v3_large");
    add("tf_mobilenetv3_large_100", "mobilenet_v3_large", true);
}

void KeyLayoutsOracle::sameAsTimm() {
    QFETCH(QString, timm);
    QFETCH(QString, id);
    QFETCH(bool, tfSame);
    const QString weights = m_folder.filePath("weights.safetensors");
    const QString out = m_folder.filePath("answers.safetensors");
    const auto run =
        testing::runOracle("timm_reference.py", {timm, weights, out, QString::number(kSize)});
    if (run.missing) {
        QSKIP(qPrintable("timm is not there: " + run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    auto file = WeightFile::open(weights.toStdString());
    auto answers = WeightFile::open(out.toStdString());
    QVERIFY(file.ok() && answers.ok());
    Network network(*findFamily(id.toStdString()), {3, HeadKind::Replaced, tfSame, kSize});
    const WeightReport report = compareWeights(*file, network, file->metadata());
    QVERIFY2(report.usable, report.sentence.c_str());
    QVERIFY2(report.unexpected.empty(), report.sentence.c_str());
    QVERIFY2(report.sentence.find("for 10 classes") != std::string::npos, report.sentence.c_str());
    QVERIFY(copyWeights(*file, network).ok());
    const torch::NoGradGuard noGrad;
    network.eval();
    network.to(torch::kFloat64);
    const torch::Tensor x =
        readTensor(*answers, "input").to(torch::kFloat64).contiguous(kMemoryFormat);
    const torch::Tensor ours = network.pool(network.runStages(x, 0, network.stages().size()));
    const torch::Tensor theirs = readTensor(*answers, "pooled");
    const double largest = theirs.abs().max().item<double>();
    const double difference = (ours - theirs).abs().max().item<double>() / largest;
    qInfo("features up to %.3g, largest difference %.2g of that", largest, difference);
    QVERIFY(largest > 0.1 && theirs.std().item<double>() > 0.01 * largest);
    // 1e-14 where the variances are the file's, 2e-6 where they make up for another eps in float32.
    QVERIFY(difference <= 1e-5);
    QFile::remove(weights);
    QFile::remove(out);
}

QTEST_GUILESS_MAIN(KeyLayoutsOracle)
#include "tst_key_layouts_oracle.moc"
