// The project file: what goes in comes out, also after reopening; runs and their stores.
#include "core/project/project.h"

#include "tests/support/datasets.h"

#include <QTemporaryDir>
#include <QtTest>

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

using namespace graft;
using namespace graft::testing;

class TestProject : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
        m_path = m_folder->filePath("bees.graft").toStdString();
        auto made = Project::create(m_path);
        VERIFY_OK(made);
        m_project = std::move(*made);
    }
    void cleanup() { m_project.reset(); }

    void startsEmpty();
    void keepsTheDataSet();
    void keepsOptionsAndNotes();
    void refusesOptionsOutOfRange();
    void refusesDataThatDoesNotFit();
    void editsAndSaysWhatUndoWouldDo();
    void refusesUnknownIds();
    void neverReusesTheNumberOfAClass();
    void keepsWeightsThatMovedAlong();
    void keepsRuns();
    void runSeesTheDataOfItsStart();
    void runForgetsPicturesWhoseNumberIsReused();
    void runStoreKeepsEverything();
    void runStoreRewinds();
    void keepsFiguresThatAreNotNumbers();
    void leavesForeignRunFoldersAlone();
    void hundredThousandPictures();

 private:
    void reopen() {
        m_project.reset();
        auto opened = Project::open(m_path, Project::Mode::ReadWrite);
        VERIFY_OK(opened);
        m_project = std::move(*opened);
    }
    static MetricRow epochRow(std::int64_t epoch, double accuracy, bool best) {
        MetricRow row;
        row.kind = MetricRow::Kind::Epoch;
        row.step = epoch * 10;
        row.epoch = epoch;
        row.trainLoss = 1.0 / double(epoch);
        row.trainAccuracy = accuracy - 0.01;
        row.learningRate = 0.01;
        row.validationLoss = 0.3;
        row.validationAccuracy = accuracy;
        row.validationCount = 77;
        row.imagesPerSecond = 123.25;
        row.best = best;
        return row;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::string m_path;
    std::unique_ptr<Project> m_project;
};

void TestProject::startsEmpty() {
    QCOMPARE(text(m_project->path()), text(m_path));
    QCOMPARE(text(m_project->name()), QString("bees"));
    QCOMPARE(text(m_project->filesFolder()), text(m_path + "-files"));
    QVERIFY(!m_project->readOnly());
    COMPARE_DATASETS(m_project->dataset(), Dataset());
    QVERIFY(!m_project->canUndo() && !m_project->canRedo());
    QVERIFY(m_project->model() == ModelSpec());
    QVERIFY(m_project->augment() == AugmentSpec());
    QVERIFY(m_project->trainOptions() == TrainOptions());
    QVERIFY(m_project->runs().value().empty());
    reopen();
    COMPARE_DATASETS(m_project->dataset(), Dataset());
}

void TestProject::keepsTheDataSet() {
    const Dataset dataset = madeUpDataset(500, 4);
    VERIFY_OK(m_project->setDataset(dataset));
    COMPARE_DATASETS(m_project->dataset(), dataset);
    reopen();
    COMPARE_DATASETS(m_project->dataset(), dataset);
    const Dataset other = madeUpDataset(30, 2, 9);
    VERIFY_OK(m_project->setDataset(other));
    reopen();
    COMPARE_DATASETS(m_project->dataset(), other);
}

void TestProject::keepsOptionsAndNotes() {
    ModelSpec model;
    model.backbone = "resnet18";
    model.weightsPath = "/nowhere/w.safetensors";
    model.weightsSha256 = "abc";
    model.imageSize = 96;
    model.dropout = 0.35;
    model.padding = "symmetric";
    model.frozen = {"backbone", "layer4.1"};
    model.rateFactors = {{"layer4", 0.3}, {"layer4.1", 1.0 / 3}};
    AugmentSpec augment;
    augment.strength = 0.7;
    augment.flipHorizontal = 0.5;
    augment.rotateDegrees = 12.5;
    TrainOptions options;
    options.epochs = 77;
    options.learningRate = 0.1 / 3;
    options.optimizer = "adamw";
    options.balance = "sampling";
    options.seed = 123456789012345;
    options.loaderThreads = 0;
    VERIFY_OK(m_project->setModel(model));
    VERIFY_OK(m_project->setAugment(augment));
    VERIFY_OK(m_project->setTrainOptions(options));
    VERIFY_OK(m_project->setNote("page", "train"));
    VERIFY_OK(m_project->setNote("page", "evaluate"));
    VERIFY_OK(m_project->setNote("odd", "ä\n\"'"));
    for (int round = 0; round < 2; ++round) {
        QVERIFY(m_project->model() == model);
        QVERIFY(m_project->augment() == augment);
        QVERIFY(m_project->trainOptions() == options);
        QCOMPARE(text(m_project->note("page")), QString("evaluate"));
        QCOMPARE(text(m_project->note("odd")), QString("ä\n\"'"));
        QCOMPARE(text(m_project->note("none")), QString());
        reopen();
    }
}

