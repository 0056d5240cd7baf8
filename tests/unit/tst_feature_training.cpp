// Training on cached features: a hit gives the same bits as a miss, whatever was lost on the way,
// and nothing is believed that belongs to other weights, pictures or changes.
#include "core/analysis/evaluator.h"
#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/checkpoint_io.h"
#include "core/train/feature_source.h"
#include "core/train/trainer.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"

#include <ATen/Parallel.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <functional>
#include <map>
#include <thread>

using namespace graft;
using Recorder = graft::testing::RecordingSink;

namespace {

using Hashes = std::map<std::string, std::string>;

Hashes weightsIn(const std::string& folder) {
    CheckpointInfo info;
    Hashes hashes;
    const auto newest = newestCheckpoint(folder, nullptr);
    if (!newest) {
        return hashes;
    }
    const auto tensors = readCheckpointTensors(*newest, &info);
    for (const NamedTensor& entry : tensors->model) {
        const torch::Tensor flat = entry.tensor.contiguous();
        hashes[entry.name] = sha256Hex(
            {static_cast<const char*>(flat.data_ptr()), std::size_t(flat.nbytes())});
    }
    return hashes;
}

// What a curve shows, without the wall clock.
std::vector<std::array<double, 5>> figures(const Recorder& recorder) {
    std::vector<std::array<double, 5>> list;
    for (const MetricRow& row : recorder.rows) {
        list.push_back({double(row.step), row.trainLoss, row.trainAccuracy, row.validationLoss,
                        row.validationAccuracy});
    }
    return list;
}

}  // namespace

class TestFeatureTraining : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase();
    void init() { m_folder = folder("run"); }
    void lostCacheGivesTheSameBits_data();
    void lostCacheGivesTheSameBits();
    void secondRunComputesNothing();
    void mapsServeToTheEnd();
    void cachedIsTheSameTrainingAsUncached();
    void validationFiguresAreThoseWithoutCache();
    void clearedWhileARunUsesIt();
    void noRoomTrainsWithoutIt();
    void thawInTheMiddleThenResume();
    void editsReplayToTheSameWeights();
    void headFirstUsesTheCache();
    void unreadablePictureIsLeftOut();
    void twoRunsShareOneCache();
    void killedWhileFillingThenResumed();

  private:
    QString folder(const QString& name) {
        const QString path = m_dir.filePath(name + QString::number(++m_number));
        QDir().mkpath(path);
        return path;
    }
    TrainJob job() const;
    Result<RunState> run(TrainJob job, Recorder& recorder);

    QTemporaryDir m_dir;
    QString m_pictures;
    QString m_folder;
    Dataset m_dataset;
    int m_number = 0;
    RunControl* m_control = nullptr;
    Mailbox<RunCommand>* m_commands = nullptr;
};

void TestFeatureTraining::initTestCase() {
    engine::initialize();
    at::set_num_threads(1);  // on pictures this small, threads mostly wait for each other
    m_pictures = m_dir.filePath("pictures");
    testing::writePictureFolder(m_pictures.toStdString(), 2, 60, 40);
    Progress progress;
    m_dataset = *importDataset(m_pictures.toStdString(), {}, progress);
    QVERIFY(m_dataset.countInSplit(Split::Train) > 2 * FeatureSource::kBlockSize);
}

TrainJob TestFeatureTraining::job() const {
    TrainJob job;
    job.dataset = m_dataset;
    job.model.backbone = "small_cnn";
    job.model.imageSize = 32;
    job.model.frozen = {"backbone"};
    job.augment = *augmentPreset("medium");
    job.options.epochs = 4;
    job.options.batchSize = 8;
    job.options.seed = 3;
    job.options.precision = "fp32";
    job.options.device = "cpu";
    job.options.augmentVariants = 2;
    job.folder = m_folder.toStdString();
    return job;
}

Result<RunState> TestFeatureTraining::run(TrainJob job, Recorder& recorder) {
    RunControl control;
    Mailbox<RunCommand> commands;
    m_control = &control;
    m_commands = &commands;
    const auto ended = runTraining(job, control, commands, recorder);
    if (!ended) {
        qWarning("%s", ended.error().text().c_str());
    }
    return ended;
}

