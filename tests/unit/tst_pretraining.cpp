// What a run can do for learning from scratch: averaged weights, smaller pictures at first, the model
// of every epoch; and the recipe, the backbone and its card that come of it.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/engine/pretrain.h"
#include "core/train/checkpoint.h"
#include "core/train/checkpoint_io.h"
#include "core/train/evaluation_job.h"
#include "core/train/linear_probe.h"
#include "core/train/schedules.h"
#include "tests/support/picture_folder.h"
#include "tests/support/small_networks.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

namespace {

class RowsSink : public TrainSink {
 public:
    std::vector<MetricRow> rows;
    void event(const TrainEvent&) override {}
    void metric(const MetricRow& row) override { rows.push_back(row); }
    void snapshot(const TrainSnapshot&) override {}
    void checkpoint(const std::string&, const std::string&, const std::string&,
                    std::int64_t) override {}
    void rewind(std::int64_t, std::int64_t) override {}

    std::vector<MetricRow> ofKind(MetricRow::Kind kind) const {
        std::vector<MetricRow> found;
        std::copy_if(rows.begin(), rows.end(), std::back_inserter(found),
                     [kind](const MetricRow& row) { return row.kind == kind; });
        return found;
    }
};

Hashes hashesOf(const std::vector<NamedTensor>& tensors) {
    Hashes hashes;
    for (const NamedTensor& entry : tensors) {
        hashes[entry.name] = hashOf(entry.tensor);
    }
    return hashes;
}

CheckpointTensors tensorsIn(const std::string& path) {
    CheckpointInfo info;
    auto tensors = readCheckpointTensors(path, &info);
    return tensors ? *std::move(tensors) : CheckpointTensors{};
}

}  // namespace

class PretrainingTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void triangularRate();
    void averagedModelIsCheckedAndKept();
    void frozenPartsAreNotAveraged();
    void beginsWithSmallerPictures();
    void refusesImpossibleFirstSizes();
    void everyEpochStays();
    void goesOnFromKeptWeights();
    void recipeOfEachNetwork();
    void backboneAndCard();
    void probesChooseTheEpoch();
    void probeIsTheQuickModel();

 private:
    TrainJob job();
    RowsSink train(const TrainJob& job);

    QTemporaryDir m_dir;
    Dataset m_dataset;
    int m_number = 0;
};

void PretrainingTest::initTestCase() {
    engine::initialize();
    const std::string pictures = m_dir.filePath("pictures").toStdString();
    writePictureFolder(pictures, 2, 25, 64);
    Progress progress;
    const auto dataset = importDataset(pictures, {}, progress);
    QVERIFY(dataset.ok());
    m_dataset = *dataset;
}

TrainJob PretrainingTest::job() {
    TrainJob job;
    job.dataset = m_dataset;
    job.model.backbone = "graft_nano";
    job.model.dropout = 0;
    job.options.epochs = 2;
    job.options.batchSize = 8;
    job.options.seed = 3;
    job.options.precision = "fp32";
    job.options.device = "cpu";
    job.folder = m_dir.filePath(QString("run%1").arg(++m_number)).toStdString();
    fs::create_directories(job.folder);
    return job;
}

RowsSink PretrainingTest::train(const TrainJob& job) {
    RunControl control;
    Mailbox<RunCommand> commands;
    RowsSink sink;
    const auto ended = runTraining(job, control, commands, sink);
    if (!ended) {
        qCritical("%s", ended.error().text().c_str());
        sink.rows.clear();
    }
    return sink;
}

void PretrainingTest::triangularRate() {
    TrainOptions options;
    options.schedule = "triangular";
    options.warmupShare = 0.2;
    QCOMPARE(scheduleFactor(options, 0, 100, 10), 0.05);
    QCOMPARE(scheduleFactor(options, 19, 100, 10), 1.0);
    QCOMPARE(scheduleFactor(options, 20, 100, 10), 1.0);
    QCOMPARE(scheduleFactor(options, 60, 100, 10), 0.5);
    QCOMPARE(scheduleFactor(options, 99, 100, 10), 0.0125);
    QCOMPARE(scheduleFactor(options, 100, 100, 10), 0.0);
}

