// Graft's own network: the first layer that is computed from pictures, and how the rest begins.
#include "core/nn/catalog.h"
#include "tests/support/small_networks.h"

#include <QtTest>

using namespace graft;
using namespace graft::testing;

namespace {

const char kFirst[] = "layer1.whiten.weight";

torch::Tensor tensorNamed(const Classifier& classifier, const std::string& name) {
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& entry : list) {
            if (entry.name == name) {
                return entry.tensor;
            }
        }
    }
    return {};
}

/// Neighbours and colours agree, as in photos, with a contrast and a tint of their own.
torch::Tensor photoLike(int seed, int count, int size) {
    torch::manual_seed(std::uint64_t(seed));
    const torch::Tensor grey = torch::randn({count, 1, size / 8, size / 8});
    const torch::Tensor coarse = torch::upsample_bilinear2d(grey, {size, size}, false);
    return 1.5 * coarse + 0.3 * torch::randn({count, 3, size, size}) + 0.2;
}

}  // namespace

class GraftNanoTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void firstLayerEqualsVariances();
    void firstLayerBeginsUsable();
    void firstLayerNeverLearns();
    void secondConvolutionsPassThrough();
    void sizes();
};

// By definition of whitening: what the first filters answer has no correlation, and variance 1 but
// for the small number that is added to each variance.
void GraftNanoTest::firstLayerEqualsVariances() {
    const auto classifier = make(specOf("graft_nano"));
    QVERIFY(classifier->fitsToPictures());
    const torch::Tensor x = photoLike(1, 64, 64);
    classifier->fitToPictures({x.slice(0, 0, 40), x.slice(0, 40)});
    const torch::Tensor weight = tensorNamed(*classifier, kFirst);
    QCOMPARE(weight.sizes().vec(), (std::vector<std::int64_t>{24, 3, 2, 2}));
    QVERIFY(torch::equal(weight.slice(0, 0, 12), -weight.slice(0, 12)));
    const torch::Tensor answers = torch::conv2d(x, weight.slice(0, 0, 12))
                                      .to(torch::kFloat64)
                                      .transpose(0, 1)
                                      .reshape({12, -1});
    const torch::Tensor moments = answers.matmul(answers.t()) / double(answers.size(1));
    const torch::Tensor expected = torch::diag(torch::diag(moments));
    QVERIFY(torch::allclose(moments, expected, 0, 1e-3));
    const torch::Tensor variances = torch::diag(moments);
    // Noise of variance 0.09 in 12 directions is the least there is in these pictures.
    QVERIFY(torch::all(variances > 0.09 / (0.09 + 0.0101)).item<bool>());
    QVERIFY(torch::all(variances <= 1.0).item<bool>());
    // Other pictures, other filters; the same ones, the same to the bit.
    const std::string before = hashOf(weight);
    classifier->fitToPictures({x.slice(0, 0, 40), x.slice(0, 40)});
    QCOMPARE(hashOf(tensorNamed(*classifier, kFirst)), before);
    classifier->fitToPictures({photoLike(2, 64, 64) * 0.5});
    QVERIFY(hashOf(tensorNamed(*classifier, kFirst)) != before);
}

void GraftNanoTest::firstLayerBeginsUsable() {
    const auto classifier = make(specOf("graft_nano"), 1);
    const torch::Tensor weight = tensorNamed(*classifier, kFirst);
    QVERIFY(weight.isfinite().all().item<bool>());
    // 12 directions: none is a mixture of the others.
    const torch::Tensor rank = torch::linalg_matrix_rank(weight.slice(0, 0, 12).reshape({12, 12}));
    QCOMPARE(rank.item<std::int64_t>(), std::int64_t(12));
    QVERIFY(torch::equal(weight, tensorNamed(*make(specOf("graft_nano"), 2), kFirst)));
}

void GraftNanoTest::firstLayerNeverLearns() {
    const auto classifier = make(specOf("graft_nano"));
    const std::string before = hashOf(tensorNamed(*classifier, kFirst));
    const std::string next = hashOf(tensorNamed(*classifier, "layer1.conv1.weight"));
    train(*classifier, 2);
    QCOMPARE(hashOf(tensorNamed(*classifier, kFirst)), before);
    QVERIFY(hashOf(tensorNamed(*classifier, "layer1.conv1.weight")) != next);
    // It is not frozen by anybody's wish either, so nothing counts as frozen.
    QCOMPARE(classifier->frozenPrefix(), std::size_t(0));
    QVERIFY(classifier->frozenParameters().empty());
    QCOMPARE(classifier->trainableCount(), std::int64_t(2646720 + 384 * 3 + 3));
    const LayerNode& first = classifier->tree().children.front();
    QCOMPARE(first.path, std::string("layer1"));
    QCOMPARE(first.children.size(), std::size_t(4));
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    QCOMPARE(classifier->frozenPrefix(), std::size_t(4));
}

void GraftNanoTest::secondConvolutionsPassThrough() {
    const auto classifier = make(specOf("graft_nano"));
    const torch::Tensor x = torch::randn({2, 96, 7, 7});
    const torch::Tensor weight = tensorNamed(*classifier, "layer2.conv2.weight");
    const torch::Tensor y = torch::conv2d(x, weight, {}, 1, 1);
    QVERIFY(torch::equal(y, x));
}

void GraftNanoTest::sizes() {
    for (const int size : {32, 40, 48, 63, 64, 96, 224}) {
        ModelSpec spec = specOf("graft_nano");
        spec.imageSize = size;
        const auto classifier = make(spec);
        for (const Precision precision : {Precision::Fp32, Precision::Bf16}) {
            classifier->setTraining(true);
            classifier->setPrecision(precision);
            const torch::Tensor logits = classifier->forward(pictures(size, 2, size));
            QCOMPARE(logits.sizes().vec(), (std::vector<std::int64_t>{2, 3}));
            logits.sum().backward();
            const torch::Tensor gradient =
                tensorNamed(*classifier, "layer1.conv1.weight").grad();
            QVERIFY(gradient.isfinite().all().item<bool>());
            QVERIFY(gradient.abs().sum().item<double>() > 0);
        }
    }
}

QTEST_GUILESS_MAIN(GraftNanoTest)
#include "tst_graft_nano.moc"
