// What keeps the first steps from pretrained weights from undoing what the quick model knows: norms
// that keep their statistics, gradients of limited length, an average that begins with the weights.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/train/checkpoint_io.h"
#include "core/train/evaluation_job.h"
#include "core/train/train_step.h"
#include "core/train/trainer.h"
#include "core/train/weight_average.h"
#include "tests/support/picture_folder.h"
#include "tests/support/recording_sink.h"
#include "tests/support/small_networks.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>

using namespace graft;
using namespace graft::testing;

namespace {

std::map<std::string, torch::Tensor> copies(const std::vector<NamedTensor>& tensors) {
    std::map<std::string, torch::Tensor> copied;
    for (const NamedTensor& entry : tensors) {
        copied[entry.name] = entry.tensor.detach().clone();
    }
    return copied;
}

StepInput stepInput(double rate) {
    StepInput input;
    input.x = pictures(3, 12);
    input.targets = torch::arange(12).remainder(3);
    input.rateOf = [rate](const std::string&) { return rate; };
    return input;
}

std::shared_ptr<Classifier> network() {
    ModelSpec spec = specOf("small_cnn");
    spec.dropout = 0;
    return make(spec);
}

/// With statistics of pictures that are like these, not of these.
std::shared_ptr<Classifier> networkThatSaw(const torch::Tensor& x) {
    auto classifier = network();
    classifier->setTraining(true);
    for (int i = 0; i < 3; ++i) {
        (void)classifier->forward(2 * x + i);
    }
    return classifier;
}

/// One epoch of one step, all pictures as they are.
TrainJob pretrainedJob(const QTemporaryDir& dir, ModelSpec model) {
    model.dropout = 0;
    const std::string folder = dir.filePath("pictures").toStdString();
    writePictureFolder(folder, 3, 20, 40);
    const auto source = make(model);
    source->setTraining(true);
    for (int i = 0; i < 20; ++i) {
        (void)source->forward(pictures(i) * 0.5 + 0.3);
    }
    model.weightsPath = dir.filePath("weights.safetensors").toStdString();
    if (!writeWeights(*source, model.weightsPath).ok()) {
        qCritical("cannot write weights");
    }
    Progress progress;
    TrainJob job;
    job.dataset = *importDataset(folder, {}, progress);
    job.model = model;
    job.augment.strength = 0;
    job.options.epochs = 1;
    job.options.batchSize = 64;
    job.options.precision = "fp32";
    job.options.device = "cpu";
    job.folder = dir.filePath("run").toStdString();
    std::filesystem::create_directories(job.folder);
    return job;
}

}  // namespace

class TestFineTuning : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase() { engine::initialize(); }
    void fixedNormsTrainAsTheyAnswer_data();
    void fixedNormsTrainAsTheyAnswer();
    void statisticsByNetwork_data();
    void statisticsByNetwork();
    void gradientsAreShortened();
    void averageBeginsWithTrainedWeights();
    void firstStepIsTheQuickModel();
};

void TestFineTuning::fixedNormsTrainAsTheyAnswer_data() {
    QTest::addColumn<bool>("bf16");
    QTest::newRow("fp32") << false;
    QTest::newRow("bf16") << true;
}

void TestFineTuning::fixedNormsTrainAsTheyAnswer() {
    QFETCH(bool, bf16);
    const StepInput input = stepInput(0.01);
    const auto classifier = networkThatSaw(input.x);
    classifier->setTraining(false);
    const torch::Tensor answer = classifier->forward(input.x).detach();
    const auto differs = [&](Classifier& other, bool normsFixed) {
        other.setPrecision(bf16 ? Precision::Bf16 : Precision::Fp32);
        other.setNormsFixed(normsFixed);
        other.setTraining(true);
        return (other.forward(input.x) - answer).abs().max().item<double>();
    };
    const auto before = copies(classifier->buffers());
    const double fixed = differs(*classifier, true);
    const double moving = differs(*networkThatSaw(input.x), false);
    QVERIFY2(fixed <= (bf16 ? 0.05 : 1e-5), qPrintable(QString::number(fixed)));
    QVERIFY2(moving > 4 * fixed, qPrintable(QString("%1 and %2").arg(moving).arg(fixed)));

    const auto weights = copies(classifier->parameters());
    Optimizer optimizer{Optimizer::Settings{}};
    (void)trainStep(*classifier, optimizer, input);
    for (const NamedTensor& buffer : classifier->buffers()) {
        QVERIFY2(torch::equal(buffer.tensor, before.at(buffer.name)), buffer.name.c_str());
    }
    for (const NamedTensor& parameter : classifier->parameters()) {
        QVERIFY2(!torch::equal(parameter.tensor, weights.at(parameter.name)),
                 parameter.name.c_str());
    }
    classifier->setNormsFixed(false);
    (void)trainStep(*classifier, optimizer, input);
    int moved = 0;
    for (const NamedTensor& buffer : classifier->buffers()) {
        moved += torch::equal(buffer.tensor, before.at(buffer.name)) ? 0 : 1;
    }
    QVERIFY(moved > 3);
}