void PretrainingTest::averagedModelIsCheckedAndKept() {
    TrainJob averaged = job();
    averaged.options.averageDecay = 0.9;
    const RowsSink sink = train(averaged);
    const auto epochs = sink.ofKind(MetricRow::Kind::Epoch);
    QCOMPARE(epochs.size(), std::size_t(2));
    const CheckpointTensors last = tensorsIn(*newestCheckpoint(averaged.folder, nullptr));
    QCOMPARE(last.average.size(), last.model.size());
    QVERIFY(hashesOf(last.average) != hashesOf(last.model));
    const std::string best = bestCheckpointPath(averaged.folder);
    const auto info = readCheckpointInfo(best);
    QVERIFY(info.ok());
    if (epochs.back().best) {
        QVERIFY(hashesOf(tensorsIn(best).model) == hashesOf(last.average));
    }
    // What was told of the best epoch is what this file gives.
    Progress progress;
    const auto again = evaluateCheckpoint(best, m_dataset, Split::Validation, progress);
    QVERIFY(again.ok());
    const MetricRow& told = epochs[std::size_t(info->epoch) - 1];
    QCOMPARE(again->accuracy, told.validationAccuracy);
    QCOMPARE(again->loss, told.validationLoss);
    // It looks on: what the network learns does not depend on it.
    TrainJob plain = job();
    const RowsSink without = train(plain);
    QVERIFY(hashesOf(tensorsIn(*newestCheckpoint(plain.folder, nullptr)).model) ==
            hashesOf(last.model));
    QVERIFY(without.ofKind(MetricRow::Kind::Epoch)[0].validationLoss != epochs[0].validationLoss);
}

void PretrainingTest::frozenPartsAreNotAveraged() {
    TrainJob frozen = job();
    frozen.model.frozen = {"layer1", "layer2"};
    frozen.options.averageDecay = 0.9;
    frozen.options.featureCache = "memory";
    train(frozen);
    const CheckpointTensors last = tensorsIn(*newestCheckpoint(frozen.folder, nullptr));
    const Hashes model = hashesOf(last.model);
    int same = 0;
    for (const auto& [name, hash] : hashesOf(last.average)) {
        const bool still = layerIsInside(name, "layer1+layer2");
        if (still) {
            QVERIFY2(model.at(name) == hash, name.c_str());
            ++same;
        } else if (name == "layer4.conv2.weight" || name == "layer3.bn1.running_var") {
            QVERIFY2(model.at(name) != hash, name.c_str());
        }
    }
    QCOMPARE(same, 25);  // 4 convolutions, 4 norms of 5 tensors each, the first layer
}

// The first epoch is, number for number, that of a run with pictures of that size.
void PretrainingTest::beginsWithSmallerPictures() {
    TrainJob growing = job();
    growing.augment = *augmentPreset("medium");
    growing.options.schedule = "constant";
    growing.options.firstSize = 40;
    growing.options.firstSizeEpochs = 1;
    TrainJob small = job();
    small.augment = growing.augment;
    small.options.schedule = "constant";
    small.model.imageSize = 40;
    const auto grown = train(growing).ofKind(MetricRow::Kind::Step);
    const auto fixed = train(small).ofKind(MetricRow::Kind::Step);
    QCOMPARE(grown.size(), fixed.size());
    QVERIFY(!grown.empty());
    for (std::size_t i = 0; i < grown.size(); ++i) {
        if (grown[i].epoch == 1) {
            QCOMPARE(grown[i].trainLoss, fixed[i].trainLoss);
        }
    }
    QVERIFY(grown.back().trainLoss != fixed.back().trainLoss);
    // It is checked at the size that it will be used at.
    const auto info = readCheckpointInfo(bestCheckpointPath(growing.folder));
    QCOMPARE(info->preprocess.inputSize, 64);
}

void PretrainingTest::refusesImpossibleFirstSizes() {
    RunControl control;
    Mailbox<RunCommand> commands;
    RowsSink sink;
    for (const int size : {65, 8}) {  // larger than later; shrinks to nothing
        TrainJob wrong = job();
        wrong.options.firstSize = size;
        wrong.options.firstSizeEpochs = 1;
        const auto ended = runTraining(wrong, control, commands, sink);
        QVERIFY(!ended.ok());
        QVERIFY(ended.error().code == ErrorCode::InvalidArgument);
        QVERIFY(ended.error().message.find(std::to_string(size)) != std::string::npos);
    }
}

void PretrainingTest::everyEpochStays() {
    TrainJob kept = job();
    kept.options.averageDecay = 0.9;
    kept.options.keepEpochs = true;
    train(kept);
    const CheckpointTensors last = tensorsIn(*newestCheckpoint(kept.folder, nullptr));
    for (const int epoch : {1, 2}) {
        ModelSpec spec = kept.model;
        spec.weightsPath = kept.folder + "/epoch-" + std::to_string(epoch) + ".safetensors";
        QVERIFY(fs::file_size(spec.weightsPath) < 6'000'000);
        const auto report = checkWeights(spec.weightsPath, "graft_nano");
        QVERIFY2(report.ok() && report->usable, report ? report->sentence.c_str() : "");
        QCOMPARE(report->architecture, std::string("graft_nano"));
        QCOMPARE(report->preprocess.inputSize, 64);
        const auto classifier = make(spec, 9, 2);
        QVERIFY(classifier->takeHead(spec.weightsPath));
        if (epoch == 2) {
            // The averaged weights, to 11 bits.
            std::map<std::string, torch::Tensor> wanted;
            for (const NamedTensor& entry : last.average) {
                wanted[entry.name] = entry.tensor;
            }
            for (const NamedTensor& entry : classifier->parameters()) {
                QVERIFY2(torch::allclose(entry.tensor, wanted[entry.name], 1e-3, 1e-6),
                         entry.name.c_str());
            }
        }
        // Nothing is taken over for another number of classes.
        const auto other = make(spec, 9, 3);
        const Hashes before = graft::testing::hashesOf(*other);
        QVERIFY(!other->takeHead(spec.weightsPath));
        QVERIFY(graft::testing::hashesOf(*other) == before);
    }
}

