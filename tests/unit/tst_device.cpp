// Devices: how one is chosen, what happens where a graphics card has too little memory, loss scaling
// for fp16, and, on a machine with a card, that it computes what the processor does.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/nn/device.h"
#include "core/train/checkpoint.h"
#include "core/train/train_step.h"
#include "core/train/trainer.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>

using namespace graft;
using namespace graft::testing;
using torch::Tensor;

namespace {

[[noreturn]] void runOutOfMemory() {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "as a card says it");
    std::abort();
}

std::shared_ptr<Classifier> network() {
    ModelSpec spec;
    spec.backbone = "small_cnn";
    spec.imageSize = 32;
    spec.dropout = 0;
    return *Classifier::create(spec, 3, 1);
}

StepInput stepInput() {
    torch::manual_seed(3);
    StepInput input;
    input.x = torch::randn({12, 3, 32, 32});
    input.targets = torch::arange(12, torch::kInt64).remainder(3);
    input.rateOf = [](const std::string&) { return 0.05; };
    return input;
}

/// Memory runs out between the way back and the update, the first time.
void failOnce(StepInput& input) {
    input.rateOf = [failed = false, rate = input.rateOf](const std::string& name) mutable {
        if (!std::exchange(failed, true)) {
            runOutOfMemory();
        }
        return rate(name);
    };
}

/// All parameters in a row.
Tensor numbersOf(const Classifier& classifier) {
    std::vector<Tensor> all;
    for (const NamedTensor& parameter : classifier.parameters()) {
        all.push_back(parameter.tensor.detach().flatten());
    }
    return torch::cat(all);
}

/// One parameter with this gradient.
std::vector<ParameterUpdate> updatesWith(const Tensor& gradient) {
    Tensor parameter = torch::zeros(gradient.sizes(), torch::requires_grad());
    parameter.mutable_grad() = gradient.clone();
    return {{"a", parameter, 0.1, 0}};
}

/// A short run of small pictures in `dir`.
TrainJob jobIn(const QTemporaryDir& dir) {
    const std::string folder = dir.filePath("pictures").toStdString();
    writePictureFolder(folder, 3, 20, 40);
    Progress progress;
    TrainJob job;
    job.dataset = *importDataset(folder, {}, progress);
    job.model.backbone = "small_cnn";
    job.model.imageSize = 32;
    job.options.epochs = 2;
    job.options.batchSize = 16;
    job.folder = dir.filePath("run").toStdString();
    std::filesystem::create_directories(job.folder);
    return job;
}

Result<RunState> trained(const TrainJob& job, RecordingSink& sink) {
    RunControl control;
    Mailbox<RunCommand> commands;
    return runTraining(job, control, commands, sink);
}

#define NEEDS_CARD()                                                                          \
    if (!torch::cuda::is_available()) {                                                       \
        QSKIP(at::hasCUDA() ? "There is no graphics card." : "This LibTorch has no CUDA.");   \
    }

}  // namespace

class TestDevice : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { engine::initialize(); }
    void chosen();
    void missingCardIsAnError();
    void narrowNumbersNeedACard();
    void partsGetSmallerUntilTheyFit();
    void threeThatDoNotFitAreAnError();
    void stepIsRepeatedWhole();
    void failedAttemptsLeaveNothing();
    void tooLargeForFp16();
    void runGoesOnWithoutItsCard();
    void scaleDividesGradients();
    void scaleShrinksAtOverflowAndGrowsAgain();
    void scaledStepIsThePlainOne();
    void cardAnswersAsTheProcessor();
    void cardTrains_data();
    void cardTrains();
    void runMovesFromCardToProcessor();
};

void TestDevice::chosen() {
    QVERIFY(chooseDevice("cpu")->is_cpu());
    QCOMPARE(chooseDevice("auto")->is_cuda(), torch::cuda::is_available());
    const auto unknown = chooseDevice("tpu");
    QVERIFY(!unknown.ok());
    QCOMPARE(unknown.error().code, ErrorCode::InvalidArgument);
}

void TestDevice::missingCardIsAnError() {
    if (torch::cuda::is_available()) {
        QVERIFY(chooseDevice("cuda")->is_cuda());
        return;
    }
    const QTemporaryDir dir;
    TrainJob job = jobIn(dir);
    job.options.device = "cuda";
    RecordingSink sink;
    const auto ended = trained(job, sink);
    QVERIFY(!ended.ok());
    QCOMPARE(ended.error().code, ErrorCode::NotFound);
    QVERIFY(ended.error().hint.find("processor") != std::string::npos);
}

void TestDevice::narrowNumbersNeedACard() {
    const QTemporaryDir dir;
    TrainJob job = jobIn(dir);
    job.options.device = "cpu";
    job.options.precision = "fp16";
    RecordingSink sink;
    const auto ended = trained(job, sink);
    QVERIFY(!ended.ok());
    QCOMPARE(ended.error().code, ErrorCode::InvalidArgument);
}