void TestFeatureTraining::lostCacheGivesTheSameBits_data() {
    QTest::addColumn<QString>("frozen");
    QTest::newRow("all but the head") << "backbone";
    QTest::newRow("half") << "half";
}

// Stopped after a third of the steps, the cache deleted or kept, in memory or not, other loader
// threads: what comes out is what an uninterrupted run gives.
void TestFeatureTraining::lostCacheGivesTheSameBits() {
    QFETCH(QString, frozen);
    TrainJob whole = job();
    if (frozen == "half") {
        whole.model.frozen = {"block1", "block2"};
    }
    whole.cacheFolder = folder("cache").toStdString();
    Recorder uninterrupted;
    const auto ended = run(whole, uninterrupted);
    QVERIFY(ended.ok() && *ended == RunState::Finished);
    const int blocks = uninterrupted.blocksComputed;
    QVERIFY2(blocks >= 6, qPrintable(QString::number(blocks)));  // 3 blocks, 2 variants
    const Hashes expected = weightsIn(whole.folder);
    const auto curve = figures(uninterrupted);
    for (const bool deleted : {false, true}) {
        for (const std::int64_t memory : {std::int64_t(-1), std::int64_t(0)}) {
            if (deleted == (memory == 0)) {
                continue;  // kept and on the disk only, or lost
            }
            init();
            TrainJob part = whole;
            part.folder = m_folder.toStdString();
            part.cacheFolder = folder("cache").toStdString();
            part.cacheMemoryBytes = memory;
            Recorder first;
            first.onMetric = [&](const MetricRow& row) {
                if (row.step == 17 && row.kind == MetricRow::Kind::Step) {
                    m_control->requestStop();
                }
            };
            const auto stopped = run(part, first);
            QVERIFY(stopped.ok() && *stopped == RunState::Stopped);
            if (deleted) {
                QVERIFY(featureFolder(part.cacheFolder).files > 0);
                QVERIFY(clearFeatureFolder(part.cacheFolder).ok());
            }
            part.resumeFrom = *newestCheckpoint(part.folder, nullptr);
            part.options.loaderThreads = deleted ? 0 : 3;
            Recorder second;
            QVERIFY(run(part, second).ok());
            QVERIFY(weightsIn(part.folder) == expected);
            auto joined = figures(first);
            for (const auto& row : figures(second)) {
                joined.push_back(row);
            }
            QVERIFY(joined == curve);
            QCOMPARE(first.blocksComputed + second.blocksComputed >= blocks + 3, deleted);
        }
    }
}

void TestFeatureTraining::secondRunComputesNothing() {
    TrainJob first = job();
    first.cacheFolder = folder("cache").toStdString();
    Recorder filling;
    QVERIFY(run(first, filling).ok());
    QVERIFY(filling.blocksComputed >= 6);
    QVERIFY(filling.noticed("done once and kept"));
    QVERIFY(filling.last.cacheHits > 0.4 && filling.last.cacheHits < 0.6);  // 2 of 4 epochs
    QVERIFY(filling.last.cacheBytes > 0);
    init();
    TrainJob again = first;
    again.folder = m_folder.toStdString();
    // Other labels: the pictures are the same.
    for (std::size_t i = 0; i < again.dataset.samples.size(); i += 12) {
        again.dataset.samples[i].label = 3 - again.dataset.samples[i].label;
    }
    Recorder hitting;
    QVERIFY(run(again, hitting).ok());
    QCOMPARE(hitting.blocksComputed, 0);
    QCOMPARE(hitting.last.cacheHits, 1.0);
    // Another seed draws other changes, so those are new; without changes the seed does not matter.
    again.options.seed = 4;
    init();
    again.folder = m_folder.toStdString();
    Recorder otherSeed;
    QVERIFY(run(again, otherSeed).ok());
    QVERIFY(otherSeed.blocksComputed >= 6);
}

