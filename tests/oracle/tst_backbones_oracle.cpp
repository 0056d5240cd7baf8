// The backbones against torchvision (Graft's own against the same written in PyTorch): same output of every stage, same logits, for one of each kind
// the same gradients, and the proof that each weight matters to the comparison.
#include "core/nn/classifier.h"
#include "core/nn/families/registry.h"
#include "core/nn/weight_mapping.h"
#include "tests/support/python_oracle.h"
#include "tests/support/stored_tensor.h"

#include <QTemporaryDir>
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>

using namespace graft;
using graft::testing::readTensor;

namespace {

constexpr int kClasses = 10;
constexpr double kTolerance = 1e-6;          // of the largest value of a tensor, in float64
constexpr double kFloatTolerance = 1e-4;     // the same of logits in float32
constexpr double kNoticed = 2e-3;            // what a missing layer changes at least
constexpr double kGradientTolerance = 1e-7;  // of a tensor's norm, in float64
constexpr double kRoundingTolerance = 0.03;  // of the whole gradient's norm, in float32

torch::Tensor logitsOf(const Network& network, const torch::Tensor& x) {
    return network.classify(
        network.runStages(x.contiguous(kMemoryFormat), 0, network.stages().size()));
}

double relativeDifference(const torch::Tensor& ours, const torch::Tensor& theirs) {
    return (ours - theirs).abs().max().item<double>() / theirs.abs().max().item<double>();
}

/// Pictures of this size are large enough for every stage, and small enough for many passes.
int testSize(const Family& family) {
    return std::clamp(family.info.minImageSize, family.info.defaultImageSize == 32 ? 32 : 64, 96);
}

/// One residual network, one of plain layers, depthwise ones without and with squeeze and
/// excitation, a dense one, a transformer, and Graft's own.
bool comparesGradients(const std::string& id) {
    static const std::set<std::string> all{"resnet18",           "squeezenet1_1", "mobilenet_v2",
                                           "mobilenet_v3_small", "densenet121",   "swin_t",
                                           "graft_nano"};
    return all.count(id) > 0;
}

/// GRAFT_PART = "2/8" leaves every eighth backbone, from the second on.
bool isInPart(std::size_t index) {
    const QStringList part = qEnvironmentVariable("GRAFT_PART", "1/1").split('/');
    return index % part.at(1).toUInt() == part.at(0).toUInt() - 1;
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
    void randomTensorFlowPadding_data();
    void randomTensorFlowPadding();
    void positionsAtAnotherSize();

 private:
    std::optional<WeightFile> ask(const QStringList& arguments);
    void sameInEachContainer(const WeightFile& file, const QString& weights);
    void compareStages(const Network& network, const WeightFile& answers);
    void compareSettings(const Network& network, const WeightFile& answers);
    void zeroEachWeight(Network& network, const WeightFile& answers);
    void compareGradients(Network& network, const WeightFile& answers, bool exact);
    void comparePaddings(const std::string& id, int classes, const QString& weights, int size);

    QTemporaryDir m_folder;
};

/// What the script wrote to its fourth argument; nothing where the test is over.
std::optional<WeightFile> BackbonesOracle::ask(const QStringList& arguments) {
    const auto fail = [](const QString& text) {
        QTest::qFail(qPrintable(text), __FILE__, __LINE__);
        return std::nullopt;
    };
    const auto run = testing::runOracle("backbone_reference.py", arguments);
    if (run.missing) {
        QTest::qSkip(qPrintable("torchvision is not there: " + run.reason), __FILE__, __LINE__);
        return std::nullopt;
    }
    if (!run.ok) {
        return fail(run.reason);
    }
    auto answers = WeightFile::open(arguments.at(3).toStdString());
    QFile::remove(arguments.at(3));  // It stays mapped.
    return answers.ok() ? std::optional(std::move(*answers))
                        : fail(QString::fromStdString(answers.error().text()));
}

void BackbonesOracle::sameAsTorchvision_data() {
    QTest::addColumn<QString>("name");
    std::size_t index = 0;
    for (const Family& family : families()) {
        if (family.info.id != "small_cnn" && isInPart(index++)) {
            QTest::newRow(family.info.id.c_str()) << QString::fromStdString(family.info.id);
        }
    }
}

void BackbonesOracle::sameAsTorchvision() {
    QFETCH(QString, name);
    const Family& family = *findFamily(name.toStdString());
    const int size = testSize(family);
    const NetworkOptions options{kClasses, HeadKind::Original, false, size};
    Network network(family, options);
    QStringList nodes;
    for (const Stage& stage : network.stages()) {
        nodes.append(QString::fromStdString(stage.node));
    }
    const bool gradients = comparesGradients(family.info.id);
    const QString weights = m_folder.filePath(name + ".safetensors");
    const auto answers = ask({"alive", name, weights, m_folder.filePath("answers"),
                              QString::number(size), nodes.join(','), gradients ? "yes" : "no"});
    if (!answers) {
        return;
    }
    auto file = WeightFile::open(weights.toStdString());
    QFile::remove(weights);
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    sameInEachContainer(*file, weights);
    const WeightReport report = compareWeights(*file, network, file->metadata());
    QVERIFY2(report.usable, report.sentence.c_str());
    QVERIFY(report.unexpected.empty());
    std::int64_t auxiliary = 0;
    for (const auto& [tensor, view] : file->tensors()) {
        auxiliary += std::any_of(
            family.auxiliaryPrefixes.begin(), family.auxiliaryPrefixes.end(),
            [&tensor = tensor](const std::string& start) { return tensor.rfind(start, 0) == 0; });
    }
    QCOMPARE(auxiliary > 0, name == "googlenet" || name == "inception_v3");
    QCOMPARE(report.matched + auxiliary, std::int64_t(file->tensors().size()));
    QVERIFY(copyWeights(*file, network).ok());
    compareSettings(network, *answers);
    network.eval();
    network.to(torch::kFloat64);
    compareStages(network, *answers);
    network.to(torch::kFloat32);
    zeroEachWeight(network, *answers);
    if (gradients) {
        compareGradients(network, *answers, false);
        Network precise(family, options);
        QVERIFY(copyWeights(*file, precise).ok());
        compareGradients(precise, *answers, true);
    }
}

// PyTorch's files of the same weights hold the same bytes, so one comparison of answers serves all.
void BackbonesOracle::sameInEachContainer(const WeightFile& file, const QString& weights) {
    for (const auto& [suffix, container] : {std::pair{".zip.pth", "PyTorch"},
                                            {".old.pth", "PyTorch (before 1.6)"}}) {
        const QString path = weights + suffix;
        const auto other = WeightFile::open(path.toStdString());
        QFile::remove(path);
        QVERIFY2(other.ok(), other.ok() ? "" : other.error().text().c_str());
        QCOMPARE(other->container(), std::string(container));
        QCOMPARE(other->tensors().size(), file.tensors().size());
        for (const auto& [name, view] : file.tensors()) {
            const auto found = other->tensors().find(name);
            QVERIFY2(found != other->tensors().end(), name.c_str());
            QCOMPARE(found->second.dtype, view.dtype);
            QCOMPARE(found->second.shape, view.shape);
            QVERIFY2(std::memcmp(found->second.data, view.data, view.byteCount) == 0, name.c_str());
        }
    }
}

void BackbonesOracle::compareStages(const Network& network, const WeightFile& answers) {
    const torch::NoGradGuard noGrad;
    torch::Tensor x = readTensor(answers, "input").contiguous(kMemoryFormat);
    double largest = 0;
    for (std::size_t i = 0; i < network.stages().size(); ++i) {
        const std::string& node = network.stages()[i].node;
        QCOMPARE(network.stageNamed(node), std::optional(i));
        x = network.runStages(x, i, i + 1);
        const torch::Tensor theirs = readTensor(answers, "node/" + node);
        QVERIFY2(x.sizes() == theirs.sizes(), node.c_str());
        const double difference = relativeDifference(x, theirs);
        largest = std::max(largest, difference);
        QVERIFY2(difference <= kTolerance,
                 qPrintable(QString("%1: %2").arg(node.c_str()).arg(difference)));
    }
    const torch::Tensor logits = readTensor(answers, "logits");
    const double spread = logits.std().item<double>();
    QVERIFY2(spread >= 0.1 && spread <= 100, "the reference is not alive");
    const double difference = relativeDifference(network.classify(x), logits);
    qInfo("logits: spread %.3g, largest difference %.2g of the largest; %d stages, %.2g", spread,
          difference, int(network.stages().size()), largest);
    QVERIFY(difference <= kTolerance);
}

// Eps and momentum of norms, probability of stochastic depth.
void BackbonesOracle::compareSettings(const Network& network, const WeightFile& answers) {
    std::map<std::string, std::vector<double>> ours;
    for (const auto& entry : network.named_modules("", false)) {
        if (const auto* norm = entry.value()->as<Norm>()) {
            ours[entry.key()] = {norm->settings().eps, norm->settings().momentum};
        } else if (const auto* layerNorm = entry.value()->as<LayerNorm>()) {
            ours[entry.key()] = {layerNorm->eps()};
        } else if (const auto* drop = entry.value()->as<DropPath>()) {
            ours[entry.key()] = {drop->probability()};
        }
    }
    std::size_t theirs = 0;
    for (const auto& [name, view] : answers.tensors()) {
        if (name.rfind("settings/", 0) != 0) {
            continue;
        }
        ++theirs;
        const auto found = ours.find(name.substr(9));
        QVERIFY2(found != ours.end(), name.c_str());
        const torch::Tensor values = torch::tensor(found->second, torch::kFloat64);
        QVERIFY2(torch::allclose(values, readTensor(answers, name), 1e-6, 0), name.c_str());
    }
    QCOMPARE(theirs, ours.size());
}

// Convolutions, linear layers and what else has two dimensions or more. One picture is enough.
void BackbonesOracle::zeroEachWeight(Network& network, const WeightFile& answers) {
    const torch::NoGradGuard noGrad;
    const torch::Tensor x = readTensor(answers, "input").slice(0, 0, 1).to(torch::kFloat32);
    const torch::Tensor logits = readTensor(answers, "logits").slice(0, 0, 1);
    const double rounding = relativeDifference(logitsOf(network, x), logits);
    QVERIFY2(rounding <= kFloatTolerance, qPrintable(QString::number(rounding)));
    double smallest = 1e9;
    int weights = 0;
    for (const auto& entry : network.named_parameters()) {
        torch::Tensor weight = entry.value();
        if (weight.dim() < 2) {
            continue;
        }
        ++weights;
        const torch::Tensor kept = weight.clone();
        weight.zero_();
        const double without = relativeDifference(logitsOf(network, x), logits);
        weight.copy_(kept);
        smallest = std::min(smallest, without);
        QVERIFY2(without > kNoticed,
                 qPrintable("zeroing is not noticed: " + QString::fromStdString(entry.key())));
    }
    qInfo(
        "in float32 the logits differ by %.2g; zeroing one of %d weights changes them by at least "
        "%.2g",
        rounding, weights, smallest);
    QVERIFY(weights >= 6);
}

// In float64 a difference is a difference of the networks, tensor by tensor. In float32 a rounding
// error that moves one activation over a ReLU's edge changes the early gradients of a deep network
// by a percent, in torchvision against itself too: there the gradient as a whole is compared.
void BackbonesOracle::compareGradients(Network& network, const WeightFile& answers,
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
    comparePaddings("mobilenet_v2", 1000, weights, size);
}

void BackbonesOracle::randomTensorFlowPadding_data() {
    QTest::addColumn<QString>("name");
    for (const Family& family : families()) {
        const std::string& id = family.info.id;
        if (family.knowsTfSame && id.rfind("efficientnet_b", 0) != 0) {
            QTest::newRow(id.c_str()) << QString::fromStdString(id);
        }
    }
    QTest::newRow("efficientnet_b0") << "efficientnet_b0";
}

void BackbonesOracle::randomTensorFlowPadding() {
    QFETCH(QString, name);
    const QString weights = m_folder.filePath(name + ".safetensors");
    if (ask({"alive", name, weights, m_folder.filePath("answers"), "64", "", "no"})) {
        comparePaddings(name.toStdString(), kClasses, weights, 100);
    }
    QFile::remove(weights);
}

void BackbonesOracle::comparePaddings(const std::string& id, int classes, const QString& weights,
                                      int size) {
    const auto answers = ask({"tf-same", QString::fromStdString(id), weights,
                              m_folder.filePath("tf-same"), QString::number(size)});
    auto file = WeightFile::open(weights.toStdString());
    if (!answers) {
        return;
    }
    QVERIFY(file.ok());
    const torch::NoGradGuard noGrad;
    const torch::Tensor x = readTensor(*answers, "input");
    const torch::Tensor same = readTensor(*answers, "logits");
    const torch::Tensor symmetric = readTensor(*answers, "symmetric");
    for (const bool tfSame : {true, false}) {
        Network network(*findFamily(id), {classes, HeadKind::Original, tfSame});
        QVERIFY(copyWeights(*file, network).ok());
        network.to(torch::kFloat64);
        network.eval();
        const torch::Tensor logits = logitsOf(network, x);
        const torch::Tensor& right = tfSame ? same : symmetric;
        const torch::Tensor& wrong = tfSame ? symmetric : same;
        qInfo("difference %.2g", relativeDifference(logits, right));
        QVERIFY(relativeDifference(logits, right) <= kTolerance);
        // At odd sizes all the way both paddings are the same; here they must differ.
        QVERIFY(relativeDifference(logits, wrong) > 0.01);
    }
}

void BackbonesOracle::positionsAtAnotherSize() {
    const QString weights = m_folder.filePath("positions.safetensors");
    const auto answers =
        ask({"positions", "vit_b_32", weights, m_folder.filePath("answers"), "96", "160"});
    if (!answers) {
        return;
    }
    auto file = WeightFile::open(weights.toStdString());
    QFile::remove(weights);
    QVERIFY(file.ok());
    Network network(*findFamily("vit_b_32"), {kClasses, HeadKind::Original, false, 160});
    QVERIFY(compareWeights(*file, network, file->metadata()).usable);
    QVERIFY(copyWeights(*file, network).ok());
    network.eval();
    const torch::NoGradGuard noGrad;
    const double difference = relativeDifference(logitsOf(network, readTensor(*answers, "input")),
                                                 readTensor(*answers, "logits"));
    qInfo("difference %.2g", difference);
    QVERIFY(difference <= 1e-4);
}

QTEST_GUILESS_MAIN(BackbonesOracle)
#include "tst_backbones_oracle.moc"
