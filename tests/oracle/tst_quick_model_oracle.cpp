// The quick model of real photos with real weights against scikit-learn on the same features: the
// head, and the strength that cross-validation chose.
#include "core/data/batch_loader.h"
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/nn/batch_tensor.h"
#include "core/train/model_loading.h"
#include "core/train/trainer.h"
#include "tests/support/data_files.h"
#include "tests/support/python_oracle.h"
#include "tests/support/recording_sink.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

using namespace graft;

namespace {

struct Rows {
    torch::Tensor features;  // [N, F] as the head takes them
    torch::Tensor targets;   // [N]
    std::vector<std::int64_t> groups;
};

torch::Tensor entry(const Classifier& classifier, const std::string& name) {
    for (const auto& list : {classifier.parameters(), classifier.buffers()}) {
        for (const NamedTensor& tensor : list) {
            if (tensor.name == name) {
                return tensor.tensor.detach();
            }
        }
    }
    return {};
}

Rows trainingRows(Classifier& classifier, const Dataset& dataset) {
    LoaderOptions options;
    options.preprocess = classifier.preprocess();
    std::vector<std::size_t> order;
    Rows rows;
    std::vector<std::int64_t> targets;
    for (const Sample& sample : dataset.samples) {
        if (sample.usable() && sample.split == Split::Train) {
            order.push_back(options.items.size());
            targets.push_back(dataset.classIndex(sample.label));
            options.items.push_back({sample.id, dataset.imageRef(sample), targets.back()});
            rows.groups.push_back(sample.group);
        }
    }
    BatchLoader loader(std::move(options));
    loader.start(cutBatches(order, 50, false), 0, 0, std::nullopt);
    const torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> parts;
    while (auto batch = loader.next()) {
        parts.push_back(classifier.forwardTo(classifier.stageCount() + 1, pixelTensor(*batch)));
    }
    rows.features = ((torch::cat(parts) - entry(classifier, "head.input_mean")) /
                     entry(classifier, "head.input_scale"))
                        .contiguous();
    rows.targets = torch::tensor(targets, torch::kInt64);
    return rows;
}

double objective(const Rows& rows, const torch::Tensor& weight, const torch::Tensor& bias,
                 double strength) {
    const torch::Tensor logs = torch::log_softmax(
        torch::addmm(bias.to(torch::kFloat64), rows.features.to(torch::kFloat64),
                     weight.to(torch::kFloat64).t()),
        1);
    return -logs.gather(1, rows.targets.unsqueeze(1)).sum().item<double>() +
           weight.to(torch::kFloat64).square().sum().item<double>() / (2 * strength);
}

}  // namespace