// Features in front of the pooling pay only when they are used often enough; what was filled is used
// in the last rounds as well.
void TestFeatureTraining::mapsServeToTheEnd() {
    TrainJob half = job();
    half.model.frozen = {"block1", "block2"};
    Recorder often;
    QVERIFY(run(half, often).ok());
    QVERIFY(often.noticed("2 variants of each"));
    QVERIFY2(often.last.cacheHits > 0.4 && often.last.cacheHits < 0.6,  // 2 of 4 epochs
             qPrintable(QString::number(often.last.cacheHits)));
    init();
    half.folder = m_folder.toStdString();
    half.options.epochs = 2;
    Recorder seldom;
    QVERIFY(run(half, seldom).ok());
    QVERIFY(!seldom.noticed("done once and kept"));
}

// Against the run that computes everything in every step: the same pictures, the same order, other
// rounding. A wrong row or a wrong variant would be far off.
void TestFeatureTraining::cachedIsTheSameTrainingAsUncached() {
    TrainJob cached = job();
    Recorder one;
    QVERIFY(run(cached, one).ok());
    init();
    TrainJob uncached = job();
    uncached.options.featureCache = "off";
    Recorder two;
    QVERIFY(run(uncached, two).ok());
    QCOMPARE(two.blocksComputed, 0);
    QCOMPARE(one.rows.size(), two.rows.size());
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        QVERIFY2(std::abs(one.rows[i].trainLoss - two.rows[i].trainLoss) <
                     1e-4 * (1 + two.rows[i].trainLoss),
                 qPrintable(QString("row %1: %2 and %3").arg(i).arg(one.rows[i].trainLoss)
                                .arg(two.rows[i].trainLoss)));
    }
}

// With new changes in every round only the validation pictures come from the cache; then nothing at
// all may differ, not even in the last bit.
void TestFeatureTraining::validationFiguresAreThoseWithoutCache() {
    for (const std::vector<std::string>& frozen :
         {std::vector<std::string>{"backbone"}, std::vector<std::string>{"block1", "block2"}}) {
        TrainJob wanted = job();
        wanted.model.frozen = frozen;
        wanted.options.augmentVariants = 0;
        Recorder with;
        init();
        wanted.folder = m_folder.toStdString();
        QVERIFY(run(wanted, with).ok());
        wanted.options.featureCache = "off";
        Recorder without;
        init();
        wanted.folder = m_folder.toStdString();
        QVERIFY(run(wanted, without).ok());
        QVERIFY(figures(with) == figures(without));
    }
}

void TestFeatureTraining::clearedWhileARunUsesIt() {
    TrainJob wanted = job();
    wanted.cacheFolder = folder("cache").toStdString();
    Recorder calm;
    QVERIFY(run(wanted, calm).ok());
    init();
    TrainJob disturbed = wanted;
    disturbed.folder = m_folder.toStdString();
    disturbed.cacheFolder = folder("cache").toStdString();
    disturbed.cacheMemoryBytes = 0;  // all of it is on the disk only
    Recorder recorder;
    int cleared = 0;
    recorder.onMetric = [&](const MetricRow& row) {
        if (row.step % 5 == 2) {
            cleared += featureFolder(disturbed.cacheFolder).files > 0;
            QVERIFY(clearFeatureFolder(disturbed.cacheFolder).ok());
        }
    };
    const auto ended = run(disturbed, recorder);
    QVERIFY(ended.ok() && *ended == RunState::Finished);
    QVERIFY(cleared >= 3);
    QVERIFY(weightsIn(disturbed.folder) == weightsIn(wanted.folder));
    QVERIFY(figures(recorder) == figures(calm));
}

void TestFeatureTraining::noRoomTrainsWithoutIt() {
    TrainJob wanted = job();
    wanted.cacheMemoryBytes = 1000;
    Recorder recorder;
    const auto ended = run(wanted, recorder);
    QVERIFY(ended.ok() && *ended == RunState::Finished);
    QCOMPARE(recorder.blocksComputed, 0);
    QCOMPARE(recorder.last.cacheHits, -1.0);
    QVERIFY(!recorder.noticed("done once"));
    // The folder cannot be written: the disk part ends with a notice, memory has no room either, so
    // training goes on with the pictures.
    init();
    wanted.folder = m_folder.toStdString();
    wanted.cacheMemoryBytes = 0;
    wanted.cacheFolder = m_dir.filePath("a-file/features").toStdString();
    QFile blocked(m_dir.filePath("a-file"));
    QVERIFY(blocked.open(QIODevice::WriteOnly));
    wanted.options.featureDiskMb = 100;
    Recorder second;
    const auto without = run(wanted, second);
    QVERIFY(without.ok() && *without == RunState::Finished);
    QVERIFY(second.noticed("no longer written"));
    QVERIFY(second.noticed("no room"));
    QCOMPARE(second.blocksComputed, 1);
}

