// The six backbones against torchvision: same logits, same gradients, and the proof that each
// convolution matters to the comparison.
#include "core/nn/classifier.h"
#include "core/nn/families/registry.h"
#include "core/nn/weight_mapping.h"
#include "tests/oracle/python_oracle.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <cstring>

using namespace graft;

namespace {

constexpr int kClasses = 10;
constexpr double kLogitTolerance = 1e-4;     // of the largest logit
constexpr double kGradientTolerance = 1e-7;  // of a tensor's norm, in float64
constexpr double kRoundingTolerance = 0.03;  // of the whole gradient's norm, in float32

torch::Tensor readTensor(const SafetensorsFile& file, const std::string& name) {
    const TensorView& view = file.tensors().at(name);
    const auto type = view.dtype == "I64"   ? torch::kInt64
                      : view.dtype == "F64" ? torch::kFloat64
                                            : torch::kFloat32;
    torch::Tensor tensor = torch::empty(view.shape, type);
    std::memcpy(tensor.data_ptr(), view.data, view.byteCount);
    return tensor;
}

torch::Tensor logitsOf(const Network& network, const torch::Tensor& x) {
    return network.classify(
        network.runStages(x.contiguous(kMemoryFormat), 0, network.stages().size()));
}

double relativeDifference(const torch::Tensor& ours, const torch::Tensor& theirs) {
    return (ours - theirs).abs().max().item<double>() / theirs.abs().max().item<double>();
}

QString sharedWeights(const char* name) {
    QString shared = qEnvironmentVariable("GRAFT_SHARED");
    if (shared.isEmpty()) {
        shared = GRAFT_SOURCE_DIR "/../shared";
    }
    return shared + "/weights/" + name;
}

}  // namespace

class BackbonesOracle : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void sameAsTorchvision_data();
    void sameAsTorchvision();
    void tensorFlowPadding_data();
    void tensorFlowPadding();

 private:
    void compareLogits(Network& network, const SafetensorsFile& answers);
    void compareGradients(Network& network, const SafetensorsFile& answers, bool exact);

    QTemporaryDir m_folder;
};

void BackbonesOracle::sameAsTorchvision_data() {
    QTest::addColumn<QString>("name");
    for (const Family& family : families()) {
        if (family.info.id != "small_cnn") {
            QTest::newRow(family.info.id.c_str()) << QString::fromStdString(family.info.id);
        }
    }
}

void BackbonesOracle::sameAsTorchvision() {
    QFETCH(QString, name);
    const QString weights = m_folder.filePath(name + ".safetensors");
    const QString out = m_folder.filePath(name + "-answers.safetensors");
    const auto run = test::runOracle("backbone_reference.py", {"alive", name, weights, out});
    if (run.missing) {
        QSKIP(qPrintable("torchvision is not there: " + run.text));
    }
    QVERIFY2(run.ok, qPrintable(run.text));

    auto file = SafetensorsFile::open(weights.toStdString());
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    auto answers = SafetensorsFile::open(out.toStdString());
    QVERIFY(answers.ok());
    Network network(*findFamily(name.toStdString()), {kClasses, HeadKind::Original, false});
    const WeightReport report = compareWeights(*file, network);
    QVERIFY2(report.usable, report.sentence.c_str());
    QVERIFY(report.unexpected.empty());
    QCOMPARE(std::size_t(report.matched), file->tensors().size());
    QVERIFY(copyWeights(*file, network).ok());
    compareLogits(network, *answers);
    compareGradients(network, *answers, false);
    Network precise(*findFamily(name.toStdString()), {kClasses, HeadKind::Original, false});
    QVERIFY(copyWeights(*file, precise).ok());
    compareGradients(precise, *answers, true);
    QFile::remove(weights);
    QFile::remove(out);
}

void BackbonesOracle::compareLogits(Network& network, const SafetensorsFile& answers) {
    const torch::NoGradGuard noGrad;
    network.eval();
    const torch::Tensor x = readTensor(answers, "input");
    const torch::Tensor theirs = readTensor(answers, "logits");
    const double spread = theirs.std().item<double>();
    QVERIFY2(spread >= 0.1 && spread <= 100, "the reference is not alive");
    const double difference = relativeDifference(logitsOf(network, x), theirs);
    qInfo("logits: spread %.3g, largest difference %.2g of the largest", spread, difference);
    QVERIFY(difference <= kLogitTolerance);

    // One picture is enough to notice.
    const torch::Tensor oneX = x.slice(0, 0, 1);
    const torch::Tensor oneLogits = theirs.slice(0, 0, 1);
    double smallest = 1e9;
    int convolutions = 0;
    for (const auto& entry : network.named_modules("", false)) {
        auto* conv = entry.value()->as<Conv>();
        if (conv == nullptr) {
            continue;
        }
        ++convolutions;
        const torch::Tensor kept = conv->weight.clone();
        conv->weight.zero_();
        const double without = relativeDifference(logitsOf(network, oneX), oneLogits);
        conv->weight.copy_(kept);
        smallest = std::min(smallest, without);
        QVERIFY2(without > 2 * kLogitTolerance,
                 qPrintable("zeroing is not noticed: " + QString::fromStdString(entry.key())));
    }
    qInfo("%d convolutions, zeroing one changes the logits by at least %.2g", convolutions,
          smallest);
    QVERIFY(convolutions >= 20);
}

