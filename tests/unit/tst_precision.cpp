// Whole networks that train in bf16: every family forward and back, near float32; the folded frozen
// part against the plain one; what is shown stays float32; a run in bf16 learns.
#include "core/nn/catalog.h"
#include "core/nn/classifier.h"
#include "core/train/precision_choice.h"
#include "core/train/train_step.h"
#include "tests/support/small_networks.h"

#include <ATen/Parallel.h>
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <set>

using namespace graft;
using namespace graft::testing;

namespace {

double cosine(const torch::Tensor& a, const torch::Tensor& b) {
    const torch::Tensor x = a.flatten().to(torch::kFloat64);
    const torch::Tensor y = b.flatten().to(torch::kFloat64);
    return x.dot(y).item<double>() / (x.norm().item<double>() * y.norm().item<double>() + 1e-300);
}

/// Logits and all gradients in one row.
struct Pass {
    torch::Tensor logits;
    torch::Tensor gradients;
};

Pass passIn(Classifier& classifier, Precision precision, const torch::Tensor& x,
            const torch::Tensor& targets) {
    classifier.setPrecision(precision);
    classifier.setTraining(true);
    classifier.setDropoutSeed(5);
    const torch::Tensor logits = classifier.forward(x);
    torch::nn::functional::cross_entropy(logits, targets).backward();
    std::vector<torch::Tensor> gradients;
    for (const NamedTensor& entry : classifier.parameters()) {
        if (entry.tensor.grad().defined()) {
            gradients.push_back(entry.tensor.grad().flatten().clone());
            entry.tensor.mutable_grad().reset();
        }
    }
    return {logits.detach(), torch::cat(gradients)};
}

ModelSpec smallSpec(const std::string& backbone) {
    ModelSpec spec = specOf(backbone);
    spec.dropout = 0;
    return spec;
}

}  // namespace

class PrecisionTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    // Small pictures: waiting for a second thread beside a busy neighbour takes longer than work.
    void initTestCase() { torch::set_num_threads(1); }
    void everyBackboneTrains_data();
    void everyBackboneTrains();
    void gradientsPointTheSameWay_data();
    void gradientsPointTheSameWay();
    void foldedPrefix_data();
    void foldedPrefix();
    void foldedPrefixFollowsItsWeights();
    void stemInPieces();
    void foldedAnswers_data();
    void foldedAnswers();
    void exactIsAsTorchComputes();
    void evaluationIsFloat32();
    void learns();
    void onePassUpdates_data();
    void onePassUpdates();
    void choiceLeavesTheNetworkAlone();
};

void PrecisionTest::everyBackboneTrains_data() {
    QTest::addColumn<QString>("id");
    // Deeper ones of a family are made of the same parts.
    const std::set<std::string> larger{
        "resnet34",    "resnet101",        "resnet152",       "wide_resnet50_2", "densenet169",
        "vgg11",       "vgg13",            "vgg13_bn",        "vgg16",           "vgg16_bn",
        "vgg19",       "vgg19_bn",         "convnext_small",  "vit_b_16",        "cifar_resnet32",
        "cifar_resnet44", "cifar_resnet56", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3",
        "efficientnet_b4", "shufflenet_v2_x0_5"};
    for (const BackboneInfo& info : backboneCatalog()) {
        if (larger.count(info.id) == 0) {
            QTest::newRow(info.id.c_str()) << QString::fromStdString(info.id);
        }
    }
}

void PrecisionTest::everyBackboneTrains() {
    QFETCH(QString, id);
    const std::string backbone = id.toStdString();
    ModelSpec spec = smallSpec(backbone);
    spec.imageSize = 0;
    for (const int size : {64, 96, 128, 224}) {
        spec.imageSize = size;
        if (Classifier::create(spec, 3, 1).ok()) {
            break;
        }
    }
    const auto classifier = make(spec);
    QVERIFY(classifier != nullptr);
    const int size = classifier->preprocess().inputSize;
    const torch::Tensor x = pictures(3, 2, size);
    const torch::Tensor targets = torch::tensor({0, 2});
    const Pass pass = passIn(*classifier, Precision::Bf16, x, targets);
    QCOMPARE(pass.logits.scalar_type(), torch::kFloat32);
    QVERIFY(pass.logits.isfinite().all().item<bool>());
    QVERIFY(pass.gradients.isfinite().all().item<bool>());
    QCOMPARE(pass.gradients.numel(), classifier->trainableCount());
    QVERIFY(pass.gradients.abs().sum().item<double>() > 0);
}

