// The ops between the convolutions in bf16, forward and back, against torch's own composition in
// float64: sizes that are no multiple of a vector, single pictures, inputs in another layout.
#include "core/nn/fast/convolution.h"
#include "core/nn/fast/kernels.h"
#include "core/nn/fast/ops.h"
#include "core/nn/fast/parallel.h"
#include "core/nn/fast/tensors.h"

#include <QtTest>

#include <functional>
#include <mutex>
#include <set>
#include <thread>

using namespace graft;
using torch::Tensor;

namespace {

/// Random numbers that bf16 can hold, so that both sides start from the same.
Tensor numbersOf(std::vector<std::int64_t> sizes, double spread = 2, double shift = 0) {
    return (torch::randn(sizes) * spread + shift).to(torch::kBFloat16);
}

/// Shares of numbers further from the reference than rounding to bf16 explains.
double outliers(const Tensor& given, const Tensor& reference) {
    const Tensor wanted = reference.to(torch::kFloat64);
    const Tensor distance = (given.to(torch::kFloat64) - wanted).abs();
    const Tensor allowed =
        wanted.abs() * 0.005 + wanted.square().mean().sqrt() * 0.002 + 1e-12;
    // Written so that what is not a number counts.
    return 1.0 - distance.le(allowed).to(torch::kFloat64).mean().item<double>();
}

/// A number exactly at a corner of the activation may fall on the other side.
constexpr double kAtCorners = 2e-4;

using Op = std::function<Tensor(const std::vector<Tensor>&)>;

/// Runs both on the same inputs with the same gradient of the outcome and compares everything.
void compare(const Op& fastOp, const Op& reference, const std::vector<Tensor>& inputs,
             const char* what, double mayDiffer = kAtCorners) {
    std::vector<Tensor> own, exact;
    for (const Tensor& input : inputs) {
        own.push_back(input.detach().requires_grad_(true));
        exact.push_back(input.detach().to(torch::kFloat64).requires_grad_(true));
    }
    const Tensor y = fastOp(own);
    const Tensor wanted = reference(exact);
    QCOMPARE(y.sizes().vec(), wanted.sizes().vec());
    QVERIFY2(outliers(y, wanted) <= mayDiffer, what);
    const Tensor gradient = torch::randn(wanted.sizes()).to(torch::kBFloat16);
    y.backward(gradient.to(y.scalar_type()));
    wanted.backward(gradient.to(torch::kFloat64));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        QVERIFY2(own[i].grad().defined(), what);
        const double share = outliers(own[i].grad(), exact[i].grad());
        QVERIFY2(share <= mayDiffer,
                 qPrintable(QString("%1: gradient %2, %3").arg(what).arg(i).arg(share)));
    }
}

Tensor activated(const Tensor& x, Act act) {
    switch (act) {
        case Act::Relu:
            return torch::relu(x);
        case Act::Relu6:
            return torch::hardtanh(x, 0, 6);
        case Act::Silu:
            return torch::silu(x);
        case Act::Hardswish:
            return torch::hardswish(x);
        case Act::None:
            break;
    }
    return x;
}

struct NormCase {
    std::vector<std::int64_t> sizes;
    Act act;
    bool residual;
    bool training;
    double shift;
};

}  // namespace

class TestFastOps : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void init() { torch::manual_seed(7); }
    void normMatchesTorch_data();
    void normMatchesTorch();
    void activationMatchesTorch_data();
    void activationMatchesTorch();
    void poolingMatchesTorch_data();
    void poolingMatchesTorch();
    void pooledNormMatchesTorch();
    void ordersOfOneDnn();
    void meanMatchesTorch();
    void squeezeExciteMatchesTorch_data();
    void squeezeExciteMatchesTorch();
    void convolutionMatchesTorch_data();
    void convolutionMatchesTorch();
    void weightsArePackedAnewWhenChanged();
    void foldedConvolutionMatchesTorch_data();
    void foldedConvolutionMatchesTorch();
    void infiniteAndNotANumberStay();
    void roundsToNearestEven();
    void planesBecomeChannelsLast();
    void passesUseAllThreads();
};