// In float64 a difference is a difference of the networks, tensor by tensor. In float32 a rounding
// error that moves one activation over a ReLU's edge changes the early gradients of a deep network
// by a percent, in torchvision against itself too: there the gradient as a whole is compared.
void BackbonesOracle::compareGradients(Network& network, const SafetensorsFile& answers,
                                       bool exact) {
    const auto type = exact ? torch::kFloat64 : torch::kFloat32;
    const std::string kind = exact ? "grad64/" : "grad32/";
    network.to(type);
    network.train();
    const torch::Tensor logits = logitsOf(network, readTensor(answers, "input").to(type));
    torch::nn::functional::cross_entropy(logits, readTensor(answers, "target")).backward();
    std::vector<torch::Tensor> all;
    for (const auto& entry : network.named_parameters()) {
        all.push_back(readTensor(answers, kind + entry.key()).flatten());
    }
    const double whole = torch::cat(all).norm().item<double>();
    double largest = 0;
    double squares = 0;
    int zeros = 0;
    for (const auto& entry : network.named_parameters()) {
        const torch::Tensor theirs = readTensor(answers, kind + entry.key());
        const double difference = (entry.value().grad() - theirs).norm().item<double>();
        squares += difference * difference;
        // A shift that the next batch norm takes away has no gradient in theory.
        const double norm = theirs.norm().item<double>();
        const bool zero = norm < 1e-9 * whole;
        zeros += zero ? 1 : 0;
        const double relative = difference / (zero ? whole : norm);
        largest = std::max(largest, relative);
        QVERIFY2(!exact || relative <= kGradientTolerance,
                 qPrintable(QString("%1: %2").arg(entry.key().c_str()).arg(relative)));
    }
    qInfo("gradients%s: largest relative difference of a tensor %.2g, of the whole %.2g%s",
          exact ? " in float64" : "", largest, std::sqrt(squares) / whole,
          zeros > 0 ? qPrintable(QString(" (%1 are zero in theory)").arg(zeros)) : "");
    QVERIFY(std::sqrt(squares) / whole <= (exact ? kGradientTolerance : kRoundingTolerance));
}

void BackbonesOracle::tensorFlowPadding_data() {
    QTest::addColumn<int>("size");
    QTest::newRow("224 px, as trained") << 224;
    QTest::newRow("100 px, even and odd on the way") << 100;
    QTest::newRow("128 px") << 128;
}

void BackbonesOracle::tensorFlowPadding() {
    QFETCH(int, size);
    const QString weights = sharedWeights("mobilenet_v2-imagenet.safetensors");
    if (!QFile::exists(weights)) {
        QSKIP(qPrintable("no weights at " + weights));
    }
    const QString out = m_folder.filePath("tf-same.safetensors");
    const auto run =
        test::runOracle("backbone_reference.py", {"tf-same", weights, out, QString::number(size)});
    if (run.missing) {
        QSKIP(qPrintable("torchvision is not there: " + run.text));
    }
    QVERIFY2(run.ok, qPrintable(run.text));
    auto answers = SafetensorsFile::open(out.toStdString());
    auto file = SafetensorsFile::open(weights.toStdString());
    QVERIFY(answers.ok() && file.ok());
    const torch::NoGradGuard noGrad;
    const torch::Tensor x = readTensor(*answers, "input");
    const torch::Tensor same = readTensor(*answers, "logits");
    const torch::Tensor symmetric = readTensor(*answers, "symmetric");
    for (const bool tfSame : {true, false}) {
        Network network(*findFamily("mobilenet_v2"), {1000, HeadKind::Original, tfSame});
        QVERIFY(copyWeights(*file, network).ok());
        network.eval();
        const torch::Tensor logits = logitsOf(network, x);
        const torch::Tensor& right = tfSame ? same : symmetric;
        const torch::Tensor& wrong = tfSame ? symmetric : same;
        qInfo("difference %.2g", relativeDifference(logits, right));
        QVERIFY(relativeDifference(logits, right) <= kLogitTolerance);
        // At odd sizes all the way both paddings are the same; here they must differ.
        QVERIFY(relativeDifference(logits, wrong) > 100 * kLogitTolerance);
    }
}

QTEST_GUILESS_MAIN(BackbonesOracle)
#include "tst_backbones_oracle.moc"