void TestDevice::partsGetSmallerUntilTheyFit() {
    std::vector<std::int64_t> tried;
    const auto work = [&](std::int64_t atOnce) {
        tried.push_back(atOnce);
        if (atOnce > 7) {
            runOutOfMemory();
        }
    };
    QCOMPARE(withWhatFits(32, work), std::int64_t(4));
    QCOMPARE(tried, (std::vector<std::int64_t>{32, 16, 8, 4}));
    tried.clear();
    QCOMPARE(withWhatFits(5, work), std::int64_t(5));
    QCOMPARE(tried, (std::vector<std::int64_t>{5}));
}

void TestDevice::threeThatDoNotFitAreAnError() {
    int tries = 0;
    const auto work = [&](std::int64_t) {
        ++tries;
        runOutOfMemory();
    };
    QVERIFY_EXCEPTION_THROWN(withWhatFits(8, work), c10::OutOfMemoryError);
    QCOMPARE(tries, 3);  // 8, 4, 3
    QVERIFY_EXCEPTION_THROWN(withWhatFits(2, work), c10::OutOfMemoryError);
    QCOMPARE(tries, 4);
}

// Memory runs out between the way back and the update: the step comes once, not one and a half times.
void TestDevice::stepIsRepeatedWhole() {
    const auto after = [](bool fails) {
        const auto classifier = network();
        classifier->setNormsFixed(true);  // parts of a batch then give the same
        Optimizer optimizer{Optimizer::Settings{}};
        StepInput input = stepInput();
        if (fails) {
            failOnce(input);
        }
        const auto fits = withWhatFits(12, [&](std::int64_t atOnce) {
            input.atOnce = atOnce;
            (void)trainStep(*classifier, optimizer, input);
        });
        return std::pair(fits, numbersOf(*classifier));
    };
    const auto [whole, expected] = after(false);
    const auto [half, given] = after(true);
    QCOMPARE(whole, std::int64_t(12));
    QCOMPARE(half, std::int64_t(6));
    QVERIFY(torch::allclose(given, expected, 1e-4, 1e-6));
}

/// All batch-norm statistics in a row.
Tensor statisticsOf(const Classifier& classifier) {
    std::vector<Tensor> all;
    for (const NamedTensor& buffer : classifier.buffers()) {
        all.push_back(buffer.tensor.detach().to(torch::kFloat32).flatten());
    }
    return torch::cat(all);
}

// Statistics of batch norms move in the attempt that counts only.
void TestDevice::failedAttemptsLeaveNothing() {
    const auto after = [](bool fails) {
        const auto classifier = network();
        Optimizer optimizer{Optimizer::Settings{}};
        LossScale scale;
        StepInput input = stepInput();
        input.lossScale = &scale;
        input.atOnce = fails ? 12 : 6;
        if (fails) {
            failOnce(input);
        }
        const FittedStep step = trainStepThatFits(*classifier, optimizer, std::move(input));
        return std::tuple(step.atOnce, statisticsOf(*classifier), numbersOf(*classifier));
    };
    const auto [direct, statistics, weights] = after(false);
    const auto [half, again, given] = after(true);
    QCOMPARE(direct, std::int64_t(6));
    QCOMPARE(half, std::int64_t(6));
    QVERIFY(!torch::equal(statistics, statisticsOf(*network())));
    QVERIFY(torch::equal(again, statistics));
    QVERIFY(torch::equal(given, weights));
}

void TestDevice::tooLargeForFp16() {
    const auto classifier = network();
    classifier->setPrecision(Precision::Fp16);
    const Tensor weights = numbersOf(*classifier);
    const Tensor statistics = statisticsOf(*classifier);
    Optimizer optimizer{Optimizer::Settings{}};
    LossScale scale;
    StepInput input = stepInput();
    input.lossScale = &scale;
    input.atOnce = 12;
    StepInput broken = input;
    broken.x = torch::full({12, 3, 32, 32}, NAN);
    FittedStep step = trainStepThatFits(*classifier, optimizer, broken);
    QVERIFY(step.tooLargeForFp16);
    QVERIFY(!std::isfinite(step.outcome.loss));  // in fp32 neither
    QCOMPARE(classifier->precision(), Precision::Fp32);
    QVERIFY(torch::equal(numbersOf(*classifier), weights));
    QVERIFY(torch::equal(statisticsOf(*classifier), statistics));
    // No factor helps any more.
    classifier->setPrecision(Precision::Fp16);
    scale.factor = 1;
    const auto rate = input.rateOf;
    input.rateOf = [&](const std::string& name) {
        for (const NamedTensor& parameter : classifier->parameters()) {
            parameter.tensor.mutable_grad().fill_(INFINITY);
        }
        return rate(name);
    };
    step = trainStepThatFits(*classifier, optimizer, input);
    QVERIFY(step.tooLargeForFp16 && std::isfinite(step.outcome.loss));
    QVERIFY(torch::equal(numbersOf(*classifier), weights));
}

