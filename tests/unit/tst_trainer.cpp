// The training loop called directly: freezing, edits while it runs, pause, failing disk, NaN.
#include "core/base/hash.h"
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/checkpoint.h"
#include "core/train/checkpoint_io.h"
#include "core/train/schedules.h"
#include "core/train/trainer.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"
#include "tests/support/small_networks.h"

#include <QTemporaryDir>
#include <QtTest>

#include <functional>
#include <map>
#include <thread>

using namespace graft;
using graft::testing::RecordingSink;

namespace {

using Hashes = std::map<std::string, std::string>;

Hashes hashesOf(const std::vector<NamedTensor>& tensors) {
    Hashes hashes;
    for (const NamedTensor& entry : tensors) {
        const torch::Tensor flat = entry.tensor.detach().contiguous();
        hashes[entry.name] = sha256Hex(
            {static_cast<const char*>(flat.data_ptr()), std::size_t(flat.nbytes())});
    }
    return hashes;
}

CheckpointTensors tensorsIn(const std::string& path) {
    CheckpointInfo info;
    return std::move(readCheckpointTensors(path, &info)).value();
}

}  // namespace

class TestTrainer : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase();
    void init();
    void learns();
    void frozenKeepsItsBits();
    void momentsSurviveAToggle();
    void editLogReplaysToTheSameWeights();
    void rejectsAnUnknownLayer();
    void headFirstThenThaw();
    void newHeadFitsPretrainedFeatures();
    void deepestRateFactorWins();
    void failingDiskPausesAndGoesOn();
    void divergenceKeepsTheLastGoodState();
    void unreadablePictureInTheMiddle();
    void everythingFrozenIsAnError();
    void earlyStopping();
    void schedules();

  private:
    TrainJob job() const;
    Result<RunState> run(const TrainJob& job, RecordingSink& sink);

    QTemporaryDir m_dir;
    Dataset m_dataset;
    QString m_folder;
    int m_number = 0;
    RunControl* m_control = nullptr;
    Mailbox<RunCommand>* m_commands = nullptr;
};

void TestTrainer::initTestCase() {
    engine::initialize();
    const std::string pictures = m_dir.filePath("pictures").toStdString();
    testing::writePictureFolder(pictures, 2, 25, 40);
    Progress progress;
    auto dataset = importDataset(pictures, {}, progress);
    QVERIFY(dataset.ok());
    m_dataset = *dataset;
}

void TestTrainer::init() {
    m_folder = m_dir.filePath(QString("run%1").arg(++m_number));
    QDir().mkpath(m_folder);
}

TrainJob TestTrainer::job() const {
    TrainJob job;
    job.dataset = m_dataset;
    job.model.backbone = "small_cnn";
    job.model.imageSize = 32;
    job.options.epochs = 2;
    job.options.batchSize = 8;
    job.options.seed = 3;
    job.options.precision = "fp32";
    job.options.device = "cpu";
    job.folder = m_folder.toStdString();
    return job;
}

Result<RunState> TestTrainer::run(const TrainJob& job, RecordingSink& sink) {
    RunControl control;
    Mailbox<RunCommand> commands;
    m_control = &control;
    m_commands = &commands;
    return runTraining(job, control, commands, sink);
}

void TestTrainer::learns() {
    TrainJob longer = job();
    longer.options.epochs = 6;
    RecordingSink sink;
    const auto ended = run(longer, sink);
    QVERIFY2(ended.ok(), ended ? "" : qPrintable(QString::fromStdString(ended.error().text())));
    QVERIFY(*ended == RunState::Finished);
    double best = 0;
    for (const MetricRow& row : sink.rows) {
        best = std::max(best, row.validationAccuracy);
    }
    QVERIFY2(best >= 0.9, qPrintable(QString::number(best)));  // stripes are easy
    const auto info = readCheckpointInfo(bestCheckpointPath(longer.folder));
    QVERIFY(info.ok());
    QCOMPARE(info->validationAccuracy, best);
}

