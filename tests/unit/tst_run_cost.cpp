// What a run costs and how its steps are fitted into memory: tensor memory, the probe, computing a
// step in parts.
#include "core/base/machine.h"
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/batch_size_probe.h"
#include "core/train/checkpoint.h"
#include "core/train/checkpoint_io.h"
#include "core/train/tensor_memory.h"
#include "core/train/train_run.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"
#include "tests/support/small_networks.h"

#include <QTemporaryDir>
#include <QtTest>

#include <array>
#include <cmath>
#include <thread>

using namespace graft;
using EventSink = graft::testing::RecordingSink;

namespace {

constexpr std::int64_t kMega = 1 << 20;

torch::Tensor bytes(std::int64_t count) {
    return torch::empty({count}, torch::kUInt8);
}

}  // namespace

class TestRunCost : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    Dataset m_dataset;
    int m_number = 0;

    TrainJob job(const std::string& backbone, int size) {
        TrainJob job;
        job.dataset = m_dataset;
        job.model.backbone = backbone;
        job.model.imageSize = size;
        job.model.dropout = 0;
        job.augment = *augmentPreset("medium");
        job.options.epochs = 2;
        job.options.batchSize = 8;
        job.options.seed = 3;
        job.options.precision = "fp32";
        job.options.device = "cpu";
        const QString folder = m_dir.filePath(QString("run%1").arg(++m_number));
        QDir().mkpath(folder);
        job.folder = folder.toStdString();
        return job;
    }
    static Result<RunState> train(const TrainJob& job, EventSink& sink) {
        RunControl control;
        Mailbox<RunCommand> commands;
        return runTraining(job, control, commands, sink);
    }
    static std::map<std::string, torch::Tensor> weights(const std::string& path) {
        CheckpointInfo info;
        std::map<std::string, torch::Tensor> found;
        const Result<CheckpointTensors> read = readCheckpointTensors(path, &info);
        for (const NamedTensor& entry : read->model) {
            found[entry.name] = entry.tensor.clone();
        }
        return found;
    }

 private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        const std::string pictures = m_dir.filePath("pictures").toStdString();
        testing::writePictureFolder(pictures, 2, 25, 64);
        Progress progress;
        auto dataset = importDataset(pictures, {}, progress);
        QVERIFY(dataset.ok());
        m_dataset = *dataset;
    }

    void tensorMemoryCounts() {
        releaseKeptTensorMemory();
        resetTensorPeak();
        const TensorMemory before = tensorMemory();
        {
            const torch::Tensor one = bytes(10 * kMega);
            const torch::Tensor two = bytes(5 * kMega);
            QCOMPARE(tensorMemory().live - before.live, std::uint64_t(15 * kMega));
        }
        const TensorMemory after = tensorMemory();
        QCOMPARE(after.live, before.live);
        QCOMPARE(after.peak - before.live, std::uint64_t(15 * kMega));
        QVERIFY(after.kept >= std::uint64_t(15 * kMega));
        releaseKeptTensorMemory();
        QCOMPARE(tensorMemory().kept, std::uint64_t(0));
    }

    void deadTensorsMakeRoomForTheNext() {
        releaseKeptTensorMemory();
        resetTensorPeak();
        void* first = nullptr;
        {
            const torch::Tensor tensor = bytes(8 * kMega);
            first = tensor.data_ptr();
        }
        const torch::Tensor again = bytes(8 * kMega);
        QCOMPARE(again.data_ptr(), first);
        const torch::Tensor other = bytes(8 * kMega);
        QVERIFY(other.data_ptr() != first);
        // What is written to one must not show in the other.
        again.fill_(1);
        other.fill_(2);
        QCOMPARE(again.to(torch::kInt64).sum().item<std::int64_t>(), 8 * kMega);
    }

    // Tensors of ever other sizes: what is kept stays within its bound.
    void keptMemoryIsBounded() {
        releaseKeptTensorMemory();
        resetTensorPeak();
        const std::uint64_t base = tensorMemory().live;
        for (int i = 1; i <= 40; ++i) {
            bytes(std::int64_t(i) * i * 64 << 10);
            const TensorMemory now = tensorMemory();
            QVERIFY(now.live + now.kept <=
                    now.peak + now.peak / 5 + std::uint64_t(48 * kMega));
            QVERIFY(now.live == base);
        }
    }

    // The window looks ahead while a run starts: neither may count what the other takes.
    void measuringsDoNotDisturbEachOther() {
        ModelSpec model;
        model.backbone = "small_cnn";
        model.imageSize = 64;
        const auto measure = [&model] {
            const auto classifier = *Classifier::create(model, 2, 1);
            return measurePass(*classifier, plainPass(*classifier), 16);
        };
        const PassCost alone = measure();
        QVERIFY(alone.bytesPerPicture > 0);
        std::array<PassCost, 4> found;
        std::vector<std::thread> threads;
        for (PassCost& one : found) {
            threads.emplace_back([&one, &measure] { one = measure(); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        for (const PassCost& one : found) {
            const double both = one.bytesFor(16) / alone.bytesFor(16);
            QVERIFY2(both > 0.7 && both < 1.5, qPrintable(QString::number(both)));
        }
    }

    void tensorMemoryIsSharedByThreads() {
        releaseKeptTensorMemory();
        const std::uint64_t before = tensorMemory().live;
        std::vector<std::thread> threads;
        std::atomic<int> wrong{0};
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([i, &wrong] {
                for (int round = 0; round < 200; ++round) {
                    const torch::Tensor tensor = bytes((1 + (round + i) % 5) * kMega / 2);
                    tensor.fill_(i + 1);
                    wrong += tensor.eq(i + 1).all().item<bool>() ? 0 : 1;
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        QCOMPARE(wrong.load(), 0);
        QCOMPARE(tensorMemory().live, before);
    }

    void memoryThatCannotBeHadIsAnException() {
        QVERIFY_EXCEPTION_THROWN(bytes(std::int64_t(1) << 50), std::bad_alloc);
        QCOMPARE(bytes(kMega).numel(), kMega);
    }

    void partsOfABatch() {
        QCOMPARE(partsFor(32, 32), 1);
        QCOMPARE(partsFor(32, 31), 2);
        QCOMPARE(partsFor(32, 8), 4);
        QCOMPARE(partsFor(32, 3), 11);
        QCOMPARE(partsFor(2, 2), 1);
        QCOMPARE(partsFor(32, 2), 0);
        QCOMPARE(partsFor(32, 0), 0);
        PassCost cost;
        cost.fixedBytes = 100;
        cost.bytesPerPicture = 10;
        QCOMPARE(largestBatch(cost, 99, 32), 0);
        QCOMPARE(largestBatch(cost, 255, 32), 15);
        QCOMPARE(largestBatch(cost, 1e6, 32), 32);
    }

    void theProbeLeavesNoTrace() {
        ModelSpec spec = testing::specOf("resnet18", {"stem", "layer1"});
        const auto classifier = testing::make(spec);
        const testing::Hashes before = testing::hashesOf(*classifier);
        const PassCost cost = measurePass(*classifier, plainPass(*classifier), 8);
        QVERIFY(testing::hashesOf(*classifier) == before);
        for (const NamedTensor& parameter : classifier->parameters()) {
            QVERIFY2(!parameter.tensor.grad().defined(), parameter.name.c_str());
        }
        QVERIFY(cost.bytesPerPicture > 0 && cost.secondsPerPicture > 0);
    }

    // What two small batches say of a large one, against that large one.
    void forecastsTheMemoryOfALargePass() {
        for (const char* name : {"resnet18", "mobilenet_v2", "squeezenet1_0"}) {
            ModelSpec spec = testing::specOf(name);
            spec.imageSize = 96;
            const auto classifier = testing::make(spec);
            const TrainingPass pass = plainPass(*classifier);
            const PassCost cost = measurePass(*classifier, pass, 8);
            const std::uint64_t before = tensorMemory().live;
            resetTensorPeak();
            classifier->setTraining(true);
            pass(testing::pictures(1, 32, 96), torch::zeros({32}, torch::kInt64));
            const double real = double(tensorMemory().peak - before);
            const double ratio = cost.bytesFor(32) / real;
            QVERIFY2(ratio > 0.8 && ratio < 1.25,
                     qPrintable(QString("%1: %2 of the real need").arg(name).arg(ratio)));
        }
    }

    // Against the same batch in one piece, where no layer looks at the batch as a whole.
    void partsAddUpToTheWholeStep() {
        for (const char* balance : {"none", "weights"}) {
            TrainJob whole = job("squeezenet1_1", 64);
            whole.options.balance = balance;
            whole.options.batchSize = 64;  // all pictures: a step an epoch, so that rounding
            whole.options.epochs = 1;      // has no time to grow
            whole.options.labelSmoothing = 0.1;
            TrainJob parts = whole;
            parts.folder = job("squeezenet1_1", 64).folder;
            parts.options.accumulate = 3;
            EventSink one;
            EventSink three;
            QVERIFY(train(whole, one).ok());
            QVERIFY(train(parts, three).ok());
            const auto expected = weights(one.newest);
            const auto actual = weights(three.newest);
            QCOMPARE(actual.size(), expected.size());
            for (const auto& [name, tensor] : expected) {
                QVERIFY2(torch::allclose(actual.at(name), tensor, 1e-4, 1e-7), name.c_str());
            }
            QCOMPARE(one.rows.size(), three.rows.size());
            for (std::size_t i = 0; i < one.rows.size(); ++i) {
                QVERIFY(std::abs(one.rows[i].trainLoss - three.rows[i].trainLoss) < 1e-5);
            }
        }
    }

    void partsSurviveAResume() {
        TrainJob parts = job("small_cnn", 32);
        parts.options.accumulate = 2;
        EventSink whole;
        QVERIFY(train(parts, whole).ok());
        const auto expected = weights(whole.newest);

        TrainJob halves = parts;
        halves.folder = job("small_cnn", 32).folder;
        RunControl control;
        Mailbox<RunCommand> commands;
        struct StoppingSink : EventSink {
            RunControl* control = nullptr;
            void metric(const MetricRow& row) override {
                EventSink::metric(row);
                if (row.step == 3) {
                    control->requestStop();
                }
            }
        } first;
        first.control = &control;
        QVERIFY(*runTraining(halves, control, commands, first) == RunState::Stopped);
        halves.resumeFrom = *newestCheckpoint(halves.folder, nullptr);
        halves.options.accumulate = 1;  // what the run began with counts
        EventSink second;
        QVERIFY(train(halves, second).ok());
        for (const auto& [name, tensor] : weights(second.newest)) {
            QVERIFY2(torch::equal(tensor, expected.at(name)), name.c_str());
        }
    }

    void olderCheckpointsKnowNoParts() {
        nlohmann::json json = toJson(TrainerState());
        json.erase("at_once");
        QCOMPARE(trainerStateFromJson(json).atOnce, 0);
    }

    void automaticBatchIsTheUsualOneWhereMemoryIsPlenty() {
        TrainJob automatic = job("small_cnn", 32);
        automatic.options.batchSize = 0;
        EventSink sink;
        QVERIFY(train(automatic, sink).ok());
        TrainJob usual = job("small_cnn", 32);
        usual.options.batchSize = TrainOptions{}.batchSize;
        EventSink other;
        QVERIFY(train(usual, other).ok());
        const auto expected = weights(other.newest);
        for (const auto& [name, tensor] : weights(sink.newest)) {
            QVERIFY2(torch::equal(tensor, expected.at(name)), name.c_str());
        }
    }

    void aSinglePictureIsNoStep() {
        TrainJob single = job("small_cnn", 32);
        single.options.batchSize = 1;
        EventSink sink;
        const auto ended = train(single, sink);
        QVERIFY(!ended.ok());
        QVERIFY(ended.error().code == ErrorCode::InvalidArgument);
    }

    void theStartSaysWhatItWillCost() {
        TrainJob some = job("small_cnn", 32);
        EventSink sink;
        QVERIFY(train(some, sink).ok());
        QVERIFY(!sink.events.empty());
        std::string started;
        for (const TrainEvent& event : sink.events) {
            started += event.kind == TrainEvent::Kind::Started ? event.text : "";
        }
        QVERIFY2(started.find("an epoch, at most ") != std::string::npos, started.c_str());
        Progress progress;
        const Result<CostForecast> forecast = forecastTraining(some, progress);
        QVERIFY(forecast.ok());
        QVERIFY(forecast->totalSeconds > 0);
        QVERIFY(forecast->peakBytes > forecast->neededBytes);
        QCOMPARE(forecast->picturesAtOnce, 8);
        QCOMPARE(forecast->fillingEpochs, 0);
    }

    void keptFeaturesAreForecast() {
        TrainJob head = job("small_cnn", 32);
        head.model.frozen = {"backbone"};
        head.options.epochs = 40;
        head.options.augmentVariants = 3;
        head.augment.flipHorizontal = 0.5;
        Progress progress;
        const Result<CostForecast> forecast = forecastTraining(head, progress);
        QVERIFY(forecast.ok());
        QCOMPARE(forecast->fillingEpochs, 3);
        QVERIFY(std::abs(forecast->totalSeconds -
                         (3 * forecast->epochSeconds + forecast->validationSeconds)) < 1e-9);
        QVERIFY(forecastText(*forecast).find(" for the first 3 alone") != std::string::npos);
        head.options.featureCache = "off";
        const Result<CostForecast> uncached = forecastTraining(head, progress);
        QVERIFY(uncached.ok());
        QCOMPARE(uncached->fillingEpochs, 0);
        QVERIFY(std::abs(uncached->totalSeconds -
                         40 * (uncached->epochSeconds + uncached->validationSeconds)) < 1e-9);
    }

    // Behind a frozen beginning the later rounds cost what is left of the network, if features pay.
    void keptMapsAreForecast() {
        TrainJob half = job("small_cnn", 64);
        half.model.frozen = {"block1", "block2", "block3"};
        half.options.epochs = 40;
        half.options.augmentVariants = 2;
        half.augment.flipHorizontal = 0.5;
        Progress progress;
        const Result<CostForecast> forecast = forecastTraining(half, progress);
        QVERIFY(forecast.ok());
        QCOMPARE(forecast->fillingEpochs, 2);
        const double uncached = 40 * (forecast->epochSeconds + forecast->validationSeconds);
        QVERIFY(forecast->totalSeconds >
                2 * forecast->epochSeconds + forecast->validationSeconds);
        QVERIFY2(forecast->totalSeconds < 0.9 * uncached,
                 qPrintable(QString("%1 of %2 s").arg(forecast->totalSeconds).arg(uncached)));
        half.options.epochs = 2;
        const Result<CostForecast> brief = forecastTraining(half, progress);
        QVERIFY(brief.ok());
        QCOMPARE(brief->fillingEpochs, 0);
        QVERIFY(std::abs(brief->totalSeconds -
                         2 * (brief->epochSeconds + brief->validationSeconds)) < 1e-9);
    }
};

QTEST_GUILESS_MAIN(TestRunCost)
#include "tst_run_cost.moc"
