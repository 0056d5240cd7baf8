// Both themes keep the contrast that WCAG 2.2 AA asks for, and colours that mean something stay
// apart for colour-blind eyes.
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QtTest>

#include <cmath>

using namespace graft::ui;

class TestTheme : public QObject {
    Q_OBJECT

    static std::array<double, 3> lab(const QColor& color) {
        const auto lin = [](double c) {
            return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
        };
        const double r = lin(color.redF()), g = lin(color.greenF()), b = lin(color.blueF());
        const double x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505;
        const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        const double z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
        const auto f = [](double t) {
            return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116;
        };
        return {116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))};
    }

 private Q_SLOTS:
    void contrast_data() {
        QTest::addColumn<bool>("dark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }
    void contrast() {
        QFETCH(bool, dark);
        const QPalette p = Theme::palette(dark);
        QCOMPARE(Theme::isDark(p), dark);
        const std::pair<QPalette::ColorRole, QPalette::ColorRole> texts[] = {
            {QPalette::WindowText, QPalette::Window},
            {QPalette::Text, QPalette::Base},
            {QPalette::Text, QPalette::AlternateBase},
            {QPalette::ButtonText, QPalette::Button},
            {QPalette::HighlightedText, QPalette::Highlight},
            {QPalette::PlaceholderText, QPalette::Base},
            {QPalette::PlaceholderText, QPalette::Window},
            {QPalette::ToolTipText, QPalette::ToolTipBase},
            {QPalette::Link, QPalette::Base},
            {QPalette::Link, QPalette::Window}};
        for (const auto& [fore, back] : texts) {
            const double ratio = Theme::contrast(p.color(fore), p.color(back));
            QVERIFY2(ratio >= 4.5,
                     qPrintable(QStringLiteral("%1 on %2: %3").arg(fore).arg(back).arg(ratio)));
        }
        for (int i = 0; i < Theme::seriesCount(); ++i) {
            for (const auto back : {QPalette::Base, QPalette::Window}) {
                const double ratio = Theme::contrast(Theme::series(i, p), p.color(back));
                QVERIFY2(ratio >= 3.0,
                         qPrintable(QStringLiteral("series %1: %2").arg(i).arg(ratio)));
            }
        }
        for (const auto tone :
             {Theme::Tone::Neutral, Theme::Tone::Good, Theme::Tone::Warning, Theme::Tone::Bad}) {
            const double ratio = Theme::contrast(Theme::tone(tone, p), p.color(QPalette::Base));
            QVERIFY2(ratio >= 4.5,
                     qPrintable(QStringLiteral("tone %1: %2").arg(int(tone)).arg(ratio)));
        }
    }
    void seriesDiffer_data() { contrast_data(); }
    void seriesDiffer() {
        QFETCH(bool, dark);
        const QPalette p = Theme::palette(dark);
        for (int a = 0; a < Theme::seriesCount(); ++a) {
            for (int b = 0; b < a; ++b) {
                const auto first = lab(Theme::series(a, p));
                const auto second = lab(Theme::series(b, p));
                double sum = 0;
                for (int i = 0; i < 3; ++i) {
                    sum += std::pow(first[std::size_t(i)] - second[std::size_t(i)], 2);
                }
                QVERIFY2(
                    std::sqrt(sum) >= 20,
                    qPrintable(QStringLiteral("%1 and %2: %3").arg(a).arg(b).arg(std::sqrt(sum))));
            }
        }
    }
    void knownContrast() {
        QVERIFY(std::abs(Theme::contrast(Qt::black, Qt::white) - 21) < 0.01);
        QVERIFY(std::abs(Theme::contrast(QColor(0x77, 0x77, 0x77), Qt::white) - 4.48) < 0.01);
    }
    void iconsDraw() {
        for (int id = 0; id <= int(IconId::Edit); ++id) {
            const QImage image = icon(IconId(id)).pixmap(24, 24).toImage();
            bool any = false;
            for (int y = 0; y < image.height() && !any; ++y) {
                for (int x = 0; x < image.width() && !any; ++x) {
                    any = qAlpha(image.pixel(x, y)) > 100;
                }
            }
            QVERIFY2(any, qPrintable(QString::number(id)));
        }
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