void TestFastOps::normMatchesTorch_data() {
    QTest::addColumn<int>("number");
    for (int i = 0; i < 12; ++i) {
        QTest::addRow("%d", i) << i;
    }
}

void TestFastOps::normMatchesTorch() {
    QFETCH(int, number);
    const std::vector<NormCase> cases{
        {{2, 16, 8, 8}, Act::Relu, false, true, 0},   {{3, 24, 7, 5}, Act::Relu6, false, true, 1},
        {{1, 3, 9, 11}, Act::None, false, true, 0},   {{32, 64, 28, 28}, Act::Relu, false, true, 3},
        {{2, 40, 13, 13}, Act::Silu, false, true, 0}, {{3, 72, 6, 6}, Act::Hardswish, false, true, 0},
        {{2, 96, 14, 14}, Act::Relu, true, true, 0},  {{3, 17, 5, 5}, Act::None, true, true, 0},
        {{2, 33, 8, 8}, Act::Relu, true, true, 0},   {{2, 24, 8, 8}, Act::Relu, false, false, 0},
        {{2, 24, 8, 8}, Act::Hardswish, false, false, 0}, {{4, 8, 8, 8}, Act::Relu, true, false, 100}};
    const NormCase& c = cases[std::size_t(number)];
    const std::int64_t channels = c.sizes[1];
    fast::NormTensors norm;
    norm.runningMean = torch::randn({channels}) + c.shift;
    norm.runningVar = torch::rand({channels}) * 3 + 1;
    norm.training = c.training;
    norm.momentum = 0.2;
    const Tensor mean = norm.runningMean.to(torch::kFloat64);
    const Tensor variance = norm.runningVar.to(torch::kFloat64);
    // Weights of every sign: a negative one turns what the activation lets through around.
    std::vector<Tensor> inputs{numbersOf(c.sizes, 2, c.shift), torch::randn({channels}) + 0.5,
                               torch::randn({channels})};
    if (c.residual) {
        inputs.push_back(numbersOf(c.sizes));
    }
    compare(
        [&](const std::vector<Tensor>& t) {
            norm.weight = t[1];
            norm.bias = t[2];
            return fast::normActivate(t[0], norm, c.act, c.residual ? t[3] : Tensor());
        },
        [&](const std::vector<Tensor>& t) {
            Tensor y = torch::batch_norm(t[0], t[1], t[2], mean, variance, c.training, 0.2, 1e-5,
                                         false);
            return activated(c.residual ? y + t[3] : y, c.act);
        },
        inputs, "norm");
    QVERIFY(torch::allclose(norm.runningMean.to(torch::kFloat64), mean, 1e-5, 1e-5));
    QVERIFY(torch::allclose(norm.runningVar.to(torch::kFloat64), variance, 1e-4, 1e-5));
}

void TestFastOps::activationMatchesTorch_data() {
    QTest::addColumn<int>("act");
    for (const Act act : {Act::Relu, Act::Relu6, Act::Silu, Act::Hardswish}) {
        QTest::addRow("%d", int(act)) << int(act);
    }
}

void TestFastOps::activationMatchesTorch() {
    QFETCH(int, act);
    const auto run = [&](Tensor x) {
        // There torch's own vector and scalar code disagree about hard swish's slope.
        x = x.masked_fill(x.abs().eq(3), 1);
        compare([&](const auto& t) { return fast::activate(t[0], Act(act)); },
                [&](const auto& t) { return activated(t[0], Act(act)); }, {x}, "activation");
    };
    run(numbersOf({3, 5, 7, 11}, 4));
    run(numbersOf({64, 24, 32, 32}, 30));
    run(numbersOf({3, 5, 8, 12}, 4).transpose(2, 3));
    run(numbersOf({4, 9, 8, 8}, 4).slice(1, 2, 8));
}