void TestTrainer::frozenKeepsItsBits() {
    TrainJob whole = job();
    whole.options.epochs = 1;
    RecordingSink first;
    QVERIFY(run(whole, first).ok());
    const Hashes before = hashesOf(tensorsIn(bestCheckpointPath(whole.folder)).model);

    // Two more epochs, from the same weights, with the backbone frozen from the first step on.
    init();
    TrainJob frozen = job();
    frozen.options.epochs = 1;
    RecordingSink second;
    second.onEvent = [this](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::Started) {
            m_commands->post({RunCommand::Kind::Freeze, "backbone", 0});
        }
    };
    Hashes start;
    second.onEvent = [&](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::Started) {
            m_commands->post({RunCommand::Kind::Freeze, "backbone", 0});
        }
        if (event.kind == TrainEvent::Kind::CheckpointWritten && start.empty()) {
            start = hashesOf(tensorsIn(event.path).model);  // right after the edit, before step 1
        }
    };
    QVERIFY(run(frozen, second).ok());
    const Hashes end = hashesOf(tensorsIn(*newestCheckpoint(frozen.folder, nullptr)).model);
    QVERIFY(!start.empty());
    int unchanged = 0;
    for (const auto& [name, hash] : start) {
        if (name == "head.weight" || name == "head.bias") {
            QVERIFY2(end.at(name) != hash, name.c_str());
        } else {
            QVERIFY2(end.at(name) == hash, name.c_str());  // weights and batch-norm buffers alike
            ++unchanged;
        }
    }
    QVERIFY(unchanged > 10);
    // The same network does move when it is not frozen, buffers included.
    int moved = 0;
    for (const auto& [name, hash] : before) {
        moved += start.count(name) && start.at(name) != hash ? 1 : 0;
    }
    QVERIFY(moved > 10);
}

void TestTrainer::momentsSurviveAToggle() {
    TrainJob edited = job();
    edited.options.epochs = 1;
    RecordingSink sink;
    std::vector<Hashes> optimizerAt;
    bool frozen = false;
    sink.onMetric = [&](const MetricRow& row) {
        if (row.kind == MetricRow::Kind::Step && (row.step == 2 || row.step == 4)) {
            m_commands->post({row.step == 2 ? RunCommand::Kind::Freeze : RunCommand::Kind::Thaw,
                              "backbone", 0});
            frozen = true;
        }
    };
    sink.onEvent = [&](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::CheckpointWritten && !event.best && frozen) {
            optimizerAt.push_back(hashesOf(tensorsIn(event.path).optimizer));
        }
    };
    QVERIFY(run(edited, sink).ok());
    QVERIFY(optimizerAt.size() >= 3);  // after the freeze, after the thaw, at the end
    int kept = 0;
    int movedLater = 0;
    for (const auto& [name, hash] : optimizerAt[0]) {
        if (name.find("/head.") == std::string::npos) {
            QVERIFY2(optimizerAt[1].at(name) == hash, name.c_str());
            ++kept;
            movedLater += optimizerAt.back().at(name) != hash ? 1 : 0;
        } else {
            QVERIFY2(optimizerAt[1].at(name) != hash, name.c_str());
        }
    }
    QVERIFY(kept > 5);
    QCOMPARE(movedLater, kept);
}

void TestTrainer::editLogReplaysToTheSameWeights() {
    const std::map<std::int64_t, RunCommand> script{
        {1, {RunCommand::Kind::SetLearningRate, "", 0.003}},
        {3, {RunCommand::Kind::Freeze, "backbone", 0}},
        {4, {RunCommand::Kind::SetAugmentStrength, "", 1.5}},
        {6, {RunCommand::Kind::Thaw, "backbone", 0}},
        {7, {RunCommand::Kind::SetRateFactor, "backbone", 0.5}}};
    const auto trainWith = [&](const std::map<std::int64_t, RunCommand>& commands,
                               RecordingSink& sink) {
        init();
        TrainJob edited = job();
        edited.augment = *augmentPreset("medium");
        sink.onMetric = [&](const MetricRow& row) {
            const auto found = commands.find(row.step);
            if (row.kind == MetricRow::Kind::Step && found != commands.end()) {
                m_commands->post(found->second);
            }
        };
        const auto ended = run(edited, sink);
        return ended ? *newestCheckpoint(edited.folder, nullptr) : std::string();
    };
    RecordingSink live;
    const std::string first = trainWith(script, live);
    std::map<std::int64_t, RunCommand> log;
    for (const TrainEvent& event : live.events) {
        if (event.kind == TrainEvent::Kind::EditApplied) {
            log[event.edit.step] = event.edit.command;
        }
    }
    QCOMPARE(log.size(), script.size());
    QVERIFY(log == script);  // applied right after the step they were asked for in
    RecordingSink replayed;
    const std::string second = trainWith(log, replayed);
    RecordingSink plain;
    const std::string third = trainWith({}, plain);
    const Hashes weights = hashesOf(tensorsIn(first).model);
    QVERIFY(weights == hashesOf(tensorsIn(second).model));
    QVERIFY(weights != hashesOf(tensorsIn(third).model));
}

