// Thinning keeps what a curve looks like: borders, extremes, order; smoothing keeps constants.
#include "ui/widgets/curve_thinning.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace graft::ui;

class TestCurveThinning : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void keepsShortCurvesWhole() {
        const std::vector<double> x = {0, 1, 2, 3};
        const std::vector<double> y = {5, 1, 4, 2};
        QCOMPARE(thinCurve(x, y, 0, 3, 100), (std::vector<std::size_t>{0, 1, 2, 3}));
        QVERIFY(thinCurve({}, {}, 0, 1, 100).empty());
        QVERIFY(thinCurve(x, y, 1, 1, 100).empty());
        QVERIFY(thinCurve(x, y, 0, 3, 0).empty());
    }

    void addsOnePointBeyondEachEnd() {
        const std::vector<double> x = {0, 1, 2, 3, 4};
        const std::vector<double> y = {0, 0, 0, 0, 0};
        QCOMPARE(thinCurve(x, y, 1.5, 2.5, 10), (std::vector<std::size_t>{1, 2, 3}));
        // Between two points nothing is inside, but the line crosses the view.
        QCOMPARE(thinCurve(x, y, 1.2, 1.8, 10), (std::vector<std::size_t>{1, 2}));
    }

    void keepsExtremesOfEveryColumn() {
        constexpr std::size_t kCount = 100'000;
        constexpr int kColumns = 321;
        std::mt19937 random(7);
        std::normal_distribution<double> noise;
        std::vector<double> x(kCount), y(kCount);
        for (std::size_t i = 0; i < kCount; ++i) {
            x[i] = double(i);
            y[i] = noise(random);
        }
        const double from = 1234.5;
        const double to = 98'765.5;
        const auto kept = thinCurve(x, y, from, to, kColumns);
        QVERIFY(kept.size() <= 2 * kColumns + 2);
        QVERIFY(kept.size() > kColumns);
        QVERIFY(std::is_sorted(kept.begin(), kept.end()));
        QVERIFY(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
        // The truth, column by column, found in another way.
        std::vector<double> low(kColumns, 1e9), high(kColumns, -1e9), keptLow(kColumns, 1e9),
            keptHigh(kColumns, -1e9);
        const auto columnOf = [&](double at) {
            return std::size_t(
                std::clamp(int((at - from) / (to - from) * kColumns), 0, kColumns - 1));
        };
        for (std::size_t i = 0; i < kCount; ++i) {
            if (x[i] >= from && x[i] <= to) {
                low[columnOf(x[i])] = std::min(low[columnOf(x[i])], y[i]);
                high[columnOf(x[i])] = std::max(high[columnOf(x[i])], y[i]);
            }
        }
        for (const std::size_t i : kept) {
            if (x[i] >= from && x[i] <= to) {
                keptLow[columnOf(x[i])] = std::min(keptLow[columnOf(x[i])], y[i]);
                keptHigh[columnOf(x[i])] = std::max(keptHigh[columnOf(x[i])], y[i]);
            }
        }
        QCOMPARE(keptLow, low);
        QCOMPARE(keptHigh, high);
    }

    void leavesOutWhatIsNotANumber() {
        std::vector<double> x(5000), y(5000, std::nan(""));
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = double(i);
        }
        y[2500] = 3;
        y[2501] = std::numeric_limits<double>::infinity();
        QCOMPARE(thinCurve(x, y, 0, 5000, 50), (std::vector<std::size_t>{2500}));
    }

    void smoothingKeepsConstantsAndFollowsSteps() {
        Smoother none(0);
        QCOMPARE(none.next(3), 3.0);
        QCOMPARE(none.next(-1), -1.0);
        Smoother constant(0.9);
        for (int i = 0; i < 20; ++i) {
            QVERIFY(std::abs(constant.next(2.5) - 2.5) < 1e-12);
        }
        Smoother half(0.5);
        QCOMPARE(half.next(0), 0.0);
        // (0.5*0.5*0 + 0.5*1) / 0.75
        QVERIFY(std::abs(half.next(1) - 2.0 / 3.0) < 1e-12);
        QVERIFY(std::isnan(half.next(std::nan(""))));
        QVERIFY(half.next(1) > 2.0 / 3.0);
    }
};

QTEST_GUILESS_MAIN(TestCurveThinning)
#include "tst_curve_thinning.moc"