void TestFastOps::poolingMatchesTorch_data() {
    QTest::addColumn<int>("kernel");
    QTest::addColumn<int>("stride");
    QTest::addColumn<int>("padding");
    QTest::addColumn<bool>("ceil");
    QTest::addColumn<int>("height");
    QTest::addRow("stem") << 3 << 2 << 1 << false << 14;
    QTest::addRow("odd") << 3 << 2 << 1 << false << 13;
    QTest::addRow("ceil") << 3 << 2 << 0 << true << 14;
    QTest::addRow("ceil, padded") << 2 << 2 << 1 << true << 13;
    QTest::addRow("halving") << 2 << 2 << 0 << false << 9;
    QTest::addRow("overlapping") << 3 << 1 << 1 << false << 6;
    QTest::addRow("apart") << 2 << 3 << 0 << false << 11;
}

void TestFastOps::poolingMatchesTorch() {
    QFETCH(int, kernel);
    QFETCH(int, stride);
    QFETCH(int, padding);
    QFETCH(bool, ceil);
    QFETCH(int, height);
    for (const std::int64_t channels : {1, 16, 24, 70}) {
        // Equal numbers are many after a ReLU: which of them is taken decides the gradient.
        const Tensor x = torch::relu(numbersOf({2, channels, height, height + 3}, 1));
        compare(
            [&](const auto& t) {
                return fast::maxPool(t[0], {kernel, stride, padding, ceil});
            },
            [&](const auto& t) {
                return torch::max_pool2d(t[0], kernel, stride, padding, 1, ceil);
            },
            {x}, "pooling");
        const torch::NoGradGuard noGrad;
        const Tensor rounded = x.to(torch::kBFloat16).requires_grad_(true);
        QVERIFY(torch::equal(
            fast::maxPool(rounded, {kernel, stride, padding, ceil}).to(torch::kFloat32),
            torch::max_pool2d(rounded.to(torch::kFloat32), kernel, stride, padding, 1, ceil)));
    }
}

void TestFastOps::pooledNormMatchesTorch() {
    struct Case {
        std::vector<std::int64_t> sizes;
        fast::PoolShape pool;
        Act act = Act::Relu;
        bool training = true;
    };
    // The way back of the first takes several pieces of 18 rows.
    const std::vector<Case> cases{{{2, 64, 112, 112}, {3, 2, 1}},
                                  {{2, 16, 21, 16}, {3, 2, 0, true}, Act::Relu},
                                  {{3, 17, 9, 11}, {2, 2}, Act::Relu6},
                                  {{2, 33, 8, 8}, {3, 1, 1}, Act::None},
                                  {{2, 24, 16, 16}, {3, 2, 1}, Act::Relu, false}};
    for (const Case& c : cases) {
        const std::int64_t channels = c.sizes[1];
        const Tensor mean = torch::randn({channels});
        const Tensor variance = torch::rand({channels}) + 0.5;
        fast::NormTensors norm;
        norm.training = c.training;
        Tensor own, steps;
        compare(
            [&](const std::vector<Tensor>& t) {
                norm.weight = t[1];
                norm.bias = t[2];
                norm.runningMean = mean.clone();
                norm.runningVar = variance.clone();
                steps = fast::maxPool(fast::normActivate(t[0], norm, c.act, {}), c.pool);
                norm.runningMean = mean.clone();
                norm.runningVar = variance.clone();
                return own = fast::normActivateMaxPool(t[0], norm, c.act, c.pool);
            },
            [&](const std::vector<Tensor>& t) {
                const Tensor y = activated(
                    torch::batch_norm(t[0], t[1], t[2], mean.to(torch::kFloat64),
                                      variance.to(torch::kFloat64), c.training, 0.1, 1e-5, false),
                    c.act);
                return torch::max_pool2d(y, c.pool.kernel, c.pool.stride, c.pool.padding, 1,
                                         c.pool.ceilMode);
            },
            {numbersOf(c.sizes, 2, 1), torch::randn({channels}), torch::randn({channels})},
            "norm and pooling", /*the gradient is rounded twice*/ 1e-3);
        QVERIFY(torch::equal(own, steps));
        QCOMPARE(torch::equal(norm.runningMean, mean), !c.training);
    }
}