void TestTrainer::rejectsAnUnknownLayer() {
    RecordingSink sink;
    sink.onEvent = [this](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::Started) {
            m_commands->post({RunCommand::Kind::Freeze, "no.such.layer", 0});
        }
    };
    QVERIFY(run(job(), sink).ok());
    QCOMPARE(sink.count(TrainEvent::Kind::EditRejected), 1);
    QCOMPARE(sink.count(TrainEvent::Kind::EditApplied), 0);
}

void TestTrainer::headFirstThenThaw() {
    TrainJob headFirst = job();
    headFirst.options.headEpochs = 1;
    RecordingSink sink;
    std::vector<Hashes> atEpoch;
    sink.onEvent = [&](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::CheckpointWritten && !event.best) {
            atEpoch.push_back(hashesOf(tensorsIn(event.path).model));
        }
    };
    const auto created = [&] {  // the weights before the first step
        const auto model = Classifier::create(headFirst.model, 2, 3);
        return hashesOf((*model)->parameters());
    };
    QVERIFY(run(headFirst, sink).ok());
    QCOMPARE(atEpoch.size(), 2u);
    bool backboneMoved = false;
    for (const auto& [name, hash] : created()) {
        if (layerIsInside(name.substr(0, name.rfind('.')), "head")) {
            QVERIFY2(atEpoch[0].at(name) != hash, name.c_str());
        } else {
            backboneMoved = backboneMoved || atEpoch[1].at(name) != atEpoch[0].at(name);
        }
    }
    QVERIFY(backboneMoved);
}

void TestTrainer::newHeadFitsPretrainedFeatures() {
    const std::string weights = m_dir.filePath("weights.safetensors").toStdString();
    {
        const auto source = *Classifier::create(job().model, 2, 5);
        QVERIFY(testing::writeWeights(*source, weights).ok());
    }
    const auto scaling = [&](const std::string& file) {
        TrainJob wanted = job();
        wanted.model.weightsPath = file;
        wanted.options.quickModel = false;
        RecordingSink sink;
        std::vector<torch::Tensor> scales;
        sink.onEvent = [&](const TrainEvent& event) {
            if (event.kind == TrainEvent::Kind::CheckpointWritten && !event.best) {
                for (const NamedTensor& entry : tensorsIn(event.path).model) {
                    if (entry.name == "head.input_scale") {
                        scales.push_back(entry.tensor.clone());
                    }
                }
            }
        };
        init();
        wanted.folder = m_folder.toStdString();
        return run(wanted, sink).ok() ? scales : std::vector<torch::Tensor>();
    };
    const auto pretrained = scaling(weights);
    QCOMPARE(pretrained.size(), 2u);
    QVERIFY(pretrained[0].item<double>() > 0 && pretrained[0].item<double>() != 1);
    QVERIFY(torch::equal(pretrained[0], pretrained[1]));  // it does not move afterwards
    const auto fromScratch = scaling({});
    QCOMPARE(fromScratch.size(), 2u);
    QCOMPARE(fromScratch[0].item<double>(), 1.0);
}

void TestTrainer::deepestRateFactorWins() {
    TrainJob wanted = job();
    wanted.options.momentum = 0;
    wanted.options.weightDecay = 0;
    wanted.model.rateFactors = {{"backbone", 1}, {"block2", 0}};
    const auto start = *Classifier::create(wanted.model, 2, 3);
    const Hashes before = hashesOf(start->parameters());
    RecordingSink sink;
    QVERIFY(run(wanted, sink).ok());
    for (const NamedTensor& entry : tensorsIn(sink.checkpoints.back()).model) {
        const auto found = before.find(entry.name);
        if (found != before.end()) {
            const bool still = layerIsInside(entry.name, "block2");
            QVERIFY2((hashesOf({entry})[entry.name] == found->second) == still,
                     entry.name.c_str());
        }
    }
}

void TestTrainer::failingDiskPausesAndGoesOn() {
    TrainJob fragile = job();
    fragile.options.checkpointSteps = 2;
    RecordingSink sink;
    bool taken = false;
    bool pausedWithReason = false;
    std::thread helper;
    sink.onMetric = [&](const MetricRow& row) {
        if (row.step == 3 && !taken) {
            taken = true;  // the drive disappears
            QVERIFY(QDir().rename(m_folder, m_folder + "-gone"));
        }
    };
    sink.onEvent = [&](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::Paused && taken && !pausedWithReason) {
            pausedWithReason = !event.error.message.empty() &&
                               event.error.message.find("checkpoint-") != std::string::npos;
            QVERIFY(QDir().rename(m_folder + "-gone", m_folder));  // and comes back
            m_control->resume();
        }
    };
    const auto ended = run(fragile, sink);
    QVERIFY(ended.ok());
    QVERIFY(*ended == RunState::Finished);
    QVERIFY(pausedWithReason);
    const std::string last = *newestCheckpoint(fragile.folder, nullptr);

    init();
    RecordingSink calm;
    TrainJob whole = job();
    QVERIFY(run(whole, calm).ok());
    QVERIFY(hashesOf(tensorsIn(last).model) ==
            hashesOf(tensorsIn(*newestCheckpoint(whole.folder, nullptr)).model));
}

