// How long a plot of 10 lines of 100,000 points takes to draw: the bar is 16 ms at 100 %, 33 ms
// at 200 % (QT_SCALE_FACTOR=2).
#include "ui/widgets/curve_plot.h"

#include <QElapsedTimer>
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace graft::ui;

class BenchPlot : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void tenLinesOfHundredThousandPoints() {
        constexpr int kLines = 10;
        constexpr int kPoints = 100'000;
        constexpr int kRepeats = 60;
        CurvePlot plot("Loss");
        plot.resize(900, 420);
        std::mt19937 random(1);
        std::normal_distribution<double> noise(0, 0.05);
        for (int line = 0; line < kLines; ++line) {
            CurvePlot::Curve curve;
            curve.id = QString::number(line);
            curve.label = QString("Run %1").arg(line);
            curve.series = line;
            curve.style = line % 2 ? Qt::DashLine : Qt::SolidLine;
            for (int i = 0; i < kPoints; ++i) {
                curve.x.push_back(i / 1000.0);
                curve.y.push_back(std::exp(-i / 30'000.0) + 0.03 * line + noise(random));
            }
            plot.setCurve(std::move(curve));
        }
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.replotNow();
        std::vector<double> whole, zoomed;
        QElapsedTimer timer;
        for (int i = 0; i < kRepeats; ++i) {
            plot.resetZoom();
            timer.start();
            plot.replotNow();
            whole.push_back(double(timer.nsecsElapsed()) / 1e6);
            const double from = i * 0.5;
            timer.start();
            plot.zoomTo(from, from + 40, 0, 1.5);
            zoomed.push_back(double(timer.nsecsElapsed()) / 1e6);
        }
        const auto p95 = [](std::vector<double> v) {
            std::sort(v.begin(), v.end());
            return v[v.size() * 95 / 100];
        };
        const auto median = [](std::vector<double> v) {
            std::sort(v.begin(), v.end());
            return v[v.size() / 2];
        };
        const double ratio = plot.devicePixelRatioF();
        qInfo(
            "replot of %d x %d points at %.0f %%: median %.1f ms, p95 %.1f ms; zoomed: median "
            "%.1f ms, p95 %.1f ms",
            kLines, kPoints, ratio * 100, median(whole), p95(whole), median(zoomed), p95(zoomed));
        const double bar = ratio < 1.5 ? 16 : 33;
        QVERIFY2(median(whole) <= bar, "over the bar");
        QVERIFY2(median(zoomed) <= bar, "over the bar");
    }
};

QTEST_MAIN(BenchPlot)
#include "bench_plot.moc"
