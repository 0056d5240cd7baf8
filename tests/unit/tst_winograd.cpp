// Winograd's convolutions, forward and back, against torch's direct ones in float64, on whatever
// processor there is: sizes that are no multiple of a tile or of a block of channels, every
// padding, what is fused, several threads.
#include "core/nn/fast/convolution.h"
#include "core/nn/fast/kernels.h"
#include "core/nn/fast/tensors.h"
#include "core/nn/fast/winograd_plan.h"

#include <QtTest>

using namespace graft;
using torch::Tensor;

namespace {

struct Sizes {
    std::int64_t pictures, inputs, height, width, outputs;
    int padding;
};

fast::ConvShape shapeOf(const Sizes& s, torch::ScalarType type, bool bias = false,
                        fast::AfterConv after = {}) {
    const int p = s.padding;
    return {{s.pictures, s.inputs, s.height, s.width},
            {s.outputs, s.inputs, 3, 3},
            {s.pictures, s.outputs, s.height + 2 * p - 2, s.width + 2 * p - 2},
            type,
            bias,
            {1, p, p, p, p, 1},
            after};
}

/// Random numbers that bf16 can hold, so that both sides start from the same.
Tensor pictures(const std::vector<std::int64_t>& sizes, torch::ScalarType type) {
    return fast::inOrder(torch::randn(sizes).to(torch::kBFloat16), type);
}

Tensor weights(const std::vector<std::int64_t>& sizes) {
    return (torch::randn(sizes) * 0.1).contiguous(torch::MemoryFormat::ChannelsLast);
}

/// The root of the mean square of what is wrong, and the most, against the same of what is right.
struct Distance {
    double mean, most;
};
Distance distance(const Tensor& given, const Tensor& wanted) {
    const double size = wanted.square().mean().sqrt().item<double>();
    const Tensor wrong = (given.to(torch::kFloat64) - wanted).abs();
    return {wrong.square().mean().sqrt().item<double>() / size, wrong.max().item<double>() / size};
}

/// bf16 rounds what goes in (transformed) and what comes out, each to 1 in 512 at most; float adds
/// in another order only.
bool isNear(const Tensor& given, const Tensor& wanted, bool bf16) {
    const Distance d = distance(given, wanted);
    const bool near = bf16 ? d.mean < 0.006 && d.most < 0.05 : d.mean < 1e-6 && d.most < 2e-5;
    if (!near) {
        qWarning("mean %g, most %g", d.mean, d.most);
    }
    return near;
}

}  // namespace

class TestWinograd : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void init() { torch::manual_seed(11); }
    void matchesTorch_data();
    void matchesTorch();
    void fusesWhatFollows_data();
    void fusesWhatFollows();
    void takesUnevenPadding();
    void aPictureIsTheSameInEveryBatch();
    void threadsDoNotChangeAnswers();
    void portableKernelsAgree();
    void gradientReadsNothingUnset();
    void layersTakeIt();
    void layersPackWeightsAnew();
    void servesOnlyWhatItCan();
};

void TestWinograd::matchesTorch_data() {
    QTest::addColumn<QList<int>>("sizes");  // pictures, inputs, height, width, outputs, padding
    QTest::addRow("even") << QList<int>{2, 64, 8, 8, 64, 1};
    QTest::addRow("odd sides") << QList<int>{3, 32, 7, 9, 48, 1};
    QTest::addRow("no padding") << QList<int>{2, 48, 9, 6, 80, 0};
    QTest::addRow("padding 2") << QList<int>{1, 16, 5, 5, 16, 2};
    QTest::addRow("a pixel") << QList<int>{1, 32, 1, 1, 32, 1};
    QTest::addRow("a row") << QList<int>{2, 16, 1, 13, 112, 1};
    QTest::addRow("many tiles") << QList<int>{5, 64, 29, 31, 32, 1};
    QTest::addRow("many channels") << QList<int>{2, 512, 7, 7, 272, 1};
    QTest::addRow("panels of unequal width") << QList<int>{2, 272, 7, 7, 80, 1};
    QTest::addRow("an odd number of tiles") << QList<int>{1, 80, 5, 5, 112, 1};
}