void TestFeatureTraining::thawInTheMiddleThenResume() {
    const auto train = [&](bool interrupted, Hashes* weights) {
        init();
        TrainJob wanted = job();
        wanted.cacheFolder = folder("cache").toStdString();
        const auto script = [&](const MetricRow& row) {
            if (row.kind != MetricRow::Kind::Step) {
                return;
            }
            if (row.step == 15) {
                m_commands->post({RunCommand::Kind::Thaw, "block3", 0});
            }
            if (interrupted && (row.step == 17 || row.step == 30)) {
                m_control->requestStop();
            }
        };
        std::vector<std::array<double, 5>> curve;
        while (true) {
            Recorder recorder;
            recorder.onMetric = script;
            const auto ended = run(wanted, recorder);
            for (const auto& row : figures(recorder)) {
                curve.push_back(row);
            }
            if (!ended || *ended == RunState::Finished) {
                break;
            }
            wanted.resumeFrom = *newestCheckpoint(wanted.folder, nullptr);
            (void)clearFeatureFolder(wanted.cacheFolder).ok();
        }
        *weights = weightsIn(wanted.folder);
        return curve;
    };
    Hashes straight;
    Hashes broken;
    const auto whole = train(false, &straight);
    const auto parts = train(true, &broken);
    QVERIFY(!straight.empty());
    QVERIFY(straight == broken);
    QVERIFY(whole == parts);
    // The thawed part did learn, the rest did not.
    Hashes start;
    const auto fresh = *Classifier::create(job().model, 2, 3);
    for (const NamedTensor& entry : fresh->parameters()) {
        const torch::Tensor flat = entry.tensor.detach().contiguous();
        start[entry.name] = sha256Hex(
            {static_cast<const char*>(flat.data_ptr()), std::size_t(flat.nbytes())});
    }
    for (const auto& [name, hash] : start) {
        const bool learns = layerIsInside(name, "block3") || layerIsInside(name, "head");
        QVERIFY2((straight.at(name) != hash) == learns, name.c_str());
    }
}

void TestFeatureTraining::editsReplayToTheSameWeights() {
    const std::map<std::int64_t, RunCommand> script{
        {0, {RunCommand::Kind::Thaw, "block3", 0}},
        {5, {RunCommand::Kind::SetLearningRate, "", 0.003}},
        {14, {RunCommand::Kind::Freeze, "block3", 0}},
        {20, {RunCommand::Kind::SetAugmentStrength, "", 0.5}},
        {27, {RunCommand::Kind::Thaw, "block2", 0}}};
    const auto trainWith = [&](const std::map<std::int64_t, RunCommand>& commands,
                               std::map<std::int64_t, RunCommand>* log) {
        init();
        TrainJob edited = job();
        Recorder recorder;
        recorder.onEvent = [&](const TrainEvent& event) {
            if (event.kind == TrainEvent::Kind::Started && commands.count(0)) {
                m_commands->post(commands.at(0));
            }
            if (event.kind == TrainEvent::Kind::EditApplied) {
                (*log)[event.edit.step] = event.edit.command;
            }
        };
        recorder.onMetric = [&](const MetricRow& row) {
            const auto found = commands.find(row.step);
            if (row.kind == MetricRow::Kind::Step && found != commands.end()) {
                m_commands->post(found->second);
            }
        };
        return run(edited, recorder) ? weightsIn(edited.folder) : Hashes();
    };
    std::map<std::int64_t, RunCommand> log;
    const Hashes live = trainWith(script, &log);
    QVERIFY(!live.empty());
    QVERIFY(log == script);
    std::map<std::int64_t, RunCommand> again;
    QVERIFY(trainWith(log, &again) == live);
    std::map<std::int64_t, RunCommand> none;
    QVERIFY(trainWith({}, &none) != live);
}

