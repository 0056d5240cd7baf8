// The quick model: a head that is solved before the first step. Its figure is that of the same model
// evaluated by anyone else, training starts from it, and nothing of it upsets what was true before:
// resume, replay, cancel, a full disk.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/project/project.h"
#include "core/train/checkpoint_io.h"
#include "core/train/evaluation_job.h"
#include "core/train/feature_cache.h"
#include "core/train/quick_head.h"
#include "core/train/trainer.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"
#include "tests/support/small_networks.h"

#include <ATen/Parallel.h>

#include <QTemporaryDir>
#include <QtTest>

#include <set>
#include <thread>

using namespace graft;
using graft::testing::Hashes;
using graft::testing::RecordingSink;
using Kind = TrainEvent::Kind;

namespace {

Hashes weightsIn(const std::string& path) {
    CheckpointInfo info;
    Hashes hashes;
    const auto tensors = readCheckpointTensors(path, &info);
    if (tensors) {
        for (const NamedTensor& entry : tensors->model) {
            hashes[entry.name] = testing::hashOf(entry.tensor);
        }
    }
    return hashes;
}

MetricRow quickRow(const RecordingSink& sink) {
    for (const MetricRow& row : sink.rows) {
        if (row.kind == MetricRow::Kind::Epoch && row.epoch == 0) {
            return row;
        }
    }
    return {};
}

std::vector<std::array<double, 5>> figures(const RecordingSink& sink) {
    std::vector<std::array<double, 5>> list;
    for (const MetricRow& row : sink.rows) {
        list.push_back({double(row.step), row.trainLoss, row.trainAccuracy, row.validationLoss,
                        row.validationAccuracy});
    }
    return list;
}

}  // namespace