void PrecisionTest::gradientsPointTheSameWay_data() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1",
                           "efficientnet_b0", "small_cnn", "vit_b_32"}) {
        QTest::newRow(id) << id;
    }
}

void PrecisionTest::gradientsPointTheSameWay() {
    QFETCH(QString, id);
    const auto classifier = make(smallSpec(id.toStdString()));
    QVERIFY(classifier != nullptr);
    const torch::Tensor x = pictures(3, 16);
    const torch::Tensor targets = torch::arange(16).remainder(3);
    const Pass exact = passIn(*classifier, Precision::Fp32, x, targets);
    const Pass quick = passIn(*classifier, Precision::Bf16, x, targets);
    {
        const torch::NoGradGuard noGrad;
        for (const NamedTensor& entry : classifier->parameters()) {
            torch::Tensor(entry.tensor).copy_(entry.tensor.to(torch::kBFloat16));
        }
    }
    const Pass rounded = passIn(*classifier, Precision::Fp32, x.to(torch::kBFloat16), targets);
    const torch::Tensor spread = exact.logits - exact.logits.mean();
    const auto away = [&](const Pass& pass) {
        return ((pass.logits - exact.logits).norm() / spread.norm()).item<double>();
    };
    const auto turned = [&](const Pass& pass) {
        const double along = cosine(exact.gradients, pass.gradients);
        return std::acos(std::clamp(along, -1.0, 1.0));
    };
    qInfo("%s: logits differ by %.4f of their spread, gradients' cosine %.5f; with nothing but "
          "weights and pixels rounded %.4f and %.5f",
          qPrintable(id), away(quick), std::cos(turned(quick)), away(rounded),
          std::cos(turned(rounded)));
    // A fresh deep network magnifies every rounding, wherever it happens: so what rounding the
    // weights alone does is the measure.
    QVERIFY(away(quick) < 5 * away(rounded) + 0.005);
    QVERIFY(turned(quick) < 5 * turned(rounded) + 0.01);
}

void PrecisionTest::foldedPrefix_data() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"resnet18", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1",
                           "efficientnet_b0", "densenet121"}) {
        QTest::newRow(id) << id;
    }
}

void PrecisionTest::foldedPrefix() {
    QFETCH(QString, id);
    const auto classifier = make(smallSpec(id.toStdString()));
    QVERIFY(classifier != nullptr);
    // Statistics as after training, so that folding has something to fold.
    train(*classifier, 2);
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    const torch::Tensor x = pictures(9, 4);
    const std::size_t all = classifier->stageCount();
    QCOMPARE(classifier->frozenPrefix(), all);
    classifier->setTraining(true);
    const torch::Tensor plain = classifier->forwardTo(all, x);
    classifier->setPrecision(Precision::Bf16);
    const torch::Tensor folded = classifier->forwardTo(all, x);
    QCOMPARE(folded.scalar_type(), torch::kBFloat16);
    QVERIFY(!folded.requires_grad());
    QVERIFY(folded.is_contiguous(torch::MemoryFormat::ChannelsLast));
    QVERIFY2(cosine(plain, folded) > 0.999, qPrintable(QString::number(cosine(plain, folded))));
    const double away = ((folded.to(torch::kFloat32) - plain).norm() / plain.norm()).item<double>();
    QVERIFY2(away < 0.04, qPrintable(QString::number(away)));
    // The rest takes features of either type, in either precision.
    const torch::Tensor logits = classifier->forwardFrom(all, folded);
    QCOMPARE(logits.scalar_type(), torch::kFloat32);
    QVERIFY(torch::allclose(classifier->forwardFrom(all, folded.to(torch::kFloat32)), logits));
    classifier->setPrecision(Precision::Fp32);
    QVERIFY(torch::allclose(classifier->forwardFrom(all, folded), logits, 1e-3, 1e-3));
}