class TestQuickModelOracle : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void sameAsScikitLearn_data() {
        QTest::addColumn<QString>("data");
        QTest::addColumn<QString>("backbone");
        QTest::addColumn<int>("size");
        QTest::addColumn<int>("every");  // all would keep scikit-learn busy for minutes
        QTest::newRow("insects, squeezenet1_0") << "hymenoptera" << "squeezenet1_0" << 224 << 1;
        QTest::newRow("signs, mobilenet_v2") << "sign-digits" << "mobilenet_v2" << 64 << 4;
    }

    void sameAsScikitLearn() {
        QFETCH(QString, data);
        QFETCH(QString, backbone);
        QFETCH(int, size);
        QFETCH(int, every);
        const QString shared = QString::fromStdString(testing::sharedFolder());
        const QString weights = shared + "/weights/" + backbone + "-imagenet.safetensors";
        const QString pictures = shared + "/data/" + data;
        if (!QFile::exists(weights) || !QFile::exists(pictures)) {
            QSKIP(qPrintable("There is no " + weights + " or no " + pictures));
        }
        engine::initialize();
        Progress progress;
        QTemporaryDir folder;
        TrainJob job;
        job.dataset = *importDataset(pictures.toStdString(), {}, progress);
        std::size_t number = 0;
        std::erase_if(job.dataset.samples,
                      [&](const Sample&) { return number++ % std::size_t(every) != 0; });
        job.model.backbone = backbone.toStdString();
        job.model.weightsPath = weights.toStdString();
        job.model.imageSize = size;
        job.folder = folder.path().toStdString();
        RunControl control;
        Mailbox<RunCommand> commands;
        testing::RecordingSink sink;
        sink.onEvent = [&](const TrainEvent& event) {
            if (event.kind == TrainEvent::Kind::QuickModelReady) {
                control.requestStop();
            }
        };
        QVERIFY(runTraining(job, control, commands, sink).ok());
        const auto model = loadCheckpointModel(quickCheckpointPath(job.folder));
        QVERIFY(model.ok());
        const double strength = model->info.trainer.at("quick_strength");
        const Rows rows = trainingRows(*model->classifier, job.dataset);
        const torch::Tensor weight = entry(*model->classifier, "head.weight");
        const torch::Tensor bias = entry(*model->classifier, "head.bias");
        {
            std::ofstream out(folder.filePath("rows").toStdString(), std::ios::binary);
            out.write(static_cast<const char*>(rows.features.data_ptr()),
                      std::streamsize(rows.features.nbytes()));
            out.write(static_cast<const char*>(rows.targets.data_ptr()),
                      std::streamsize(rows.targets.nbytes()));
            out.write(reinterpret_cast<const char*>(rows.groups.data()),
                      std::streamsize(rows.groups.size() * sizeof(std::int64_t)));
        }
        const testing::OracleRun oracle = testing::runOracle(
            "quick_head.py",
            {folder.filePath("rows"), QString::number(rows.features.size(0)),
             QString::number(rows.features.size(1)),
             QString::number(job.dataset.classes.size()), QString::number(strength, 'g', 17),
             "3"});
        if (oracle.missing) {
            QSKIP(qPrintable(oracle.reason));
        }
        QVERIFY2(oracle.ok, qPrintable(oracle.reason));
        compare(oracle.output, rows, weight, bias, strength);
    }

  private:
    static void compare(const QByteArray& output, const Rows& rows, const torch::Tensor& weight,
                        const torch::Tensor& bias, double strength) {
        double best = 1e9;
        double chosen = 1e9;
        const double own = objective(rows, weight, bias, strength);
        for (const QByteArray& line : output.trimmed().split('\n')) {
            QList<QByteArray> words = line.split(' ');
            const QByteArray kind = words.takeFirst();
            if (kind == "objective") {
                const double theirs = words[0].toDouble();
                QVERIFY2(std::abs(own - theirs) <= 1e-4 * theirs,
                         qPrintable(QString("%1 and %2").arg(own, 0, 'g', 10)
                                        .arg(theirs, 0, 'g', 10)));
            } else if (kind == "answers") {
                const torch::Tensor answers =
                    torch::addmm(bias, rows.features, weight.t()).argmax(1);
                int same = 0;
                for (int i = 0; i < words.size(); ++i) {
                    same += answers[i].item<int>() == words[i].toInt();
                }
                QCOMPARE(std::int64_t(words.size()), answers.size(0));
                QVERIFY2(same >= 0.995 * words.size(), qPrintable(QString::number(same)));
            } else {
                const double loss = words[1].toDouble();
                best = std::min(best, loss);
                chosen = std::abs(std::log(words[0].toDouble() / strength)) < 0.01 ? loss : chosen;
            }
        }
        // Other parts choose another neighbour at times; what it costs must be next to nothing.
        QVERIFY2(chosen <= 1.05 * best + 0.002,
                 qPrintable(QString("C %1: %2, best %3").arg(strength).arg(chosen).arg(best)));
    }
};

QTEST_GUILESS_MAIN(TestQuickModelOracle)
#include "tst_quick_model_oracle.moc"