class TestQuickModel : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    Dataset m_dataset;
    std::string m_weights;
    int m_number = 0;
    RunControl* m_control = nullptr;
    Mailbox<RunCommand>* m_commands = nullptr;

    std::string folder() {
        const QString path = m_dir.filePath(QString("f%1").arg(++m_number));
        QDir().mkpath(path);
        return path.toStdString();
    }
    TrainJob job() {
        TrainJob job;
        job.dataset = m_dataset;
        job.model.backbone = "small_cnn";
        job.model.imageSize = 32;
        job.model.weightsPath = m_weights;
        job.augment = *augmentPreset("light");
        job.options.epochs = 2;
        job.options.batchSize = 8;
        job.options.seed = 3;
        job.options.precision = "fp32";
        job.options.device = "cpu";
        job.folder = folder();
        return job;
    }
    Result<RunState> run(const TrainJob& job, RecordingSink& sink) {
        RunControl control;
        Mailbox<RunCommand> commands;
        m_control = &control;
        m_commands = &commands;
        return runTraining(job, control, commands, sink);
    }

  private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        at::set_num_threads(1);  // on pictures this small, threads mostly wait for each other
        const std::string pictures = m_dir.filePath("pictures").toStdString();
        testing::writePictureFolder(pictures, 3, 40, 40);
        Progress progress;
        m_dataset = *importDataset(pictures, {}, progress);
        m_weights = m_dir.filePath("weights.safetensors").toStdString();
        ModelSpec spec;
        spec.backbone = "small_cnn";
        spec.imageSize = 32;
        QVERIFY(testing::writeWeights(*testing::make(spec, 5, 7), m_weights).ok());
    }

    void foldsAreEvenAndKeepGroupsTogether() {
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            Rng rng("test", {seed});
            std::vector<std::int64_t> targets;
            std::vector<std::int64_t> groups;
            std::map<std::int64_t, std::int64_t> classOfGroup;
            const auto count = 30 + rng.below(300);
            for (std::uint64_t i = 0; i < count; ++i) {
                const auto group = rng.chance(0.4) ? std::int64_t(1 + rng.below(20)) : 0;
                auto target = std::int64_t(rng.below(3));
                target = group ? classOfGroup.try_emplace(group, target).first->second : target;
                targets.push_back(target);
                groups.push_back(group);
            }
            const std::vector<int> folds = stratifiedFolds(targets, groups, 5, seed);
            QVERIFY(folds == stratifiedFolds(targets, groups, 5, seed));
            std::map<std::int64_t, std::set<int>> foldsOfGroup;
            std::map<std::int64_t, std::vector<int>> ofClass;
            std::map<std::int64_t, int> inGroup;
            for (std::size_t i = 0; i < folds.size(); ++i) {
                QVERIFY(folds[i] >= 0 && folds[i] < 5);
                if (groups[i]) {
                    foldsOfGroup[groups[i]].insert(folds[i]);
                    ++inGroup[groups[i]];
                }
                auto& perFold = ofClass[targets[i]];
                perFold.resize(5);
                ++perFold[std::size_t(folds[i])];
            }
            int largest = 1;
            for (const auto& [group, parts] : foldsOfGroup) {
                QCOMPARE(parts.size(), std::size_t(1));
                largest = std::max(largest, inGroup[group]);
            }
            for (const auto& [target, perFold] : ofClass) {
                const auto [low, high] = std::minmax_element(perFold.begin(), perFold.end());
                QVERIFY(*high - *low <= largest);
            }
        }
        QVERIFY(stratifiedFolds({0, 1, 0}, {4, 4, 4}, 5, 1) == std::vector<int>({0, 0, 0}));
    }

    // Labels that have nothing to do with the features: nothing must be learned from them. Pictures
    // that are there several times would give it away if they were parted.
    void crossValidationIsNotFooledByDuplicates() {
        torch::manual_seed(4);
        QuickHeadProblem problem;
        const torch::Tensor once = torch::randn({60, 400});
        problem.features = once.repeat({4, 1});
        problem.targets = torch::randint(2, {60}, torch::kInt64).repeat({4});
        problem.classCount = 2;
        for (int i = 0; i < 240; ++i) {
            problem.groups.push_back(1 + i % 60);
        }
        const Progress progress;
        const auto grouped = fitQuickHead(problem, progress);
        QVERIFY(grouped.ok());
        QVERIFY2(grouped->crossValidated < 0.7,
                 qPrintable(QString::number(grouped->crossValidated)));
        problem.groups.assign(240, 0);
        const auto parted = fitQuickHead(problem, progress);
        QVERIFY(parted->crossValidated > 0.95);  // this is what grouping is for
    }

    void figureIsThatOfTheSavedModel_data() {
        QTest::addColumn<QString>("precision");
        for (const char* precision : {"fp32", "bf16"}) {
            QTest::newRow(precision) << precision;
        }
    }

    void figureIsThatOfTheSavedModel() {
        QFETCH(QString, precision);
        TrainJob wanted = job();
        wanted.options.precision = precision.toStdString();
        RecordingSink sink;
        QVERIFY(*run(wanted, sink) == RunState::Finished);
        QCOMPARE(sink.count(Kind::QuickModelReady), 1);
        const MetricRow row = quickRow(sink);
        QCOMPARE(row.validationCount, m_dataset.countInSplit(Split::Validation));
        QVERIFY(row.validationAccuracy > 0.5);  // three kinds of stripes
        Progress progress;
        const auto evaluation = evaluateCheckpoint(quickCheckpointPath(wanted.folder), m_dataset,
                                                   Split::Validation, progress);
        QVERIFY(evaluation.ok());
        QCOMPARE(evaluation->checkpoint, std::string("quick"));
        QCOMPARE(evaluation->epoch, 0);
        QVERIFY(evaluation->accuracy == row.validationAccuracy);
        QVERIFY(evaluation->loss == row.validationLoss);
        QCOMPARE(sink.last.quickAccuracy, row.validationAccuracy);
        QVERIFY(!sink.last.quickEstimate);
        QVERIFY(sink.last.bestAccuracy >= row.validationAccuracy);
    }

    // What is evaluated and saved before the first step is the quick model, to the last bit.
    void trainingStartsFromIt_data() {
        QTest::addColumn<int>("headEpochs");
        QTest::addColumn<QStringList>("frozen");
        QTest::newRow("all at once") << 0 << QStringList();
        QTest::newRow("head first") << 1 << QStringList();
        QTest::newRow("half frozen") << 0 << QStringList{"block1", "block2"};
        QTest::newRow("head only") << 0 << QStringList{"backbone"};
    }

    void trainingStartsFromIt() {
        QFETCH(int, headEpochs);
        QFETCH(QStringList, frozen);
        TrainJob wanted = job();
        wanted.options.headEpochs = headEpochs;
        for (const QString& path : frozen) {
            wanted.model.frozen.push_back(path.toStdString());
        }
        RecordingSink sink;
        Hashes atStart;
        sink.onEvent = [&](const TrainEvent& event) {
            if (event.kind == Kind::Started) {
                m_commands->post({RunCommand::Kind::EvaluateNow, "", 0});
                m_commands->post({RunCommand::Kind::SaveNow, "", 0});
            }
            if (event.kind == Kind::CheckpointWritten && !event.best && atStart.empty()) {
                QCOMPARE(event.step, 0);
                atStart = weightsIn(event.path);
            }
        };
        QVERIFY(*run(wanted, sink) == RunState::Finished);
        QVERIFY(!atStart.empty());
        QVERIFY(atStart == weightsIn(quickCheckpointPath(wanted.folder)));
        char expected[32];
        std::snprintf(expected, sizeof expected, "Now %.1f %% right",
                      100 * quickRow(sink).validationAccuracy);
        QVERIFY(sink.noticed(expected));
        // The head did learn on.
        QVERIFY(weightsIn(sink.newest)["head.weight"] != atStart["head.weight"]);
    }

    void anEpochReplacesItOnlyWhenBetter() {
        TrainJob still = job();
        still.options.learningRate = 1e-7;
        still.options.balance = "none";
        RecordingSink sink;
        QVERIFY(*run(still, sink) == RunState::Finished);
        for (const MetricRow& row : sink.rows) {
            const bool better = row.kind == MetricRow::Kind::Epoch && row.epoch > 0 && row.best;
            if (better) {
                const MetricRow quick = quickRow(sink);
                QVERIFY(row.validationAccuracy > quick.validationAccuracy ||
                        row.validationLoss < quick.validationLoss);
            }
        }
        // A rate that spoils everything leaves the quick model the best.
        TrainJob wild = job();
        wild.options.learningRate = 5;
        wild.options.backboneRateFactor = 1;
        wild.options.schedule = "constant";
        RecordingSink spoiled;
        const auto ended = run(wild, spoiled);
        const bool anyBetter =
            std::any_of(spoiled.rows.begin(), spoiled.rows.end(), [](const MetricRow& row) {
                return row.kind == MetricRow::Kind::Epoch && row.epoch > 0 && row.best;
            });
        QVERIFY(!anyBetter);
        QVERIFY(!QFile::exists(QString::fromStdString(bestCheckpointPath(wild.folder))));
        QVERIFY(QFile::exists(QString::fromStdString(quickCheckpointPath(wild.folder))));
        if (ended) {
            QCOMPARE(spoiled.last.bestEpoch, 0);
            QCOMPARE(spoiled.last.bestAccuracy, quickRow(spoiled).validationAccuracy);
        }
    }

    void offOrFromScratchThereIsNone() {
        for (const bool scratch : {false, true}) {
            TrainJob wanted = job();
            wanted.options.epochs = 1;
            wanted.options.quickModel = scratch;
            if (scratch) {
                wanted.model.weightsPath.clear();
            }
            RecordingSink sink;
            QVERIFY(*run(wanted, sink) == RunState::Finished);
            QCOMPARE(sink.count(Kind::QuickModelReady), 0);
            QCOMPARE(sink.last.quickAccuracy, -1.0);
            QVERIFY(!QFile::exists(QString::fromStdString(quickCheckpointPath(wanted.folder))));
            QCOMPARE(sink.rows.front().epoch, 1);
        }
    }

    void resumeIsAsUninterrupted() {
        const TrainJob whole = job();
        RecordingSink calm;
        QVERIFY(*run(whole, calm) == RunState::Finished);
        for (const std::int64_t stopAt : {0, 1, 7, 14}) {
            TrainJob part = job();
            RecordingSink first;
            first.onMetric = [&](const MetricRow& row) {
                if (stopAt > 0 && row.kind == MetricRow::Kind::Step && row.step == stopAt) {
                    m_control->requestStop();
                }
            };
            first.onEvent = [&](const TrainEvent& event) {
                if (stopAt == 0 && event.kind == Kind::Started) {
                    m_control->requestStop();
                }
            };
            QVERIFY(*run(part, first) == RunState::Stopped);
            part.resumeFrom = *newestCheckpoint(part.folder, nullptr);
            RecordingSink second;
            QVERIFY(*run(part, second) == RunState::Finished);
            QCOMPARE(second.count(Kind::QuickModelReady), 0);
            QCOMPARE(second.last.quickAccuracy, calm.last.quickAccuracy);
            QVERIFY(weightsIn(second.newest) == weightsIn(calm.newest));
            auto joined = figures(first);
            for (const auto& row : figures(second)) {
                joined.push_back(row);
            }
            QVERIFY(joined == figures(calm));
        }
    }

    void stoppedWhileMakingItStartsOver() {
        TrainJob wanted = job();
        RecordingSink calm;
        QVERIFY(*run(wanted, calm) == RunState::Finished);
        TrainJob part = job();
        part.cacheFolder = folder();
        RecordingSink first;
        first.onSnapshot = [&](const TrainSnapshot& snapshot) {
            if (snapshot.lookedAt >= 64) {
                m_control->requestStop();
            }
        };
        QVERIFY(*run(part, first) == RunState::Stopped);
        QCOMPARE(first.count(Kind::Stopped), 1);
        QVERIFY(first.rows.empty());
        QVERIFY(!newestCheckpoint(part.folder, nullptr).ok());
        QVERIFY(featureFolder(part.cacheFolder).files >= 2);  // what was computed is not lost
        RecordingSink second;
        QVERIFY(*run(part, second) == RunState::Finished);
        QVERIFY(figures(second) == figures(calm));
        QVERIFY(weightsIn(second.newest) == weightsIn(calm.newest));
    }

    void pausesWhileMakingIt() {
        TrainJob wanted = job();
        RecordingSink sink;
        std::thread helper;
        bool asked = false;
        sink.onSnapshot = [&](const TrainSnapshot& snapshot) {
            if (snapshot.toLookAt > 0 && !asked) {
                asked = true;
                m_control->requestPause();
            }
            if (snapshot.state == RunState::Paused && !helper.joinable()) {
                helper = std::thread([control = m_control] { control->resume(); });
            }
        };
        QVERIFY(*run(wanted, sink) == RunState::Finished);
        helper.join();
        QCOMPARE(sink.count(Kind::Paused), 1);
        QCOMPARE(sink.count(Kind::Resumed), 1);
        QCOMPARE(sink.count(Kind::QuickModelReady), 1);
    }

    void editsReplayToTheSameWeights() {
        const std::map<std::int64_t, RunCommand> script{
            {0, {RunCommand::Kind::Freeze, "block1", 0}},
            {5, {RunCommand::Kind::SetLearningRate, "", 0.003}},
            {9, {RunCommand::Kind::Thaw, "block1", 0}}};
        // Posted while the quick model is made, the first one is taken before the first step.
        const auto trainWith = [&](const std::map<std::int64_t, RunCommand>& commands,
                                   std::map<std::int64_t, RunCommand>* log, bool early) {
            const TrainJob edited = job();
            RecordingSink sink;
            bool posted = false;
            sink.onSnapshot = [&](const TrainSnapshot& snapshot) {
                if (early && !posted && snapshot.toLookAt > 0) {
                    posted = true;
                    m_commands->post(commands.at(0));
                }
            };
            sink.onEvent = [&](const TrainEvent& event) {
                if (event.kind == Kind::Started && !early) {
                    m_commands->post(commands.at(0));
                }
                if (event.kind == Kind::EditApplied) {
                    (*log)[event.edit.step] = event.edit.command;
                }
            };
            sink.onMetric = [&](const MetricRow& row) {
                const auto found = commands.find(row.step);
                if (row.kind == MetricRow::Kind::Step && found != commands.end()) {
                    m_commands->post(found->second);
                }
            };
            return run(edited, sink) ? weightsIn(sink.newest) : Hashes();
        };
        std::map<std::int64_t, RunCommand> log;
        const Hashes live = trainWith(script, &log, true);
        QVERIFY(!live.empty());
        QVERIFY(log == script);
        std::map<std::int64_t, RunCommand> again;
        QVERIFY(trainWith(log, &again, false) == live);
    }

    // Whatever room there is for features, the model is the same.
    void roomForFeaturesDoesNotMatter() {
        Hashes expected;
        for (const int way : {0, 1, 2, 3}) {
            TrainJob wanted = job();
            wanted.options.epochs = 1;
            wanted.options.featureCache = way == 1 ? "off" : "auto";
            wanted.cacheMemoryBytes = way == 2 ? 1000 : -1;
            wanted.options.loaderThreads = way == 3 ? 0 : -1;
            RecordingSink sink;
            QVERIFY(*run(wanted, sink) == RunState::Finished);
            const Hashes found = weightsIn(quickCheckpointPath(wanted.folder));
            QVERIFY(!found.empty());
            expected = way == 0 ? found : expected;
            QVERIFY2(found == expected, qPrintable(QString::number(way)));
        }
    }

    void balanceCountsClassesAlike() {
        std::map<std::string, Hashes> heads;
        for (const std::string balance : {"none", "weights", "sampling"}) {
            TrainJob uneven = job();
            int dropped = 0;
            for (Sample& sample : uneven.dataset.samples) {
                const bool drop = sample.label == 1 && sample.split == Split::Train &&
                                  ++dropped > 5;
                sample.excluded = drop;
            }
            uneven.options.epochs = 1;
            uneven.options.balance = balance;
            RecordingSink sink;
            QVERIFY(*run(uneven, sink) == RunState::Finished);
            heads[balance] = weightsIn(quickCheckpointPath(uneven.folder));
        }
        QVERIFY(heads["weights"]["head.weight"] == heads["sampling"]["head.weight"]);
        QVERIFY(heads["weights"]["head.weight"] != heads["none"]["head.weight"]);
    }

    void unreadablePicturesAreLeftOut() {
        const QString pictures = m_dir.filePath("spoiled");
        testing::writePictureFolder(pictures.toStdString(), 2, 20, 40);
        Progress progress;
        TrainJob spoiled = job();
        spoiled.dataset = *importDataset(pictures.toStdString(), {}, progress);
        int gone = 0;
        for (const Sample& sample : spoiled.dataset.samples) {
            if (sample.split == Split::Train && gone < 3) {
                ++gone;
                QVERIFY(
                    QFile::remove(QString::fromStdString(spoiled.dataset.absolutePath(sample))));
            }
        }
        RecordingSink sink;
        QVERIFY(*run(spoiled, sink) == RunState::Finished);
        QCOMPARE(sink.count(Kind::QuickModelReady), 1);
        QVERIFY(sink.count(Kind::Problem) >= 3);
    }

    void withoutValidationItSaysWhatItKnows() {
        TrainJob wanted = job();
        for (Sample& sample : wanted.dataset.samples) {
            sample.split = Split::Train;
        }
        wanted.options.epochs = 1;
        RecordingSink sink;
        QVERIFY(*run(wanted, sink) == RunState::Finished);
        const MetricRow row = quickRow(sink);
        QCOMPARE(row.validationCount, 0);
        QCOMPARE(row.validationAccuracy, row.trainAccuracy);
        for (const TrainEvent& event : sink.events) {
            if (event.kind == Kind::QuickModelReady) {
                QVERIFY(event.text.find("training pictures") != std::string::npos);
            }
        }
    }

    void diskThatFailsPausesTheRun() {
        TrainJob wanted = job();
        const QString path = QString::fromStdString(wanted.folder);
        RecordingSink sink;
        bool paused = false;
        sink.onMetric = [&](const MetricRow& row) {
            if (row.kind == MetricRow::Kind::Epoch && row.epoch == 0) {
                QVERIFY(QDir().rename(path, path + "-gone"));
            }
        };
        sink.onEvent = [&](const TrainEvent& event) {
            if (event.kind == Kind::Paused && !paused) {
                paused = event.error.message.find("quick") != std::string::npos;
                QVERIFY(QDir().rename(path + "-gone", path));
                m_control->resume();
            }
        };
        QVERIFY(*run(wanted, sink) == RunState::Finished);
        QVERIFY(paused);
        QVERIFY(!weightsIn(quickCheckpointPath(wanted.folder)).empty());
    }

    // Through the project: the run's row, what is evaluated, what a start from nothing leaves.
    void theProjectKnowsIt() {
        const std::string path = m_dir.filePath("p.graft").toStdString();
        auto project = std::move(Project::create(path)).value();
        QVERIFY(project->setDataset(m_dataset).ok());
        const TrainJob like = job();
        QVERIFY(project->setModel(like.model).ok());
        TrainOptions options = like.options;
        options.learningRate = 1e-7;
        options.epochs = 1;
        QVERIFY(project->setTrainOptions(options).ok());
        const auto record = project->addRun("one");
        QVERIFY(record.ok());
        for (int attempt = 0; attempt < 2; ++attempt) {  // the second one starts over
            RunControl control;
            Mailbox<RunCommand> commands;
            RecordingSink sink;
            sink.onEvent = [&](const TrainEvent& event) {
                if (event.kind == Kind::QuickModelReady) {
                    const auto now = project->run(record->id);
                    QVERIFY(now->hasModel());
                    QVERIFY(now->bestIsQuick());
                    QVERIFY(now->state == RunState::Running);
                    QCOMPARE(*engine::runCheckpoint(*project, record->id), event.path);
                }
            };
            QVERIFY(engine::runHere(*project, record->id, false, control, commands, sink).ok());
            const auto now = project->run(record->id);
            // Does nothing if the round was better than the quick model.
            const std::string runFolder = project->runFolder(record->id);
            QFile::copy(QString::fromStdString(quickCheckpointPath(runFolder)),
                        QString::fromStdString(bestCheckpointPath(runFolder)));
            QCOMPARE(now->quickAccuracy, quickRow(sink).validationAccuracy);
            QCOMPARE(now->epochsDone, 1);
            QCOMPARE(int(project->runStore(record->id)->metrics()->size()), int(sink.rows.size()));
        }
        const auto job = engine::startEvaluation(*project, record->id, Split::Validation,
                                                 engine::ModelChoice::Quick);
        QVERIFY(job.ok());
        QTRY_VERIFY_WITH_TIMEOUT((*job)->finished(), 60000);
        const auto evaluation = (*job)->take();
        QVERIFY(evaluation.ok());
        QCOMPARE(evaluation->accuracy, project->run(record->id)->quickAccuracy);
    }
};

QTEST_GUILESS_MAIN(TestQuickModel)
#include "tst_quick_model.moc"