void TestFineTuning::statisticsByNetwork_data() {
    QTest::addColumn<QString>("backbone");
    QTest::addColumn<QString>("wish");
    QTest::addColumn<bool>("rest");
    QTest::newRow("for small pictures") << "small_cnn" << "auto" << true;
    QTest::newRow("for photos") << "resnet18" << "auto" << false;
    QTest::newRow("for photos, fixed") << "resnet18" << "fixed" << true;
    QTest::newRow("for small pictures, moving") << "small_cnn" << "batch" << false;
}

void TestFineTuning::statisticsByNetwork() {
    QFETCH(QString, backbone);
    QFETCH(QString, wish);
    QFETCH(bool, rest);
    const QTemporaryDir dir;
    TrainJob job = pretrainedJob(dir, specOf(backbone.toStdString()));
    job.options.normStatistics = wish.toStdString();
    RunControl control;
    Mailbox<RunCommand> commands;
    RecordingSink sink;
    const auto ended = runTraining(job, control, commands, sink);
    QVERIFY2(ended.ok(), ended ? "" : ended.error().text().c_str());
    CheckpointInfo info;
    const auto tensors = readCheckpointTensors(*newestCheckpoint(job.folder, nullptr), &info);
    QVERIFY2(tensors.ok(), tensors ? "" : tensors.error().text().c_str());
    const auto start = copies(make(job.model)->buffers());
    int same = 0;
    int moved = 0;
    for (const NamedTensor& entry : tensors->model) {
        const auto found = start.find(entry.name);
        if (found != start.end() && entry.name.find("running_mean") != std::string::npos) {
            (torch::equal(entry.tensor, found->second) ? same : moved) += 1;
        }
    }
    QVERIFY(same + moved >= 3);
    QCOMPARE(rest ? moved : same, 0);
}

void TestFineTuning::gradientsAreShortened() {
    const auto change = [](double longest) {
        const auto classifier = network();
        Optimizer::Settings settings;
        settings.momentum = 0;
        Optimizer optimizer{settings};
        const auto before = copies(classifier->parameters());
        StepInput input = stepInput(1);
        input.clipGradient = longest;
        (void)trainStep(*classifier, optimizer, input);
        std::vector<torch::Tensor> moved;
        for (const NamedTensor& parameter : classifier->parameters()) {
            moved.push_back((parameter.tensor - before.at(parameter.name)).flatten());
        }
        return torch::cat(moved).detach();  // minus the gradient
    };
    const torch::Tensor whole = change(0);
    const double length = whole.norm().item<double>();
    QVERIFY(length > 0.1);
    QVERIFY(torch::allclose(change(2 * length), whole, 1e-5, 1e-7));
    const torch::Tensor half = change(length / 2);
    QVERIFY(std::abs(half.norm().item<double>() - length / 2) < 1e-3 * length);
    QVERIFY(torch::allclose(half, whole / 2, 1e-3, 1e-5));
}

void TestFineTuning::averageBeginsWithTrainedWeights() {
    const auto classifier = network();
    WeightAverage random(0.9, WeightAverage::Start::Random);
    random.begin(*classifier);
    QVERIFY(random.empty());
    WeightAverage trained(0.9, WeightAverage::Start::Trained);
    trained.begin(*classifier);
    const auto start = copies(stateTensors(*classifier));
    {
        const torch::NoGradGuard noGrad;
        for (const NamedTensor& parameter : classifier->parameters()) {
            torch::Tensor(parameter.tensor).add_(1);
        }
    }
    trained.begin(*classifier);  // it has begun
    trained.update(*classifier, 0);
    int seen = 0;
    for (const NamedTensor& mean : trained.tensors()) {
        if (mean.name == "head.weight" || mean.name == "block1.norm.weight") {
            QVERIFY(torch::allclose(mean.tensor, start.at(mean.name) + 0.1, 1e-5, 1e-6));
            ++seen;
        }
    }
    QCOMPARE(seen, 2);
}

// What the first step is told of its pictures is what the quick model answers to them.
void TestFineTuning::firstStepIsTheQuickModel() {
    const QTemporaryDir dir;
    TrainJob job = pretrainedJob(dir, specOf("small_cnn"));
    job.options.averageDecay = 0.98;
    RunControl control;
    Mailbox<RunCommand> commands;
    RecordingSink sink;
    std::string quick;
    sink.onEvent = [&](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::CheckpointWritten && event.best && quick.empty()) {
            quick = dir.filePath("quick").toStdString();
            std::filesystem::copy(event.path, quick, std::filesystem::copy_options::recursive);
        }
    };
    const auto ended = runTraining(job, control, commands, sink);
    QVERIFY2(ended.ok(), ended ? "" : ended.error().text().c_str());
    QVERIFY(!quick.empty());
    Progress progress;
    const auto answers = evaluateCheckpoint(quick, job.dataset, Split::Train, progress);
    QVERIFY2(answers.ok(), answers ? "" : answers.error().text().c_str());
    std::vector<double> losses;
    for (const MetricRow& row : sink.rows) {
        if (row.kind == MetricRow::Kind::Step) {
            losses.push_back(row.trainLoss);
        }
    }
    QCOMPARE(losses.size(), std::size_t(1));
    QVERIFY2(std::abs(losses[0] - answers->loss) < 1e-4,
             qPrintable(QString("%1 and %2").arg(losses[0]).arg(answers->loss)));
}

QTEST_GUILESS_MAIN(TestFineTuning)
#include "tst_fine_tuning.moc"