void PrecisionTest::foldedPrefixFollowsItsWeights() {
    const auto classifier = make(smallSpec("resnet18"));
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    classifier->setPrecision(Precision::Bf16);
    classifier->setTraining(true);
    const torch::Tensor x = pictures(9, 2);
    const torch::Tensor before = classifier->forwardTo(1, x);
    QVERIFY(torch::equal(classifier->forwardTo(1, x), before));
    const torch::NoGradGuard noGrad;
    for (const char* name : {"conv1.weight", "bn1.weight", "bn1.running_mean"}) {
        const torch::Tensor last = classifier->forwardTo(1, x);
        for (const auto& list : {classifier->parameters(), classifier->buffers()}) {
            for (const NamedTensor& entry : list) {
                if (entry.name == name) {
                    torch::Tensor(entry.tensor).add_(0.1);
                }
            }
        }
        QVERIFY2(!torch::equal(classifier->forwardTo(1, x), last), name);
    }
}

// So many large pictures that they go through the stem a few at a time; two go at once.
void PrecisionTest::stemInPieces() {
    ModelSpec spec = smallSpec("resnet18");
    spec.imageSize = 224;
    spec.frozen = {"backbone"};
    const auto classifier = make(spec);
    const torch::Tensor x = pictures(9, 13, 224);
    const torch::NoGradGuard noGrad;
    const auto stem = [&](const torch::Tensor& given) { return classifier->forwardTo(1, given); };
    for (const Precision precision : {Precision::Fp32, Precision::Bf16}) {
        classifier->setPrecision(precision);
        classifier->setTraining(precision == Precision::Bf16);
        const torch::Tensor together = stem(x);
        QVERIFY(together.is_contiguous(torch::MemoryFormat::ChannelsLast));
        for (std::int64_t i = 0; i < x.size(0); i += 2) {
            const std::int64_t count = std::min<std::int64_t>(2, x.size(0) - i);
            QVERIFY(torch::equal(together.narrow(0, i, count), stem(x.narrow(0, i, count))));
        }
    }
    classifier->setPrecision(Precision::Fp32);
    classifier->setTraining(false);
    const torch::Tensor folded = stem(x);
    classifier->setExact(true);
    QVERIFY(torch::allclose(folded, stem(x), 1e-4, 1e-4));
}

void PrecisionTest::foldedAnswers_data() {
    QTest::addColumn<QString>("id");
    for (const char* id : {"resnet18", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0",
                           "densenet121", "graft_nano"}) {
        QTest::newRow(id) << id;
    }
}

void PrecisionTest::foldedAnswers() {
    QFETCH(QString, id);
    const auto classifier = make(smallSpec(id.toStdString()));
    QVERIFY(classifier != nullptr);
    train(*classifier, 2);
    const torch::Tensor x = pictures(9, 4);
    const auto answers = [&](bool exact) {
        const torch::NoGradGuard noGrad;
        classifier->setTraining(false);
        classifier->setExact(exact);
        return classifier->forward(x);
    };
    const torch::Tensor exact = answers(true);
    QVERIFY(torch::allclose(answers(false), exact, 1e-4, 1e-4));
    QVERIFY(torch::equal(answers(true), exact));
    // Folding follows weights that learn between two looks.
    train(*classifier, 1);
    const torch::Tensor later = answers(true);
    QVERIFY(!torch::allclose(later, exact, 1e-4, 1e-4));
    QVERIFY(torch::allclose(answers(false), later, 1e-4, 1e-4));
    // And statistics that move without a step.
    classifier->setTraining(true);
    classifier->forward(pictures(10, 4));
    QVERIFY(torch::allclose(answers(false), answers(true), 1e-4, 1e-4));
}

// With autograd nothing is ever folded, so that is what exact answers are compared with.
void PrecisionTest::exactIsAsTorchComputes() {
    const auto classifier = make(smallSpec("resnet18"));
    train(*classifier, 2);
    classifier->setTraining(false);
    const torch::Tensor x = pictures(9, 4);
    const torch::Tensor plain = classifier->forward(x).detach();
    const torch::NoGradGuard noGrad;
    QVERIFY(!torch::equal(classifier->forward(x), plain));
    classifier->setExact(true);
    QVERIFY(torch::equal(classifier->forward(x), plain));
}