void PretrainingTest::goesOnFromKeptWeights() {
    TrainJob whole = job();
    whole.options.epochs = 3;
    whole.options.schedule = "triangular";
    whole.options.keepEpochs = true;
    whole.options.normStatistics = "batch";
    const auto rows = train(whole).ofKind(MetricRow::Kind::Epoch);
    QCOMPARE(rows.size(), std::size_t(3));
    TrainJob rest = job();
    rest.options = whole.options;
    rest.options.startEpoch = 2;
    rest.options.backboneRateFactor = 1;
    rest.model.weightsPath = whole.folder + "/epoch-2.safetensors";
    const RowsSink sink = train(rest);
    const auto after = sink.ofKind(MetricRow::Kind::Epoch);
    QCOMPARE(after.size(), std::size_t(1));
    QCOMPARE(after[0].epoch, std::int64_t(3));
    const auto first = sink.ofKind(MetricRow::Kind::Step).front();
    QCOMPARE(first.step, rows[1].step + 1);
    QVERIFY(std::abs(first.learningRate - rows[1].learningRate) < 1e-12);
    // As good as before, where a new head would have to begin anew.
    QVERIFY2(first.trainLoss < 0.6, qPrintable(QString::number(first.trainLoss)));
    rest.options.startEpoch = 3;
    rest.folder = job().folder;
    QVERIFY(train(rest).rows.empty());
}

void PretrainingTest::recipeOfEachNetwork() {
    const auto nano = engine::pretrainRecipe("graft_nano", 20);
    QVERIFY(nano.ok());
    QCOMPARE(nano->options.firstSize, 48);
    QCOMPARE(nano->options.firstSizeEpochs, 12);
    QCOMPARE(nano->options.labelSmoothing, 0.0);
    QVERIFY(nano->augment.flipAlternates);
    // One that does not take smaller pictures begins with its own size.
    const auto cifar = engine::pretrainRecipe("inception_v3", 10);
    QVERIFY(cifar.ok());
    QVERIFY(cifar->options.firstSize == 0 || cifar->options.firstSize >= 75);
    QVERIFY(!engine::pretrainRecipe("no_such_network", 10).ok());
}

void PretrainingTest::backboneAndCard() {
    auto project = Project::create(m_dir.filePath("card.graft").toStdString());
    QVERIFY(project.ok());
    QVERIFY((*project)->setDataset(m_dataset).ok());
    auto recipe = engine::pretrainRecipe("graft_nano", 2);
    recipe->options.learningRate *= 8.0 / recipe->options.batchSize;  // or it learns by chance only
    recipe->options.batchSize = 8;
    recipe->options.seed = 41;
    QVERIFY((*project)->setModel(recipe->model).ok());
    QVERIFY((*project)->setAugment(recipe->augment).ok());
    QVERIFY((*project)->setTrainOptions(recipe->options).ok());
    const auto run = (*project)->addRun("Pretraining");
    QVERIFY(run.ok());
    const engine::PretrainFacts facts{"Stripes", "Free for all.", "graft-cli pretrain stripes"};
    QVERIFY(engine::noteSession(**project, facts).ok());
    RunControl control;
    Mailbox<RunCommand> commands;
    RowsSink sink;
    const auto ended = engine::runHere(**project, run->id, false, control, commands, sink);
    QVERIFY2(ended.ok(), ended ? "" : ended.error().text().c_str());
    const std::string folder = m_dir.filePath("out").toStdString();
    fs::create_directories(folder);
    for (const int epoch : {0, 1}) {
        const auto saved = engine::savePretrained(**project, run->id, folder, epoch);
        QVERIFY2(saved.ok(), saved ? "" : saved.error().text().c_str());
        const auto report = checkWeights(saved->path, "graft_nano");
        QVERIFY(report.ok() && report->usable);
        QCOMPARE(report->sha256, saved->sha256);
        QCOMPARE(report->license, std::string("Free for all."));
        QVERIFY(report->unexpected.empty());  // no head
        QFile file(QString::fromStdString(folder) + "/graft_nano.json");
        QVERIFY(file.open(QFile::ReadOnly));
        const QJsonObject card = QJsonDocument::fromJson(file.readAll()).object();
        QCOMPARE(card["sha256"].toString().toStdString(), saved->sha256);
        QCOMPARE(card["options"].toObject()["seed"].toInt(), 41);
        QCOMPARE(card["data"].toObject()["name"].toString(), QString("Stripes"));
        QCOMPARE(card["data"].toObject()["classes"].toInt(), 2);
        QCOMPARE(card["command"].toString(), QString("graft-cli pretrain stripes"));
        QCOMPARE(card["epochs"].toArray().size(), 2);
        QCOMPARE(card["sessions"].toArray().size(), 1);
        const QJsonObject result = card["result"].toObject();
        if (epoch > 0) {
            QCOMPARE(result["epoch"].toInt(), epoch);
            QCOMPARE(result["validation_accuracy"].toDouble(),
                     sink.ofKind(MetricRow::Kind::Epoch)[0].validationAccuracy);
        }
        QFile text(QString::fromStdString(folder) + "/graft_nano.md");
        QVERIFY(text.open(QFile::ReadOnly));
        const QByteArray words = text.readAll();
        for (const char* fact : {"Stripes", "Free for all.", "graft-cli pretrain stripes", "41"}) {
            QVERIFY2(words.contains(fact), fact);
        }
    }
}