void TestProject::refusesOptionsOutOfRange() {
    TrainOptions options;
    options.epochs = -1;
    const Status status = m_project->setTrainOptions(options);
    QVERIFY(!status);
    QVERIFY(status.error().code == ErrorCode::InvalidArgument);
    AugmentSpec augment;
    augment.flipHorizontal = 7;
    QVERIFY(!m_project->setAugment(augment));
    QVERIFY(m_project->trainOptions() == TrainOptions());
    QVERIFY(m_project->augment() == AugmentSpec());
}

void TestProject::refusesDataThatDoesNotFit() {
    const Dataset good = madeUpDataset(20, 2);
    VERIFY_OK(m_project->setDataset(good));
    Dataset twice = good;
    twice.samples[3].id = twice.samples[2].id;
    Dataset stranger = good;
    stranger.samples[3].label = 999;
    Dataset sameName = good;
    sameName.classes[1].name = sameName.classes[0].name;
    for (const Dataset& bad : {twice, stranger, sameName}) {
        const Status status = m_project->setDataset(bad);
        QVERIFY(!status);
        QVERIFY(status.error().code == ErrorCode::InvalidArgument);
    }
    COMPARE_DATASETS(m_project->dataset(), good);
    reopen();
    COMPARE_DATASETS(m_project->dataset(), good);
}

void TestProject::editsAndSaysWhatUndoWouldDo() {
    Dataset dataset = madeUpDataset(50, 3);
    for (Sample& sample : dataset.samples) {
        sample.label = 3;
        sample.excluded = false;
        sample.split = Split::Train;
    }
    dataset.classes[1].name = "ants";
    VERIFY_OK(m_project->setDataset(dataset));
    const SampleId a = dataset.samples[1].id;
    const SampleId b = dataset.samples[7].id;
    const SampleId c = dataset.samples[9].id;
    VERIFY_OK(m_project->setLabel({a, b, c, a}, 5));
    QCOMPARE(text(m_project->undoText()), QString("Move 3 pictures to ants"));
    QCOMPARE(m_project->dataset().findSample(b)->label, ClassId(5));
    VERIFY_OK(m_project->setLabel({a, b, c}, 5));  // changes nothing, so it is no step
    QCOMPARE(text(m_project->undoText()), QString("Move 3 pictures to ants"));
    VERIFY_OK(m_project->setLabel({a}, 0));
    QCOMPARE(text(m_project->undoText()), QString("Take the label off 1 picture"));
    VERIFY_OK(m_project->setExcluded({a, b}, true));
    QCOMPARE(text(m_project->undoText()), QString("Leave out 2 pictures"));
    VERIFY_OK(m_project->setExcluded({a}, false));
    QCOMPARE(text(m_project->undoText()), QString("Take back 1 picture"));
    VERIFY_OK(m_project->setSplit({c}, Split::Test));
    QCOMPARE(text(m_project->undoText()), QString("Move 1 picture to test"));
    VERIFY_OK(m_project->renameClass(5, "  wasps "));
    QCOMPARE(text(m_project->undoText()), QString("Rename class ants to wasps"));
    VERIFY_OK(m_project->removeClass(5));
    QCOMPARE(text(m_project->undoText()), QString("Remove class wasps"));
    QCOMPARE(m_project->dataset().findSample(b)->label, ClassId(0));
    QCOMPARE(m_project->dataset().classIndex(5), -1);
    VERIFY_OK(m_project->undo());
    QCOMPARE(text(m_project->redoText()), QString("Remove class wasps"));
    QCOMPARE(m_project->dataset().findSample(b)->label, ClassId(5));
    QCOMPARE(m_project->dataset().classIndex(5), 1);
}