void TestFeatureTraining::headFirstUsesTheCache() {
    TrainJob wanted = job();
    wanted.model.frozen.clear();
    wanted.options.headEpochs = 3;
    wanted.options.augmentVariants = 1;
    Recorder recorder;
    std::vector<bool> filledIn(5, false);
    recorder.onSnapshot = [&](const TrainSnapshot& snapshot) {
        if (snapshot.activity.find("features of frozen") != std::string::npos) {
            filledIn[std::size_t(snapshot.epoch)] = true;
        }
    };
    QVERIFY(run(wanted, recorder).ok());
    QVERIFY(filledIn[1] && !filledIn[2] && !filledIn[3] && !filledIn[4]);
    QVERIFY(recorder.noticed("the rest of the network learns"));
}

void TestFeatureTraining::unreadablePictureIsLeftOut() {
    const QString pictures = m_dir.filePath("spoiled");
    testing::writePictureFolder(pictures.toStdString(), 2, 30, 40);
    Progress progress;
    TrainJob spoiled = job();
    spoiled.options.augmentVariants = 1;
    spoiled.dataset = *importDataset(pictures.toStdString(), {}, progress);
    int gone = 0;
    for (const Sample& sample : spoiled.dataset.samples) {
        if (sample.split == Split::Train && gone < 2) {
            ++gone;
            QVERIFY(QFile::remove(QString::fromStdString(spoiled.dataset.absolutePath(sample))));
        }
    }
    Recorder recorder;
    const auto ended = run(spoiled, recorder);
    QVERIFY(ended.ok() && *ended == RunState::Finished);
    int problems = 0;
    for (const TrainEvent& event : recorder.events) {
        problems += event.kind == TrainEvent::Kind::Problem;
    }
    QCOMPARE(problems, 2);  // told when they were missed, not in every round
}

void TestFeatureTraining::twoRunsShareOneCache() {
    TrainJob alone = job();
    alone.cacheFolder = folder("cache").toStdString();
    Recorder calm;
    QVERIFY(run(alone, calm).ok());
    const Hashes expected = weightsIn(alone.folder);
    const std::string shared = folder("cache").toStdString();
    std::vector<TrainJob> jobs;
    for (int i = 0; i < 2; ++i) {
        init();
        jobs.push_back(alone);
        jobs.back().folder = m_folder.toStdString();
        jobs.back().cacheFolder = shared;
        jobs.back().cacheMemoryBytes = 0;
    }
    std::vector<std::thread> threads;
    for (const TrainJob& one : jobs) {
        threads.emplace_back([&one] {
            RunControl control;
            Mailbox<RunCommand> commands;
            Recorder recorder;
            (void)runTraining(one, control, commands, recorder).ok();
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    QVERIFY(weightsIn(jobs[0].folder) == expected);
    QVERIFY(weightsIn(jobs[1].folder) == expected);
}

void TestFeatureTraining::killedWhileFillingThenResumed() {
    const auto train = [&](const QString& runFolder, const QString& cache, int killAfter) {
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process.start(QString(GRAFT_BINARY_DIR) + "/bin/train_worker",
                      {m_pictures, runFolder, "sgd", "1", "0", "fp32", cache, QString::number(killAfter)});
        process.waitForFinished(60000);
        if (killAfter > 0) {
            return process.exitStatus() == QProcess::CrashExit ? QByteArray("killed")
                                                               : QByteArray();
        }
        return process.readAllStandardOutput().trimmed().split('\n').last();
    };
    const QByteArray whole = train(folder("run"), folder("cache"), 0);
    QVERIFY2(whole.startsWith("finished "), whole.constData());
    for (const int killAfter : {1, 2, 4, 5}) {  // in the first and in the second variant
        const QString runFolder = folder("run");
        const QString cache = folder("cache");
        QCOMPARE(train(runFolder, cache, killAfter), QByteArray("killed"));
        QVERIFY(featureFolder(cache.toStdString()).files >= killAfter);
        QCOMPARE(train(runFolder, cache, 0), whole);
    }
}

QTEST_GUILESS_MAIN(TestFeatureTraining)
#include "tst_feature_training.moc"