// As one that was copied to another machine.
void TestDevice::runGoesOnWithoutItsCard() {
    if (torch::cuda::is_available()) {
        QSKIP("There is a graphics card.");
    }
    const QTemporaryDir dir;
    TrainJob job = jobIn(dir);
    RecordingSink first;
    QVERIFY(trained(job, first).ok());
    job.resumeFrom = *newestCheckpoint(job.folder, nullptr);
    job.options.epochs += 1;
    job.options.device = "cuda";
    RecordingSink second;
    const auto ended = trained(job, second);
    QVERIFY2(ended.ok(), ended ? "" : ended.error().text().c_str());
    QVERIFY(second.noticed("goes on on the processor"));
}

void TestDevice::scaleDividesGradients() {
    LossScale scale;
    const Tensor gradient = torch::tensor({65536.0F, -131072.0F});
    const auto updates = updatesWith(gradient);
    QVERIFY(scale.unscale(updates));
    QVERIFY(torch::equal(updates[0].parameter.grad(), torch::tensor({1.0F, -2.0F})));
    QCOMPARE(scale.factor, 65536.0);
}

// The numbers of torch's GradScaler: half at an overflow, double after 2,000 steps without one.
void TestDevice::scaleShrinksAtOverflowAndGrowsAgain() {
    LossScale scale;
    const Tensor good = torch::ones({3});
    for (const float bad : {INFINITY, -INFINITY, NAN}) {
        Tensor broken = good.clone();
        broken[1] = bad;
        const double before = scale.factor;
        QVERIFY(!scale.unscale(updatesWith(broken)));
        QCOMPARE(scale.factor, before / 2);
    }
    for (int i = 0; i < 1999; ++i) {
        QVERIFY(scale.unscale(updatesWith(good)));
    }
    QCOMPARE(scale.factor, 8192.0);
    QVERIFY(scale.unscale(updatesWith(good)));
    QCOMPARE(scale.factor, 16384.0);
}

void TestDevice::scaledStepIsThePlainOne() {
    const auto after = [](LossScale* scale) {
        const auto classifier = network();
        Optimizer optimizer{Optimizer::Settings{}};
        StepInput input = stepInput();
        input.lossScale = scale;
        (void)trainStep(*classifier, optimizer, input);
        return numbersOf(*classifier);
    };
    const Tensor start = numbersOf(*network());
    LossScale scale;
    const Tensor plain = after(nullptr);
    QVERIFY(!torch::equal(plain, start));
    QVERIFY(torch::allclose(after(&scale), plain, 1e-5, 1e-7));
    // So large a factor overflows: nothing is updated.
    LossScale huge{1e39, 0};
    QVERIFY(torch::equal(after(&huge), start));
    QCOMPARE(huge.factor, 5e38);
}

void TestDevice::cardAnswersAsTheProcessor() {
    NEEDS_CARD();
    const auto classifier = network();
    const StepInput input = stepInput();
    const torch::NoGradGuard noGrad;
    const Tensor expected = classifier->forward(input.x);
    const Tensor features = classifier->features(input.x);
    classifier->setDevice(*chooseDevice("cuda"));
    const Tensor given = classifier->forward(input.x);
    QVERIFY(given.is_cpu());
    QVERIFY(classifier->features(input.x).is_cpu());
    QVERIFY(torch::allclose(given, expected, 1e-3, 1e-4));
    QVERIFY(torch::allclose(classifier->features(input.x), features, 1e-3, 1e-4));
    classifier->setDevice(*chooseDevice("cpu"));
    QVERIFY(torch::allclose(classifier->forward(input.x), expected, 1e-5, 1e-6));
}

void TestDevice::cardTrains_data() {
    QTest::addColumn<int>("precision");
    for (const Precision precision : {Precision::Fp32, Precision::Bf16, Precision::Fp16}) {
        QTest::newRow(precisionName(precision)) << int(precision);
    }
}

void TestDevice::cardTrains() {
    NEEDS_CARD();
    QFETCH(int, precision);
    const auto lossAfter = [](const char* device, Precision kind) {
        const auto classifier = network();
        classifier->setDevice(*chooseDevice(device));
        classifier->setPrecision(kind);
        Optimizer optimizer{Optimizer::Settings{}};
        LossScale scale;
        StepInput input = stepInput();
        input.lossScale = kind == Precision::Fp16 ? &scale : nullptr;
        double loss = 0;
        for (int i = 0; i < 10; ++i) {
            loss = trainStep(*classifier, optimizer, input).loss;
        }
        return loss;
    };
    const double expected = lossAfter("cpu", Precision::Fp32);
    const double given = lossAfter("cuda", Precision(precision));
    QVERIFY2(std::abs(given - expected) < 0.1,
             qPrintable(QString("%1, expected %2").arg(given).arg(expected)));
}

void TestDevice::runMovesFromCardToProcessor() {
    NEEDS_CARD();
    const QTemporaryDir dir;
    TrainJob job = jobIn(dir);
    for (const char* device : {"cuda", "cpu", "cuda"}) {
        job.options.device = device;
        RecordingSink sink;
        const auto ended = trained(job, sink);
        QVERIFY2(ended.ok(), ended ? "" : ended.error().text().c_str());
        job.resumeFrom = *newestCheckpoint(job.folder, nullptr);
        job.options.epochs += 1;
    }
}

QTEST_APPLESS_MAIN(TestDevice)
#include "tst_device.moc"