void TestProject::refusesUnknownIds() {
    VERIFY_OK(m_project->setDataset(madeUpDataset(10, 2)));
    const SampleId known = m_project->dataset().samples[0].id;
    const Status outcomes[] = {
        m_project->setLabel({known, 4711}, 3),   m_project->setLabel({known}, 4),
        m_project->setExcluded({4711}, true),    m_project->setSplit({0}, Split::Test),
        m_project->renameClass(4, "x"),          m_project->renameClass(3, " "),
        m_project->renameClass(3, "class 1"),    m_project->removeClass(4),
        m_project->addClass("class 1", nullptr), m_project->undo()};
    for (const Status& status : outcomes) {
        QVERIFY(!status);
        QVERIFY(status.error().code == ErrorCode::InvalidArgument);
        QVERIFY(!status.error().message.empty());
    }
    QVERIFY(m_project->run(99).error().code == ErrorCode::NotFound);
    QVERIFY(m_project->runStore(99).error().code == ErrorCode::NotFound);
    COMPARE_DATASETS(m_project->dataset(), madeUpDataset(10, 2));
}

void TestProject::neverReusesTheNumberOfAClass() {
    ClassId first = 0;
    ClassId second = 0;
    ClassId third = 0;
    VERIFY_OK(m_project->addClass("one", &first));
    VERIFY_OK(m_project->undo());
    VERIFY_OK(m_project->addClass("two", &second));
    QVERIFY(second != first);
    VERIFY_OK(m_project->setDataset(madeUpDataset(5, 2)));
    VERIFY_OK(m_project->setDataset(Dataset()));
    reopen();
    VERIFY_OK(m_project->addClass("three", &third));
    for (const ClassInfo& info : madeUpDataset(5, 2).classes) {
        QVERIFY(third > info.id);
    }
}

void TestProject::keepsWeightsThatMovedAlong() {
    const QString weights = m_folder->filePath("w.safetensors");
    QFile file(weights);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    ModelSpec model;
    model.weightsPath = weights.toStdString();
    VERIFY_OK(m_project->setModel(model));
    m_project.reset();
    const QTemporaryDir elsewhere;
    for (const QString& name : {QString("bees.graft"), QString("w.safetensors")}) {
        QVERIFY(QFile::rename(m_folder->filePath(name), elsewhere.filePath(name)));
    }
    m_path = elsewhere.filePath("bees.graft").toStdString();
    reopen();
    QCOMPARE(text(m_project->model().weightsPath), elsewhere.filePath("w.safetensors"));
    m_project.reset();
}

void TestProject::keepsRuns() {
    VERIFY_OK(m_project->setDataset(madeUpDataset(40, 2)));
    TrainOptions options;
    options.epochs = 5;
    VERIFY_OK(m_project->setTrainOptions(options));
    const auto first = m_project->addRun("");
    VERIFY_OK(first);
    options.epochs = 6;
    VERIFY_OK(m_project->setTrainOptions(options));
    VERIFY_OK(m_project->renameClass(3, "renamed later"));
    const auto second = m_project->addRun("mine");
    VERIFY_OK(second);
    QVERIFY(QDir(text(m_project->runFolder(second->id))).exists());
    reopen();
    auto runs = m_project->runs();
    VERIFY_OK(runs);
    QCOMPARE(runs->size(), std::size_t(2));
    QCOMPARE(text(runs->at(0).name), QString("mine"));
    QCOMPARE(text(runs->at(1).name), QString("Run 1"));
    QCOMPARE(runs->at(1).options.epochs, 5);
    QCOMPARE(text(runs->at(1).classes[0].name), QString("class 0"));
    QCOMPARE(text(runs->at(0).classes[0].name), QString("renamed later"));
    QVERIFY(runs->at(0).state == RunState::Created);
    QVERIFY(runs->at(0).created.size() == 20 && runs->at(0).finished.empty());
    QCOMPARE(runs->at(0).bestAccuracy, -1.0);
    VERIFY_OK(m_project->renameRun(first->id, "first"));
    QCOMPARE(text(m_project->run(first->id)->name), QString("first"));
    VERIFY_OK(m_project->removeRun(first->id));
    QCOMPARE(m_project->runs()->size(), std::size_t(1));
    QVERIFY(QDir(text(m_project->runFolder(first->id))).exists());
    QCOMPARE(text(m_project->addRun("")->name), QString("Run 3"));
}

