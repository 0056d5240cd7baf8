// How long a ResNet-50 written by torch takes to load, and how much memory, against
// torch.load + load_state_dict.
#include "core/nn/families/registry.h"
#include "core/nn/weight_mapping.h"
#include "tests/support/python_oracle.h"

#include <QElapsedTimer>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

using namespace graft;
using namespace graft::testing;

namespace {

constexpr int kRounds = 7;
constexpr double kMost = 1.3;

double memoryKb(const std::string& title) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == title) {
            double value = 0;
            status >> value;
            return value;
        }
    }
    return 0;
}

}  // namespace

class WeightLoadBench : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void resnet50();
};

void WeightLoadBench::resnet50() {
    const QTemporaryDir folder;
    const QString path = folder.filePath("resnet50.pth");
    const OracleRun run = runOracle("load_weights.py", {path});
    if (run.missing) {
        QSKIP(qPrintable(run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    const QJsonObject torchs = QJsonDocument::fromJson(run.output).object();

    Network network(*requireFamily("resnet50").value(), {1, HeadKind::Replaced, false});
    std::vector<double> times;
    double peak = 0;
    for (int round = 0; round < kRounds; ++round) {
        std::ofstream("/proc/self/clear_refs") << "5";
        const double before = memoryKb("VmRSS:");
        QElapsedTimer timer;
        timer.start();
        const auto file = WeightFile::open(path.toStdString());
        QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
        QVERIFY(compareWeights(file.value(), network, {}).usable);
        QVERIFY(copyWeights(file.value(), network).ok());
        times.push_back(double(timer.nsecsElapsed()) / 1e6);
        peak = std::max(peak, memoryKb("VmHWM:") - before);
    }
    std::sort(times.begin(), times.end());
    const double ms = times[kRounds / 2];
    qInfo("%.1f ms and %.0f MB; torch: %.1f ms and %.0f MB", ms, peak / 1024,
          torchs["ms"].toDouble(), torchs["peak_kb"].toDouble() / 1024);
    QVERIFY(ms < kMost * torchs["ms"].toDouble());
    QVERIFY(peak < kMost * torchs["peak_kb"].toDouble());
}

QTEST_GUILESS_MAIN(WeightLoadBench)
#include "bench_weight_load.moc"
