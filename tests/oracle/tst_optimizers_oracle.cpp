// Our SGD and AdamW against torch.optim's: the same gradients, twenty updates, the same weights. And
// the averaged weights against torch.optim.swa_utils.
#include "core/base/rng.h"
#include "core/train/optimizers.h"
#include "core/train/weight_average.h"
#include "tests/support/small_networks.h"

#include <QProcess>
#include <QtTest>

class TestOptimizersOracle : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void twentyUpdates_data();
    void twentyUpdates();
    void averagedWeights_data();
    void averagedWeights();
};

void TestOptimizersOracle::twentyUpdates_data() {
    QTest::addColumn<QString>("kind");
    QTest::addColumn<double>("rate");
    QTest::addColumn<double>("decay");
    QTest::newRow("sgd") << "sgd" << 0.05 << 5e-4;
    QTest::newRow("sgd without decay") << "sgd" << 0.1 << 0.0;
    QTest::newRow("adamw") << "adamw" << 0.01 << 0.05;
}

void TestOptimizersOracle::twentyUpdates() {
    QFETCH(QString, kind);
    QFETCH(double, rate);
    QFETCH(double, decay);
    constexpr int kNumbers = 50;
    constexpr int kUpdates = 20;
    graft::Rng rng(11);
    torch::Tensor parameter = torch::empty({kNumbers});
    QByteArray input;
    const auto draw = [&](torch::Tensor target) {
        for (int i = 0; i < kNumbers; ++i) {
            target[i] = rng.normal();
            input += QByteArray::number(target[i].item<double>(), 'g', 17) + ' ';
        }
        input += '\n';
    };
    draw(parameter);
    std::vector<torch::Tensor> gradients;
    for (int i = 0; i < kUpdates; ++i) {
        gradients.push_back(torch::empty({kNumbers}));
        draw(gradients.back());
    }

    QProcess python;
    python.start("/usr/bin/python3", {QString(GRAFT_SOURCE_DIR) + "/tests/oracle/optimizers.py",
                                      kind, QString::number(rate), QString::number(decay)});
    python.write(input);
    python.closeWriteChannel();
    if (!python.waitForFinished(120000) || python.exitCode() != 0) {
        QSKIP("python3-torch is not installed: nothing to compare with");
    }
    const QList<QByteArray> lines = python.readAllStandardOutput().trimmed().split('\n');
    QCOMPARE(lines.size(), kUpdates);

    graft::Optimizer optimizer({kind.toStdString()});
    parameter.requires_grad_(true);
    for (int i = 0; i < kUpdates; ++i) {
        parameter.mutable_grad() = gradients[std::size_t(i)];
        optimizer.step({{"p", parameter, rate, decay}});
        const QList<QByteArray> expected = lines[i].split(' ');
        for (int k = 0; k < kNumbers; ++k) {
            const double difference = parameter[k].item<double>() - expected[k].toDouble();
            QVERIFY2(std::abs(difference) <= 1e-6,
                     qPrintable(
                         QString("update %1, number %2: off by %3").arg(i).arg(k).arg(difference)));
        }
    }
}

void TestOptimizersOracle::averagedWeights_data() {
    QTest::addColumn<double>("decay");
    QTest::newRow("slow") << 0.999;  // never reached by so few steps
    QTest::newRow("quick") << 0.5;
}

void TestOptimizersOracle::averagedWeights() {
    QFETCH(double, decay);
    constexpr int kNumbers = 32;  // channels of the network's first norm
    constexpr int kUpdates = 20;
    const auto classifier = graft::testing::make(graft::testing::specOf("small_cnn"));
    torch::Tensor weight;
    for (const graft::NamedTensor& parameter : classifier->parameters()) {
        if (parameter.name == "block1.norm.weight") {
            weight = parameter.tensor.detach();
        }
    }
    QCOMPARE(weight.numel(), std::int64_t(kNumbers));
    graft::Rng rng(13);
    QByteArray input;
    graft::WeightAverage average(decay, graft::WeightAverage::Start::Random);
    std::vector<torch::Tensor> means;
    for (int i = 0; i < kUpdates; ++i) {
        for (int k = 0; k < kNumbers; ++k) {
            weight[k] = rng.normal();
            input += QByteArray::number(weight[k].item<double>(), 'g', 17) + ' ';
        }
        input += '\n';
        average.update(*classifier, i);
        for (const graft::NamedTensor& mean : average.tensors()) {
            if (mean.name == "block1.norm.weight") {
                means.push_back(mean.tensor.clone());
            }
        }
    }
    QProcess python;
    python.start("/usr/bin/python3", {QString(GRAFT_SOURCE_DIR) + "/tests/oracle/optimizers.py",
                                      "average", "0", QString::number(decay)});
    python.write(input);
    python.closeWriteChannel();
    if (!python.waitForFinished(120000) || python.exitCode() != 0) {
        QSKIP("python3-torch is not installed: nothing to compare with");
    }
    const QList<QByteArray> lines = python.readAllStandardOutput().trimmed().split('\n');
    QCOMPARE(lines.size(), kUpdates);
    QCOMPARE(means.size(), std::size_t(kUpdates));
    for (int i = 0; i < kUpdates; ++i) {
        const QList<QByteArray> expected = lines[i].split(' ');
        for (int k = 0; k < kNumbers; ++k) {
            const double ours = means[std::size_t(i)][k].item<double>();
            QVERIFY2(std::abs(ours - expected[k].toDouble()) <= 1e-6,
                     qPrintable(QString("update %1, number %2").arg(i).arg(k)));
        }
    }
}

QTEST_GUILESS_MAIN(TestOptimizersOracle)
#include "tst_optimizers_oracle.moc"