void PretrainingTest::probesChooseTheEpoch() {
    using engine::ProbedEpoch;
    QVERIFY(engine::bestProbed({}) == nullptr);
    const std::vector<std::int64_t> many{100'000, 100'000};
    const std::vector<ProbedEpoch> probed{
        {3, {0.9, 0.5}, many}, {4, {0.6, 0.8}, many}, {5, {0.7, 0.7}, many}};
    QCOMPARE(engine::bestProbed(probed)->epoch, std::int64_t(5));  // of equals the later
    std::vector<ProbedEpoch> falling{{3, {0.9, 0.8}, many}, {4, {0.9, 0.7}, many}};
    QCOMPARE(engine::bestProbed(falling)->epoch, std::int64_t(3));
    // By 20 pictures each the same difference says nothing: the standard error is 5.6 points.
    falling[0].counts = {20, 20};
    QVERIFY(std::abs(falling[0].standardError() - 0.0559) < 1e-4);
    QCOMPARE(engine::bestProbed(falling)->epoch, std::int64_t(4));

    // The project of the card has two epochs: the second half is the last one.
    auto project = Project::open(m_dir.filePath("card.graft").toStdString(), Project::Mode::ReadWrite);
    QVERIFY(project.ok());
    const std::int64_t run = (*project)->runs()->front().id;
    const std::vector<engine::ProbeData> data{{"stripes", m_dataset}};
    Progress progress;
    const auto judged = engine::probeEpochs(**project, run, data, progress);
    QVERIFY2(judged.ok(), judged ? "" : judged.error().text().c_str());
    QCOMPARE(judged->size(), std::size_t(1));
    QCOMPARE(judged->front().epoch, std::int64_t(2));
    QVERIFY(judged->front().accuracies[0] >= 0.8);  // stripes are easy
    QVERIFY(engine::noteProbes(**project, data, *judged).ok());
    const std::string folder = m_dir.filePath("out").toStdString();
    QVERIFY(engine::savePretrained(**project, run, folder, 2).ok());
    QFile text(QString::fromStdString(folder) + "/graft_nano.md");
    QVERIFY(text.open(QFile::ReadOnly));
    QVERIFY(text.readAll().contains("| epoch | stripes |"));
}

// The same features, the same head, judged on the same pictures.
void PretrainingTest::probeIsTheQuickModel() {
    TrainJob source = job();
    source.options.keepEpochs = true;
    train(source);
    TrainJob tuned = job();
    tuned.model.weightsPath = source.folder + "/epoch-1.safetensors";
    tuned.options.seed = 0;
    tuned.options.epochs = 1;
    for (Sample& sample : tuned.dataset.samples) {
        sample.split = sample.split == Split::Test ? Split::None : sample.split;
    }
    const auto rows = train(tuned).ofKind(MetricRow::Kind::Epoch);
    QVERIFY(!rows.empty());
    QCOMPARE(rows[0].epoch, std::int64_t(0));
    Progress progress;
    const auto probe = linearProbe(tuned.model, tuned.dataset, progress);
    QVERIFY2(probe.ok(), probe ? "" : probe.error().text().c_str());
    QCOMPARE(probe->count, rows[0].validationCount);
    QCOMPARE(probe->accuracy(), rows[0].validationAccuracy);
}

QTEST_GUILESS_MAIN(PretrainingTest)
#include "tst_pretraining.moc"