void TestProject::runSeesTheDataOfItsStart() {
    const Dataset start = madeUpDataset(60, 3);
    VERIFY_OK(m_project->setDataset(start));
    const auto run = m_project->addRun("");
    VERIFY_OK(run);
    for (int i = 0; i < 10; ++i) {
        const SampleId id = start.samples[std::size_t(i)].id;
        VERIFY_OK(m_project->setLabel({id}, i % 2 ? 5 : 0));
        VERIFY_OK(m_project->setSplit({id}, Split::Test));
        VERIFY_OK(m_project->setExcluded({id}, i % 3 == 0));
    }
    VERIFY_OK(m_project->renameClass(5, "other"));
    reopen();
    const auto store = m_project->runStore(run->id);
    VERIFY_OK(store);
    const auto seen = store->dataset();
    VERIFY_OK(seen);
    COMPARE_DATASETS(*seen, start);
    QVERIFY(difference(m_project->dataset(), start) != "");
}

void TestProject::runForgetsPicturesWhoseNumberIsReused() {
    Dataset start = madeUpDataset(10, 2);
    VERIFY_OK(m_project->setDataset(start));
    const auto run = m_project->addRun("");
    VERIFY_OK(run);
    Dataset rescan = start;
    rescan.samples[0].path = "moved.jpg";  // same content: the same picture
    rescan.samples[1].path = "another.jpg";
    rescan.samples[1].contentHash = "another";
    rescan.samples.erase(rescan.samples.begin() + 2);
    VERIFY_OK(m_project->setDataset(rescan));
    const auto seen = m_project->runStore(run->id)->dataset();
    VERIFY_OK(seen);
    QCOMPARE(seen->samples.size(), std::size_t(8));
    QCOMPARE(text(seen->samples[0].path), QString("moved.jpg"));
    QVERIFY(!seen->findSample(start.samples[1].id));
    QCOMPARE(seen->problems.size(), rescan.problems.size() + 1);
    QVERIFY(text(seen->problems.back().message).startsWith("2 of the pictures"));
}

void TestProject::runStoreKeepsEverything() {
    VERIFY_OK(m_project->setDataset(madeUpDataset(10, 1)));
    const auto run = m_project->addRun("");
    VERIFY_OK(run);
    MetricRow step;
    step.step = 1;
    step.epoch = 1;
    step.trainLoss = 1.0 / 3;
    EditRecord edit;
    edit.number = 1;
    edit.step = 12;
    edit.time = "2026-01-02T03:04:05Z";
    edit.command = {RunCommand::Kind::Thaw, "layer4", 0.1 / 3};
    Evaluation evaluation;
    evaluation.split = Split::Test;
    evaluation.checkpoint = "best";
    evaluation.epoch = 2;
    evaluation.predictions = {{m_project->dataset().samples[0].id, 0, 1, {0.25F, 0.75F}}};
    summarize(evaluation, run->classes);
    {
        auto store = m_project->runStore(run->id);
        VERIFY_OK(store);
        VERIFY_OK(store->setState(RunState::Running, ""));
        VERIFY_OK(store->appendMetrics({step, epochRow(1, 0.6, true), epochRow(2, 0.8, true)}));
        VERIFY_OK(store->appendMetrics({epochRow(3, 0.7, false)}));
        VERIFY_OK(store->appendEdit(edit));
        VERIFY_OK(store->setCheckpoint({"run-1/checkpoint-a.safetensors", "a", "00ff", 20}));
        VERIFY_OK(store->setCheckpoint({"run-1/checkpoint-a.safetensors", "a", "11ff", 30}));
        VERIFY_OK(store->setCheckpoint({"run-1/best.safetensors", "best", "22ff", 20}));
        VERIFY_OK(store->setEvaluation(evaluation));
        QVERIFY(m_project->run(run->id)->state == RunState::Running);
        VERIFY_OK(store->setState(RunState::Finished, "All rounds done."));
    }
    reopen();
    const auto record = m_project->run(run->id);
    QVERIFY(record->state == RunState::Finished);
    QCOMPARE(text(record->message), QString("All rounds done."));
    QVERIFY(!record->finished.empty());
    QCOMPARE(record->bestAccuracy, 0.8);
    QCOMPARE(record->bestEpoch, 2);
    QCOMPARE(record->epochsDone, 3);
    QCOMPARE(record->validationCount, 77);
    const auto store = m_project->runStore(run->id);
    const auto rows = store->metrics();
    QCOMPARE(rows->size(), std::size_t(4));
    QVERIFY(rows->at(0).kind == MetricRow::Kind::Step);
    QCOMPARE(rows->at(0).trainLoss, 1.0 / 3);
    QCOMPARE(rows->at(3).trainAccuracy, 0.7 - 0.01);
    QCOMPARE(rows->at(3).imagesPerSecond, 123.25);
    QVERIFY(rows->at(2).best && !rows->at(3).best);
    const auto edits = store->edits();
    QCOMPARE(edits->size(), std::size_t(1));
    QVERIFY(edits->at(0).command == edit.command);
    QCOMPARE(edits->at(0).step, edit.step);
    QCOMPARE(text(edits->at(0).time), text(edit.time));
    const auto checkpoints = store->checkpoints();
    QCOMPARE(checkpoints->size(), std::size_t(2));
    QCOMPARE(text(checkpoints->at(0).sha256), QString("11ff"));
    QCOMPARE(checkpoints->at(0).step, 30);
    QVERIFY(!store->evaluation(Split::Validation)->has_value());
    const auto stored = store->evaluation(Split::Test);
    VERIFY_OK(stored);
    QVERIFY(stored->has_value());
    QCOMPARE(text(toJson(**stored, run->classes, true).dump()),
             text(toJson(evaluation, run->classes, true).dump()));
}