void PrecisionTest::evaluationIsFloat32() {
    const auto classifier = make(smallSpec("resnet18"));
    const torch::Tensor x = pictures(9, 2);
    const torch::Tensor before = classifier->forward(x).detach();
    classifier->setPrecision(Precision::Bf16);
    classifier->setTraining(false);
    QVERIFY(torch::equal(classifier->forward(x).detach(), before));
}

void PrecisionTest::learns() {
    // Pictures of three colours: a few steps tell them apart.
    const auto classifier = make(smallSpec("small_cnn"));
    classifier->setPrecision(Precision::Bf16);
    Optimizer optimizer{Optimizer::Settings{}};
    StepInput input;
    input.rateOf = [](const std::string&) { return 0.05; };
    input.targets = torch::arange(24).remainder(3);
    double first = 0;
    StepOutcome last;
    for (int step = 0; step < 25; ++step) {
        input.x = pictures(step, 24) * 0.5;
        for (std::int64_t i = 0; i < 24; ++i) {
            input.x[i][i % 3].add_(0.5);
        }
        last = trainStep(*classifier, optimizer, input);
        first = step == 0 ? last.loss : first;
    }
    QVERIFY2(last.loss < 0.3 * first, qPrintable(QString("%1 to %2").arg(first).arg(last.loss)));
    QVERIFY(last.correct >= 22);
}

void PrecisionTest::onePassUpdates_data() {
    QTest::addColumn<QString>("kind");
    QTest::newRow("sgd") << "sgd";
    QTest::newRow("adamw") << "adamw";
}

void PrecisionTest::onePassUpdates() {
    QFETCH(QString, kind);
    std::vector<torch::Tensor> trained;
    for (const bool onePass : {false, true}) {
        Optimizer::Settings settings;
        settings.kind = kind.toStdString();
        settings.onePass = onePass;
        Optimizer optimizer(settings);
        torch::manual_seed(3);
        // Larger than what one thread takes at once, and an odd rest.
        const torch::Tensor large = torch::randn({40, 33, 5, 5}).requires_grad_(true);
        const torch::Tensor small = torch::randn({7}).requires_grad_(true);
        for (int step = 0; step < 5; ++step) {
            // As a convolution gives it: in another order in memory.
            large.mutable_grad() =
                torch::randn({40, 33, 5, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
            small.mutable_grad() = torch::randn({7});
            const auto version = large._version();
            optimizer.step({{"large", large, 0.1, 0.01}, {"small", small, 0.01, 0}});
            QVERIFY(large._version() > version);
        }
        trained.push_back(torch::cat({large.detach().flatten(), small.detach()}));
        for (const NamedTensor& entry : optimizer.state()) {
            trained.back() =
                torch::cat({trained.back(), entry.tensor.to(torch::kFloat32).flatten()});
        }
    }
    QVERIFY(torch::allclose(trained[0], trained[1], 1e-5, 1e-6));
}

void PrecisionTest::choiceLeavesTheNetworkAlone() {
    const auto classifier = make(smallSpec("resnet18"));
    const Hashes before = hashesOf(*classifier);
    torch::manual_seed(11);
    const torch::Tensor drawn = torch::rand({4});
    torch::manual_seed(11);
    const PrecisionChoice choice = choosePrecision(*classifier, "auto", 4);
    QVERIFY(torch::equal(torch::rand({4}), drawn));
    QCOMPARE(hashesOf(*classifier), before);
    QCOMPARE(classifier->precision(), choice.precision);
    for (const NamedTensor& entry : classifier->parameters()) {
        QVERIFY(!entry.tensor.grad().defined());
    }
    QCOMPARE(choice.threads, at::get_num_threads());
    QCOMPARE(choosePrecision(*classifier, "fp32", 4).precision, Precision::Fp32);
    QCOMPARE(choosePrecision(*classifier, "bf16", 4).precision, Precision::Bf16);
}

QTEST_GUILESS_MAIN(PrecisionTest)
#include "tst_precision.moc"