// What oneDNN's own copies are replaced by, number for number, by the kernels of any processor and
// by this one's.
void TestFastOps::ordersOfOneDnn() {
    const std::int64_t rows = 7, channels = 48, taps = 9, inputs = 32;
    const Tensor pictures = numbersOf({rows, channels}).contiguous();
    const Tensor weight = torch::randn({16, taps, inputs});
    const Tensor blocks = pictures.view({rows, 3, 16}).transpose(0, 1).contiguous();
    const Tensor pairs = weight.view({8, 2, taps, 2, 16}).permute({3, 2, 0, 4, 1}).contiguous();
    for (const fast::Kernels* set : {&fast::kernels(), &fast::portableKernels()}) {
        Tensor own = torch::empty_like(blocks);
        set->toBlocks(fast::numbers(pictures), {rows, channels}, fast::numbers(own));
        QVERIFY(torch::equal(own, blocks));
        own = torch::empty(pairs.sizes(), torch::kBFloat16);
        set->pairOutputs(weight.data_ptr<float>(), taps, inputs, fast::numbers(own));
        QVERIFY(torch::equal(own, pairs.to(torch::kBFloat16)));
    }
}

void TestFastOps::meanMatchesTorch() {
    for (const std::int64_t channels : {1, 16, 40}) {
        compare([](const auto& t) { return fast::meanOverPicture(t[0]); },
                [](const auto& t) { return t[0].mean({2, 3}); },
                {numbersOf({3, channels, 7, 9}, 1, 2)}, "mean");
    }
}

void TestFastOps::squeezeExciteMatchesTorch_data() {
    QTest::addColumn<bool>("silu");
    QTest::addColumn<bool>("hard");
    QTest::addRow("MobileNetV3") << false << true;
    QTest::addRow("EfficientNet") << true << false;
    QTest::addRow("RegNet") << false << false;
}

void TestFastOps::squeezeExciteMatchesTorch() {
    QFETCH(bool, silu);
    QFETCH(bool, hard);
    const std::int64_t channels = 40, squeezed = 10;
    const std::vector<Tensor> inputs{
        numbersOf({3, channels, 6, 5}), torch::randn({squeezed, channels, 1, 1}),
        torch::randn({squeezed}), torch::randn({channels, squeezed, 1, 1}),
        torch::randn({channels})};
    compare(
        [&](const auto& t) {
            return fast::squeezeExcite(t[0], {t[1], t[2], t[3], t[4], silu, hard});
        },
        [&](const auto& t) {
            const Tensor inner = torch::conv2d(t[0].mean({2, 3}, true), t[1], t[2]);
            const Tensor outer =
                torch::conv2d(silu ? torch::silu(inner) : torch::relu(inner), t[3], t[4]);
            return t[0] * (hard ? torch::hardsigmoid(outer) : torch::sigmoid(outer));
        },
        inputs, "squeeze and excitation");
}

void TestFastOps::convolutionMatchesTorch_data() {
    QTest::addColumn<QList<int>>("shape");  // N in H W out kernel stride padding groups bias
    QTest::addRow("stem") << QList<int>{2, 3, 33, 30, 64, 7, 2, 3, 1, 0};
    QTest::addRow("3x3") << QList<int>{3, 32, 14, 14, 48, 3, 1, 1, 1, 0};
    QTest::addRow("3x3/2") << QList<int>{1, 16, 15, 13, 32, 3, 2, 1, 1, 0};
    QTest::addRow("1x1") << QList<int>{2, 24, 9, 9, 40, 1, 1, 0, 1, 0};
    QTest::addRow("1x1/2, bias") << QList<int>{2, 24, 9, 9, 40, 1, 2, 0, 1, 1};
    QTest::addRow("odd channels") << QList<int>{2, 5, 9, 9, 7, 3, 1, 1, 1, 1};
    QTest::addRow("groups") << QList<int>{2, 64, 8, 8, 64, 3, 1, 1, 16, 0};
    QTest::addRow("depthwise 3x3") << QList<int>{2, 24, 12, 11, 24, 3, 1, 1, 24, 0};
    QTest::addRow("depthwise 3x3/2") << QList<int>{3, 40, 15, 14, 40, 3, 2, 1, 40, 0};
    QTest::addRow("depthwise 5x5") << QList<int>{2, 33, 13, 9, 33, 5, 1, 2, 33, 0};
    QTest::addRow("depthwise 5x5/2") << QList<int>{1, 96, 14, 14, 96, 5, 2, 2, 96, 0};
    QTest::addRow("depthwise, tiny") << QList<int>{2, 17, 3, 2, 17, 5, 1, 2, 17, 0};
    QTest::addRow("depthwise 7x7, bias") << QList<int>{2, 32, 9, 9, 32, 7, 1, 3, 32, 1};
    QTest::addRow("depthwise, large") << QList<int>{8, 32, 56, 56, 32, 3, 1, 1, 32, 0};
}