void TestProject::runStoreRewinds() {
    const auto run = m_project->addRun("");
    auto store = m_project->runStore(run->id);
    const auto other = m_project->addRun("");
    auto otherStore = m_project->runStore(other->id);
    for (RunStore* each : {&*store, &*otherStore}) {
        VERIFY_OK(each->appendMetrics({epochRow(1, 0.5, true), epochRow(2, 0.9, true)}));
        for (std::int64_t number = 1; number <= 3; ++number) {
            EditRecord edit;
            edit.number = number;
            VERIFY_OK(each->appendEdit(edit));
        }
    }
    VERIFY_OK(store->rewind(10, 1));
    QCOMPARE(store->metrics()->size(), std::size_t(1));
    QCOMPARE(store->edits()->size(), std::size_t(1));
    QCOMPARE(m_project->run(run->id)->bestAccuracy, 0.5);
    QCOMPARE(otherStore->metrics()->size(), std::size_t(2));
    QCOMPARE(otherStore->edits()->size(), std::size_t(3));
}

void TestProject::keepsFiguresThatAreNotNumbers() {
    const auto run = m_project->addRun("");
    auto store = m_project->runStore(run->id);
    MetricRow row;
    row.trainLoss = std::numeric_limits<double>::quiet_NaN();
    row.validationLoss = std::numeric_limits<double>::infinity();
    VERIFY_OK(store->appendMetrics({row}));
    const auto rows = store->metrics();
    QVERIFY(std::isnan(rows->at(0).trainLoss));
    QVERIFY(std::isinf(rows->at(0).validationLoss));
}

void TestProject::leavesForeignRunFoldersAlone() {
    const std::string old = m_project->runFolder(1);
    QVERIFY(QDir().mkpath(text(old)));
    const auto run = m_project->addRun("");
    VERIFY_OK(run);
    QVERIFY(m_project->runFolder(run->id) != old);
    QCOMPARE(text(run->name), QString("Run 1"));
}

void TestProject::hundredThousandPictures() {
    const Dataset dataset = madeUpDataset(100'000, 10);
    QElapsedTimer timer;
    timer.start();
    VERIFY_OK(m_project->setDataset(dataset));
    const qint64 storeMs = timer.restart();
    reopen();
    const qint64 openMs = timer.restart();
    COMPARE_DATASETS(m_project->dataset(), dataset);
    std::vector<SampleId> all;
    for (const Sample& sample : dataset.samples) {
        all.push_back(sample.id);
    }
    timer.restart();
    VERIFY_OK(m_project->setLabel(all, 3));
    const qint64 labelMs = timer.restart();
    VERIFY_OK(m_project->undo());
    const qint64 undoMs = timer.restart();
    VERIFY_OK(m_project->addRun(""));
    const qint64 runMs = timer.restart();
    COMPARE_DATASETS(m_project->dataset(), dataset);
    qInfo("store %lld ms, open %lld ms, label all %lld ms, undo %lld ms, add run %lld ms", storeMs,
          openMs, labelMs, undoMs, runMs);
    // Generous: catches work that grows with the square, on a busy machine too.
    QVERIFY(storeMs < 10'000 && openMs < 10'000 && labelMs < 10'000 && undoMs < 10'000);
}

QTEST_GUILESS_MAIN(TestProject)
#include "tst_project.moc"
