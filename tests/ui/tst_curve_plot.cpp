// The plot as a person uses it: zoom, read-out, smoothing, log scale, legend, saving.
#include "ui/widgets/curve_plot.h"

#include <QFile>
#include <QImage>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>
#include <QWheelEvent>
#include <QtTest>

#include <cmath>

using namespace graft::ui;

namespace {

CurvePlot::Curve line(const char* id, std::vector<double> x, std::vector<double> y) {
    CurvePlot::Curve curve;
    curve.id = id;
    curve.label = QString("Curve %1").arg(id);
    curve.x = std::move(x);
    curve.y = std::move(y);
    return curve;
}

QImage shot(CurvePlot& plot) {
    plot.replotNow();
    return plot.grab().toImage();
}

}  // namespace

class TestCurvePlot : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void showsAllAndZoomsAndComesBack() {
        CurvePlot plot("Loss");
        plot.resize(500, 300);
        plot.show();
        plot.setAxes("Epoch", "Loss");
        plot.setCurve(line("a", {1, 2, 3, 4}, {4, 3, 2, 1}));
        plot.replotNow();
        auto range = plot.viewRange();
        QVERIFY(range[0] <= 1 && range[1] >= 4 && range[2] <= 1 && range[3] >= 4);
        plot.appendPoints("a", {8}, {9});
        plot.replotNow();
        QVERIFY(plot.viewRange()[1] >= 8);
        QVERIFY(plot.viewRange()[3] >= 9);
        QSignalSpy zoomed(&plot, &CurvePlot::zoomChanged);
        plot.zoomTo(2, 3, 1, 2);
        QVERIFY(plot.isZoomed());
        plot.appendPoints("a", {20}, {0});
        plot.replotNow();
        QCOMPARE(plot.viewRange(), (std::array<double, 4>{2, 3, 1, 2}));  // stays put
        plot.resetZoom();
        QVERIFY(!plot.isZoomed());
        QVERIFY(plot.viewRange()[1] >= 20);
        QVERIFY(zoomed.count() >= 2);
    }

    void wheelAndKeysZoom() {
        CurvePlot plot("Loss");
        plot.resize(500, 300);
        plot.show();
        plot.setCurve(line("a", {0, 10}, {0, 1}));
        plot.replotNow();
        auto* canvas = plot.findChild<QWidget*>();
        for (QWidget* child : plot.findChildren<QWidget*>()) {
            if (child->inherits("QCustomPlot")) {
                canvas = child;
            }
        }
        const QPointF centre = canvas->rect().center();
        QWheelEvent wheel(centre, canvas->mapToGlobal(centre), {}, {0, 120}, Qt::NoButton,
                          Qt::NoModifier, Qt::NoScrollPhase, false);
        QApplication::sendEvent(canvas, &wheel);
        QVERIFY(plot.isZoomed());
        const auto after = plot.viewRange();
        QVERIFY(after[1] - after[0] < 10);
        QTest::keyClick(&plot, Qt::Key_0);
        QVERIFY(!plot.isZoomed());
        QTest::keyClick(&plot, Qt::Key_Plus);
        QVERIFY(plot.isZoomed());
        QTest::mouseDClick(canvas, Qt::LeftButton, {}, centre.toPoint());
        QVERIFY(!plot.isZoomed());
        // Drag: a rectangle, nothing is left of the old view.
        const auto before = plot.viewRange();
        const QPoint from(canvas->width() / 3, canvas->height() / 3);
        const QPoint to(canvas->width() / 2, canvas->height() / 2);
        QTest::mousePress(canvas, Qt::LeftButton, {}, from);
        QTest::mouseMove(canvas, (from + to) / 2);
        QMouseEvent move(QEvent::MouseMove, to, canvas->mapToGlobal(to), Qt::NoButton,
                         Qt::LeftButton, {});
        QApplication::sendEvent(canvas, &move);
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, to);
        QVERIFY(plot.isZoomed());
        QVERIFY(plot.viewRange()[1] - plot.viewRange()[0] < (before[1] - before[0]) / 2);
    }

    void readsOutTheNearestPoint() {
        CurvePlot plot("Accuracy");
        plot.setAxes("Epoch", {});
        plot.setPercent(true);
        plot.setCurve(line("a", {1, 2, 3}, {0.5, 0.75, 1}));
        const QString text = plot.readOutAt(2.2);
        QVERIFY2(text.contains("Epoch") && text.contains("Curve a") && text.contains("75"),
                 qPrintable(text));
        QVERIFY(plot.readOutAt(99).contains("100"));
        plot.setCurveVisible("a", false);
        QVERIFY(!plot.readOutAt(2.2).contains("Curve a"));
    }

    void smoothsOnlyWhatMayBeSmoothed() {
        CurvePlot plot("Loss");
        auto rough = line("rough", {0, 1, 2, 3}, {0, 10, 0, 10});
        rough.smooth = true;
        plot.setCurve(rough);
        plot.setCurve(line("firm", {0, 1, 2, 3}, {0, 10, 0, 10}));
        plot.setSmoothing(0.9);
        const QString text = plot.readOutAt(3);
        QVERIFY2(text.contains("Curve firm 10"), qPrintable(text));
        QVERIFY2(!text.contains("Curve rough 10"), qPrintable(text));
        // Appending goes on where the average stands: the same as smoothing all at once.
        CurvePlot other("Loss");
        auto half = rough;
        half.x = {0, 1};
        half.y = {0, 10};
        other.setSmoothing(0.9);
        other.setCurve(half);
        other.appendPoints("rough", {2, 3}, {0, 10});
        QVERIFY(text.startsWith(other.readOutAt(3)));
    }

    void drawsCurvesMarksAndLegend() {
        CurvePlot plot("Loss");
        plot.resize(400, 240);
        plot.show();
        const QImage empty = shot(plot);
        plot.setCurve(line("a", {0, 1, 2}, {0, 1, 0}));
        const QImage drawn = shot(plot);
        QVERIFY(drawn != empty);
        plot.setMarks({{1.0, "Learning rate 0.003"}});
        const QImage marked = shot(plot);
        QVERIFY(marked != drawn);
        plot.setMarks({});
        QCOMPARE(shot(plot), drawn);
        auto* toggle = plot.findChild<QToolButton*>("legend:a");
        QVERIFY(toggle && toggle->isChecked());
        toggle->click();
        QVERIFY(!plot.curveIsVisible("a"));
        QVERIFY(shot(plot) != drawn);
        plot.removeCurve("a");
        QVERIFY(!plot.hasCurve("a"));
        plot.replotNow();
    }

    void logScaleLeavesOutZeros() {
        CurvePlot plot("Loss");
        plot.resize(400, 240);
        plot.show();
        plot.setCurve(line("a", {0, 1, 2, 3}, {1, 0.1, 0, 0.001}));
        plot.setLogScale(true);
        const auto range = plot.viewRange();
        QVERIFY(range[2] > 0 && range[2] <= 0.001);
        plot.setLogScale(false);
        QVERIFY(plot.viewRange()[2] <= 0);
    }

    void savesPictureDrawingAndTable() {
        QTemporaryDir folder;
        CurvePlot plot("Loss");
        plot.resize(400, 240);
        std::vector<double> x, y;
        for (int i = 0; i < 5000; ++i) {
            x.push_back(i);
            y.push_back(std::sin(i));
        }
        plot.setCurve(line("a, \"b\"", x, y));
        QCOMPARE(plot.saveAs(folder.filePath("p.png")), QString());
        const QImage picture(folder.filePath("p.png"));
        QVERIFY(picture.width() >= 800);
        QCOMPARE(plot.saveAs(folder.filePath("p.pdf")), QString());
        QFile pdf(folder.filePath("p.pdf"));
        QVERIFY(pdf.open(QFile::ReadOnly));
        QVERIFY(pdf.read(5) == "%PDF-");
        QCOMPARE(plot.saveAs(folder.filePath("p.csv")), QString());
        QFile csv(folder.filePath("p.csv"));
        QVERIFY(csv.open(QFile::ReadOnly));
        const QList<QByteArray> lines = csv.readAll().trimmed().split('\n');
        QCOMPARE(lines.size(), 5001);  // the points themselves, not the thinned ones
        QVERIFY(lines[1].startsWith("\"Curve a, \"\"b\"\"\",0,0"));
        QVERIFY(!plot.saveAs(folder.filePath("p.xyz")).isEmpty());
        QVERIFY(!plot.saveAs("/nowhere/at/all/p.csv").isEmpty());
        QVERIFY(!plot.saveAs("/nowhere/at/all/p.png").isEmpty());
    }
};

QTEST_MAIN(TestCurvePlot)
#include "tst_curve_plot.moc"