void TestFastOps::convolutionMatchesTorch() {
    QFETCH(QList<int>, shape);
    const int in = shape[1], out = shape[4], kernel = shape[5], stride = shape[6];
    const int padding = shape[7], groups = shape[8];
    const bool bias = shape[9] != 0;
    const fast::ConvGeometry geometry{stride, padding, padding, padding, padding, groups};
    fast::PackedWeights kept;
    std::vector<Tensor> inputs{
        numbersOf({shape[0], in, shape[2], shape[3]}),
        numbersOf({out, in / groups, kernel, kernel}, 0.3).to(torch::kFloat32)};
    if (bias) {
        inputs.push_back(torch::randn({out}));
    }
    const auto optional = [&](const auto& t) { return bias ? t[2] : Tensor(); };
    compare(
        [&](const auto& t) {
            return fast::convolution(t[0], t[1], optional(t), geometry, kept);
        },
        [&](const auto& t) {
            return torch::conv2d(t[0], t[1], optional(t), stride, padding, 1, groups);
        },
        inputs, "convolution");
}

void TestFastOps::weightsArePackedAnewWhenChanged() {
    const Tensor x = numbersOf({2, 16, 8, 8});
    Tensor weight = numbersOf({32, 16, 3, 3}, 0.3).to(torch::kFloat32);
    const fast::ConvGeometry geometry{1, 1, 1, 1, 1, 1};
    fast::PackedWeights kept;
    const Tensor before = fast::convolution(x, weight, {}, geometry, kept);
    weight.mul_(2);
    const Tensor after = fast::convolution(x, weight, {}, geometry, kept);
    QVERIFY(torch::equal(after, before * 2));
    QVERIFY(torch::equal(fast::convolution(x, weight, {}, geometry, kept), after));
}

void TestFastOps::foldedConvolutionMatchesTorch_data() {
    QTest::addColumn<int>("act");
    QTest::addColumn<bool>("residual");
    QTest::addColumn<int>("groups");
    QTest::addColumn<bool>("exact");
    for (const auto& [groups, exact] :
         {std::pair{1, false}, std::pair{32, false}, std::pair{1, true}, std::pair{32, true}}) {
        const char* type = exact ? "float32" : "bf16";
        for (const Act act : {Act::None, Act::Relu, Act::Relu6, Act::Silu, Act::Hardswish}) {
            QTest::addRow("%d, groups %d, %s", int(act), groups, type)
                << int(act) << false << groups << exact;
        }
        QTest::addRow("ReLU, sum, groups %d, %s", groups, type)
            << int(Act::Relu) << true << groups << exact;
        QTest::addRow("sum, groups %d, %s", groups, type)
            << int(Act::None) << true << groups << exact;
    }
}