void TestTrainer::divergenceKeepsTheLastGoodState() {
    TrainJob wild = job();
    wild.options.epochs = 12;
    wild.options.schedule = "constant";
    wild.options.weightDecay = 1;  // at a rate of 100 every weight grows 99-fold a step
    RecordingSink sink;
    sink.onMetric = [this](const MetricRow& row) {
        if (row.kind == MetricRow::Kind::Epoch && row.epoch == 1) {
            m_commands->post({RunCommand::Kind::SetLearningRate, "", 100.0});
        }
    };
    const auto ended = run(wild, sink);
    QVERIFY(!ended.ok());
    QVERIFY(ended.error().code == ErrorCode::Diverged);
    QCOMPARE(sink.count(TrainEvent::Kind::Failed), 1);
    for (const std::string& path :
         {bestCheckpointPath(wild.folder), *newestCheckpoint(wild.folder, nullptr)}) {
        for (const NamedTensor& entry : tensorsIn(path).model) {
            QVERIFY2(entry.tensor.isfinite().all().item<bool>(), entry.name.c_str());
        }
    }
}

void TestTrainer::unreadablePictureInTheMiddle() {
    const QString pictures = m_dir.filePath("spoiled");
    testing::writePictureFolder(pictures.toStdString(), 2, 12, 40);
    Progress progress;
    TrainJob spoiled = job();
    spoiled.dataset = *importDataset(pictures.toStdString(), {}, progress);
    int gone = 0;
    for (const Sample& sample : spoiled.dataset.samples) {
        if (sample.split == Split::Train && gone < 2) {
            ++gone;
            QVERIFY(QFile::remove(QString::fromStdString(spoiled.dataset.absolutePath(sample))));
        }
    }
    RecordingSink sink;
    const auto ended = run(spoiled, sink);
    QVERIFY(ended.ok());
    QVERIFY(*ended == RunState::Finished);
    QCOMPARE(sink.count(TrainEvent::Kind::Problem), 2 * spoiled.options.epochs);
}

void TestTrainer::everythingFrozenIsAnError() {
    TrainJob idle = job();
    idle.model.frozen = {"backbone", "head"};
    RecordingSink sink;
    const auto ended = run(idle, sink);
    QVERIFY(!ended.ok());
    QVERIFY(ended.error().code == ErrorCode::InvalidArgument);
}

void TestTrainer::earlyStopping() {
    TrainJob patient = job();
    patient.options.epochs = 30;
    patient.options.patience = 2;
    patient.options.learningRate = 1e-7;  // nothing gets better
    RecordingSink sink;
    const auto ended = run(patient, sink);
    QVERIFY(ended.ok());
    std::int64_t epochs = 0;
    for (const MetricRow& row : sink.rows) {
        epochs = std::max(epochs, row.epoch);
    }
    QVERIFY2(epochs < 30, qPrintable(QString::number(epochs)));
}

void TestTrainer::schedules() {
    TrainOptions options;
    options.warmupShare = 0.1;
    // Warm-up over 10 of 100 steps, then half a cosine wave down.
    QCOMPARE(scheduleFactor(options, 0, 100, 10), 0.1);
    QCOMPARE(scheduleFactor(options, 9, 100, 10), 1.0);
    QCOMPARE(scheduleFactor(options, 10, 100, 10), 1.0);
    QCOMPARE(scheduleFactor(options, 55, 100, 10), 0.5);
    QVERIFY(scheduleFactor(options, 99, 100, 10) < 0.001);
    options.warmupShare = 0;
    options.schedule = "step";
    options.stepEpochs = 2;
    options.stepFactor = 0.1;
    QCOMPARE(scheduleFactor(options, 19, 100, 10), 1.0);
    QCOMPARE(scheduleFactor(options, 20, 100, 10), 0.1);
    options.schedule = "constant";
    QCOMPARE(scheduleFactor(options, 99, 100, 10), 1.0);
}

QTEST_GUILESS_MAIN(TestTrainer)
#include "tst_trainer.moc"