void TestWinograd::matchesTorch() {
    QFETCH(QList<int>, sizes);
    const Sizes s{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
    for (const auto type : {torch::kBFloat16, torch::kFloat32}) {
        const bool bf16 = type == torch::kBFloat16;
        const fast::ConvShape shape = shapeOf(s, type, true);
        QVERIFY(fast::isWinograd(shape));
        const auto plan = fast::winogradPlan(shape);
        const Tensor x = pictures(shape.x, type), weight = weights(shape.weight);
        const Tensor bias = torch::randn({s.outputs});
        const Tensor exactX = x.to(torch::kFloat64).requires_grad_(true);
        const Tensor exactWeight = weight.to(torch::kFloat64).requires_grad_(true);
        const Tensor exactBias = bias.to(torch::kFloat64).requires_grad_(true);
        const Tensor wanted = torch::conv2d(exactX, exactWeight, exactBias, 1, s.padding);

        Tensor y = fast::emptyPictures(plan->outputSizes(), type);
        plan->forward(x, plan->packForward(weight), bias, {}, y);
        QCOMPARE(y.sizes().vec(), wanted.sizes().vec());
        QVERIFY(isNear(y, wanted.detach(), bf16));
        if (!bf16) {
            continue;  // trained in bf16 only
        }
        const Tensor gradY = pictures(shape.y, type);
        wanted.backward(gradY.to(torch::kFloat64));
        Tensor gradX = fast::emptyPictures(x.sizes(), type);
        plan->backwardInput(gradY, plan->packBackward(weight), gradX);
        QVERIFY(isNear(gradX, exactX.grad(), true));
        for (const bool channelsLast : {true, false}) {
            Tensor gradWeight =
                channelsLast ? torch::empty_like(weight) : torch::empty(weight.sizes());
            Tensor gradBias = torch::empty({s.outputs});
            plan->backwardWeights(x, gradY, gradWeight, gradBias);
            QVERIFY(isNear(gradWeight, exactWeight.grad(), true));
            QVERIFY(isNear(gradBias, exactBias.grad(), true));
        }
    }
}

void TestWinograd::fusesWhatFollows_data() {
    QTest::addColumn<int>("act");
    QTest::addColumn<bool>("residual");
    for (const Act act : {Act::None, Act::Relu, Act::Relu6, Act::Silu, Act::Hardswish}) {
        QTest::addRow("activation %d", int(act)) << int(act) << false;
        QTest::addRow("activation %d, sum", int(act)) << int(act) << true;
    }
}

void TestWinograd::fusesWhatFollows() {
    QFETCH(int, act);
    QFETCH(bool, residual);
    const Sizes s{2, 32, 7, 6, 80, 1};
    for (const auto type : {torch::kBFloat16, torch::kFloat32}) {
        const fast::ConvShape shape = shapeOf(s, type, true, {Act(act), residual});
        const auto plan = fast::winogradPlan(shape);
        const Tensor x = pictures(shape.x, type), weight = weights(shape.weight);
        const Tensor bias = torch::randn({s.outputs}), added = pictures(shape.y, type);
        Tensor y = fast::emptyPictures(plan->outputSizes(), type);
        plan->forward(x, plan->packForward(weight), bias, residual ? added : Tensor(), y);
        Tensor wanted = torch::conv2d(x.to(torch::kFloat64), weight.to(torch::kFloat64),
                                      bias.to(torch::kFloat64), 1, 1);
        wanted = residual ? wanted + added.to(torch::kFloat64) : wanted;
        switch (Act(act)) {
            case Act::Relu:
                wanted = torch::relu(wanted);
                break;
            case Act::Relu6:
                wanted = torch::hardtanh(wanted, 0, 6);
                break;
            case Act::Silu:
                wanted = torch::silu(wanted);
                break;
            case Act::Hardswish:
                wanted = torch::hardswish(wanted);
                break;
            case Act::None:
                break;
        }
        QVERIFY(isNear(y, wanted, type == torch::kBFloat16));
    }
}

void TestWinograd::takesUnevenPadding() {
    fast::ConvShape shape = shapeOf({2, 16, 8, 7, 32, 1}, torch::kBFloat16);
    shape.geometry = {1, 0, 2, 1, 1, 1};  // top, left, bottom, right
    shape.y = {2, 32, 7, 8};
    QVERIFY(fast::isWinograd(shape));
    const auto plan = fast::winogradPlan(shape);
    const Tensor x = pictures(shape.x, torch::kBFloat16), weight = weights(shape.weight);
    const Tensor exactX = x.to(torch::kFloat64).requires_grad_(true);
    const Tensor wanted =
        torch::conv2d(torch::constant_pad_nd(exactX, {2, 1, 0, 1}), weight.to(torch::kFloat64));
    Tensor y = fast::emptyPictures(plan->outputSizes());
    plan->forward(x, plan->packForward(weight), {}, {}, y);
    QCOMPARE(y.sizes().vec(), wanted.sizes().vec());
    QVERIFY(isNear(y, wanted.detach(), true));
    const Tensor gradY = pictures(shape.y, torch::kBFloat16);
    wanted.backward(gradY.to(torch::kFloat64));
    Tensor gradX = fast::emptyPictures(x.sizes());
    plan->backwardInput(gradY, plan->packBackward(weight), gradX);
    QVERIFY(isNear(gradX, exactX.grad(), true));
}

void TestWinograd::aPictureIsTheSameInEveryBatch() {
    const Tensor weight = weights({64, 64, 3, 3});
    const Tensor x = pictures({7, 64, 9, 9}, torch::kBFloat16);
    const auto answers = [&](const Tensor& of) {
        const auto plan =
            fast::winogradPlan(shapeOf({of.size(0), 64, 9, 9, 64, 1}, torch::kBFloat16));
        Tensor y = fast::emptyPictures(plan->outputSizes());
        plan->forward(of, plan->packForward(weight), {}, {}, y);
        return y;
    };
    const Tensor together = answers(x);
    for (std::int64_t i = 0; i < x.size(0); ++i) {
        QVERIFY(torch::equal(answers(fast::inOrder(x.narrow(0, i, 1))), together.narrow(0, i, 1)));
    }
}

void TestWinograd::threadsDoNotChangeAnswers() {
    const fast::ConvShape shape = shapeOf({6, 64, 28, 28, 96, 1}, torch::kBFloat16);
    const auto plan = fast::winogradPlan(shape);
    const Tensor x = pictures(shape.x, torch::kBFloat16), weight = weights(shape.weight);
    const Tensor gradY = pictures(shape.y, torch::kBFloat16);
    const Tensor exactWeight = weight.to(torch::kFloat64).requires_grad_(true);
    torch::conv2d(x.to(torch::kFloat64), exactWeight, {}, 1, 1).backward(gradY.to(torch::kFloat64));
    const int before = at::get_num_threads();
    Tensor first;
    for (const int threads : {1, 2, 3, 4}) {
        at::set_num_threads(threads);
        Tensor y = fast::emptyPictures(plan->outputSizes());
        plan->forward(x, plan->packForward(weight), {}, {}, y);
        first = first.defined() ? first : y;
        Tensor gradWeight = torch::empty_like(weight), noBias;
        plan->backwardWeights(x, gradY, gradWeight, noBias);
        at::set_num_threads(before);
        QVERIFY(torch::equal(y, first));
        QVERIFY(isNear(gradWeight, exactWeight.grad(), true));
    }
}

/// They sum in the same order; the instruction for products of bf16 rounds twice where the loops
/// may round once. Scratch memory may hold anything.
void TestWinograd::portableKernelsAgree() {
    if (&fast::kernels() == &fast::portableKernels()) {
        QSKIP("This processor has only the portable kernels, which the other tests check.");
    }
    const std::int64_t channels = 48;
    const Tensor weight = weights({channels, channels, 3, 3});
    const Tensor x = pictures({1, channels, 6, 6}, torch::kBFloat16);
    Tensor outcomes[2];
    for (int i = 0; i < 2; ++i) {
        const fast::Kernels& table = i == 0 ? fast::kernels() : fast::portableKernels();
        Tensor packed = torch::empty({16 * channels * channels}, torch::kBFloat16);
        table.winogradWeights(weight.data_ptr<float>(), channels, 0, channels,
                              fast::numbers(packed));
        Tensor points =
            torch::full({16 * (12 * channels + fast::kWinogradGap)}, NAN, torch::kBFloat16);
        Tensor products = torch::full({16 * (12 * fast::kWinogradBlock + fast::kWinogradGap)}, NAN);
        const Tensor zeros = torch::zeros({channels}, torch::kBFloat16);
        outcomes[i] = fast::emptyPictures({1, channels, 6, 6});
        fast::WinogradForward<fast::Bf16> pass;
        pass.tiles = {1, 6, 6, 6, 6, 1, 1, 3, 9};
        pass.inputs = pass.outputs = channels;
        pass.x = fast::numbers(x);
        pass.weight = fast::numbers(packed);
        pass.y = fast::numbers(outcomes[i]);
        pass.zeros = fast::numbers(zeros);
        pass.atOnce = 12;
        pass.points = fast::numbers(points);
        pass.products = products.data_ptr<float>();
        table.winograd(pass, 0, pass.tiles.perPicture);
    }
    const Distance apart = distance(outcomes[0], outcomes[1].to(torch::kFloat64));
    QVERIFY2(apart.mean < 1e-4 && apart.most < 0.02, qPrintable(QString::number(apart.mean)));
}

void TestWinograd::gradientReadsNothingUnset() {
    const std::int64_t channels = 48;
    const Tensor x = pictures({1, channels, 5, 5}, torch::kBFloat16);
    const Tensor gradY = pictures({1, channels, 5, 5}, torch::kBFloat16);
    const Tensor zeros = torch::zeros({channels}, torch::kBFloat16);
    Tensor scratch = torch::full({2, 8 * 4 * channels}, NAN, torch::kBFloat16);
    Tensor sums = torch::full({16, channels, channels}, NAN);
    for (const bool lowerHalf : {false, true}) {
        fast::WinogradGradient pass;
        pass.tiles = {1, 5, 5, 5, 5, 1, 1, 3, 9};
        pass.inputs = pass.outputs = pass.endOutput = channels;
        pass.lowerHalf = lowerHalf;
        pass.x = fast::numbers(x);
        pass.gradY = fast::numbers(gradY);
        pass.zeros = fast::numbers(zeros);
        pass.atOnce = 4;
        pass.inputScratch = fast::numbers(scratch);
        pass.gradientScratch = pass.inputScratch + 8 * 4 * channels;
        pass.sums = sums.data_ptr<float>() + (lowerHalf ? 8 * channels * channels : 0);
        fast::kernels().winogradGradient(pass, 0, 9);
    }
    QVERIFY(sums.isfinite().all().item<bool>());
}

/// Through the layers' own door, with as many channels as are worth it.
void TestWinograd::layersTakeIt() {
    const fast::ConvGeometry geometry{1, 1, 1, 1, 1, 1};
    const Tensor x = pictures({2, 64, 9, 9}, torch::kBFloat16).requires_grad_(true);
    const Tensor weight = weights({80, 64, 3, 3}).requires_grad_(true);
    const Tensor bias = torch::randn({80}).requires_grad_(true);
    std::vector<Tensor> exact;
    for (const Tensor& tensor : {x, weight, bias}) {
        exact.push_back(tensor.detach().to(torch::kFloat64).requires_grad_(true));
    }
    const bool vectors = &fast::kernels() != &fast::portableKernels();
    QCOMPARE(fast::winogradPays(shapeOf({2, 64, 9, 9, 80, 1}, torch::kFloat32)), vectors);
    fast::PackedWeights kept;
    const Tensor y = fast::convolution(x, weight, bias, geometry, kept);
    const Tensor wanted = torch::conv2d(exact[0], exact[1], exact[2], 1, 1);
    QVERIFY(isNear(y.detach(), wanted.detach(), true));
    const Tensor gradient = pictures(wanted.sizes().vec(), torch::kBFloat16);
    y.backward(gradient);
    wanted.backward(gradient.to(torch::kFloat64));
    QVERIFY(isNear(x.grad(), exact[0].grad(), true));
    QVERIFY(isNear(weight.grad(), exact[1].grad(), true));
    QVERIFY(isNear(bias.grad(), exact[2].grad(), true));

    for (const auto type : {torch::kBFloat16, torch::kFloat32}) {
        const Tensor residual = pictures({2, 80, 9, 9}, type);
        fast::FoldedWeights folded;
        folded.weight = weight.detach();
        folded.bias = bias.detach();
        const Tensor answer =
            fast::foldedConvolution(x.detach().to(type), folded, geometry, Act::Relu, residual);
        QVERIFY(isNear(answer, torch::relu(wanted.detach() + residual.to(torch::kFloat64)),
                       type == torch::kBFloat16));
    }
}

void TestWinograd::layersPackWeightsAnew() {
    const Tensor x = pictures({2, 64, 8, 8}, torch::kBFloat16);
    Tensor weight = weights({64, 64, 3, 3});
    fast::PackedWeights kept;
    const fast::ConvGeometry geometry{1, 1, 1, 1, 1, 1};
    const Tensor before = fast::convolution(x, weight, {}, geometry, kept);
    weight.mul_(2);
    QVERIFY(torch::equal(fast::convolution(x, weight, {}, geometry, kept), before * 2));
}

void TestWinograd::servesOnlyWhatItCan() {
    const auto serves = [](auto change) {
        fast::ConvShape shape = shapeOf({2, 64, 8, 8, 64, 1}, torch::kBFloat16);
        change(shape);
        return fast::isWinograd(shape);
    };
    using Shape = fast::ConvShape;
    QVERIFY(serves([](Shape&) {}));
    QVERIFY(!serves([](Shape& s) { s.geometry.stride = 2; }));
    QVERIFY(!serves([](Shape& s) { s.geometry.groups = 2; }));
    QVERIFY(!serves([](Shape& s) { s.x[1] = s.weight[1] = 40; }));
    QVERIFY(!serves([](Shape& s) { s.weight[2] = s.weight[3] = 5; }));
    QVERIFY(!serves([](Shape& s) { s.geometry.padTop = 3; }));
    QVERIFY(!serves([](Shape& s) { s.x[0] = s.y[0] = 0; }));
    QVERIFY(!serves([](Shape& s) { s.y[2] = 0; }));
}

QTEST_APPLESS_MAIN(TestWinograd)
#include "tst_winograd.moc"