void TestFastOps::foldedConvolutionMatchesTorch() {
    QFETCH(int, act);
    QFETCH(bool, residual);
    QFETCH(int, groups);
    QFETCH(bool, exact);
    const auto type = exact ? torch::kFloat32 : torch::kBFloat16;
    const Tensor x = numbersOf({2, 32, 9, 9}).to(type);
    const Tensor added = numbersOf({2, 32, 9, 9}).to(type);
    const Tensor addedBefore = added.clone();
    fast::FoldedWeights folded;
    folded.weight = numbersOf({32, 32 / groups, 3, 3}, 0.2).to(torch::kFloat32);
    folded.bias = torch::randn({32});
    const Tensor y = fast::foldedConvolution(x, folded, {1, 1, 1, 1, 1, groups}, Act(act),
                                             residual ? added : Tensor());
    QCOMPARE(y.scalar_type(), type);
    Tensor wanted =
        torch::conv2d(x.to(torch::kFloat64), folded.weight.to(torch::kFloat64),
                      folded.bias.to(torch::kFloat64), 1, 1, 1, groups);
    wanted = activated(residual ? wanted + added.to(torch::kFloat64) : wanted, Act(act));
    // The outcome passes through bf16 once more where nothing is fused.
    const Tensor distance = (y.to(torch::kFloat64) - wanted).abs();
    const Tensor allowed = exact ? wanted.abs() * 1e-5 + 1e-5 : wanted.abs() * 0.01 + 0.02;
    QVERIFY(distance.le(allowed).all().item<bool>());
    QVERIFY(torch::equal(added, addedBefore));
}

void TestFastOps::infiniteAndNotANumberStay() {
    const Tensor x = torch::tensor({1.0F, NAN, INFINITY, -1.0F}).to(torch::kBFloat16);
    for (const Act act : {Act::Relu, Act::Relu6}) {
        const Tensor y = fast::activate(x, act).to(torch::kFloat32);
        QVERIFY(std::isnan(y[1].item<float>()));
        QCOMPARE(y[2].item<float>(), act == Act::Relu6 ? 6.0F : INFINITY);
    }
    Tensor pictures = numbersOf({2, 16, 4, 4});
    pictures[1][3][2][2] = NAN;
    fast::NormTensors norm{torch::ones({16}), torch::zeros({16}), torch::zeros({16}),
                           torch::ones({16}), true};
    const Tensor y = fast::normActivate(pictures, norm, Act::Relu, {});
    QVERIFY(y.select(1, 3).isnan().all().item<bool>());
    QVERIFY(!y.select(1, 4).isnan().any().item<bool>());
    for (const bool learns : {false, true}) {
        const Tensor given = pictures.detach().clone().requires_grad_(learns);
        QVERIFY(fast::maxPool(given, {2, 2}).select(1, 3)[1].isnan().any().item<bool>());
    }
    const Tensor pooled = fast::normActivateMaxPool(pictures, norm, Act::Relu, {2, 2});
    QVERIFY(pooled.select(1, 3).isnan().all().item<bool>());
}

void TestFastOps::roundsToNearestEven() {
    const Tensor x = torch::cat({torch::randn({1000}) * 1e3, torch::randn({1000}) * 1e-3,
                                 torch::tensor({1.00390625F, 1.01171875F, -0.0F, 3.3e38F})});
    Tensor own = torch::empty({x.numel()}, torch::kBFloat16);
    for (const fast::Kernels* table : {&fast::kernels(), &fast::portableKernels()}) {
        table->toBf16(x.data_ptr<float>(), reinterpret_cast<fast::Bf16*>(own.data_ptr()),
                      x.numel());
        QVERIFY2(torch::equal(own, x.to(torch::kBFloat16)), table->name);
    }
}

void TestFastOps::planesBecomeChannelsLast() {
    const Tensor x = torch::randn({3, 3, 17, 23});
    const Tensor y = fast::toChannelsLastBf16(x);
    QVERIFY(y.is_contiguous(torch::MemoryFormat::ChannelsLast));
    QVERIFY(torch::equal(y, x.to(torch::kBFloat16)));
    const Tensor last = x.contiguous(torch::MemoryFormat::ChannelsLast);
    QVERIFY(torch::equal(fast::toChannelsLastBf16(last), y));
}

// Compiled without OpenMP, LibTorch's parallel_for is a plain loop: right and slow.
void TestFastOps::passesUseAllThreads() {
    const int before = at::get_num_threads();
    at::set_num_threads(3);
    std::mutex mutex;
    std::set<std::thread::id> threads;
    fast::overParts(3, 3, [&](std::int64_t, std::int64_t, std::int64_t) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
    });
    at::set_num_threads(before);
    QCOMPARE(threads.size(), std::size_t(3));
}

QTEST_APPLESS_MAIN(TestFastOps)
#include "tst_fast_ops.moc"
