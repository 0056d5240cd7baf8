#include "ui/widgets/theme.h"

#include <QApplication>
#include <QPainter>
#include <QProxyStyle>
#include <QStyleFactory>
#include <QStyleOption>

#include <array>
#include <cmath>

namespace graft::ui {

namespace {

constexpr std::array kLightSeries = {0x0072B2, 0xC04A00, 0x00795A, 0xA0398F,
                                     0x7A5C00, 0x5B4FCF, 0xB3261E, 0x4A5560};
constexpr std::array kDarkSeries = {0x56B4E9, 0xF0A04B, 0x4CC9A0, 0xE58FD0,
                                    0xD9C74F, 0xA79BFF, 0xFF8A80, 0xB8C0C8};

double linear(double channel) {
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& color) {
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
           0.0722 * linear(color.blueF());
}

struct Shades {
    QRgb window, base, alternate, button, text, quiet, disabled, highlight, highlightText, link;
};
constexpr Shades kLight = {0xF3F4F6, 0xFFFFFF, 0xF6F7F9, 0xE9EBEE, 0x1B1E22,
                           0x565D67, 0x868D96, 0x0B5FCC, 0xFFFFFF, 0x0B57B8};
constexpr Shades kDark = {0x24272B, 0x1A1C1F, 0x212428, 0x33373C, 0xECEEF0,
                          0xA9B0B8, 0x7A828B, 0x236ED8, 0xFFFFFF, 0x7DB4FF};

// Fusion derives the frame of a check box from the window's colour; on a dark one it cannot be seen.
class FramedChecks : public QProxyStyle {
 public:
    using QProxyStyle::QProxyStyle;
    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                       const QWidget* widget) const override {
        QProxyStyle::drawPrimitive(element, option, painter, widget);
        if (element != PE_IndicatorCheckBox && element != PE_IndicatorItemViewItemCheck) {
            return;
        }
        painter->save();
        painter->setPen(Theme::mix(option->palette, option->state & State_Enabled ? 0.55 : 0.3));
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
        painter->restore();
    }
};

std::optional<bool> saidDark;

}  // namespace

QPalette Theme::palette(bool dark) {
    const Shades& s = dark ? kDark : kLight;
    QPalette p;
    const auto set = [&p](QPalette::ColorRole role, QRgb color) {
        p.setColor(role, QColor(color));
    };
    set(QPalette::Window, s.window);
    set(QPalette::WindowText, s.text);
    set(QPalette::Base, s.base);
    set(QPalette::AlternateBase, s.alternate);
    set(QPalette::Text, s.text);
    set(QPalette::Button, s.button);
    set(QPalette::ButtonText, s.text);
    set(QPalette::BrightText, 0xFFFFFF);
    set(QPalette::PlaceholderText, s.quiet);
    set(QPalette::Highlight, s.highlight);
    set(QPalette::HighlightedText, s.highlightText);
    set(QPalette::Link, s.link);
    set(QPalette::LinkVisited, s.link);
    set(QPalette::ToolTipBase, s.base);
    set(QPalette::ToolTipText, s.text);
    const QColor button(s.button);
    p.setColor(QPalette::Light, button.lighter(dark ? 140 : 106));
    p.setColor(QPalette::Midlight, button.lighter(dark ? 120 : 103));
    p.setColor(QPalette::Mid, button.darker(dark ? 120 : 125));
    p.setColor(QPalette::Dark, button.darker(dark ? 150 : 160));
    p.setColor(QPalette::Shadow, QColor(dark ? 0x000000 : 0x6A7078));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        p.setColor(QPalette::Disabled, role, QColor(s.disabled));
    }
    p.setColor(QPalette::Disabled, QPalette::Highlight, QColor(s.disabled));
    return p;
}

void Theme::apply(ThemeChoice choice) {
    // The desktop's own palette, before ours was ever set.
    static const bool desktopIsDark = isDark(QGuiApplication::palette());
    if (QStyle* fusion = QStyleFactory::create(QStringLiteral("Fusion"))) {
        QApplication::setStyle(new FramedChecks(fusion));
    }
    const bool dark = choice == ThemeChoice::Dark ||
                      (choice == ThemeChoice::System && saidDark.value_or(desktopIsDark));
    QApplication::setPalette(palette(dark));
}

void Theme::setDesktopDark(std::optional<bool> dark) {
    saidDark = dark;
}

bool Theme::isDark(const QPalette& palette) {
    return luminance(palette.color(QPalette::Window)) <
           luminance(palette.color(QPalette::WindowText));
}

int Theme::seriesCount() {
    return int(kLightSeries.size());
}

QColor Theme::series(int index, const QPalette& palette) {
    const auto at = std::size_t(std::abs(index)) % kLightSeries.size();
    return QColor(QRgb(isDark(palette) ? kDarkSeries[at] : kLightSeries[at]));
}

QColor Theme::tone(Tone tone, const QPalette& palette) {
    const bool dark = isDark(palette);
    switch (tone) {
        case Tone::Good:
            return QColor(QRgb(dark ? 0x5FC88F : 0x1A7F4B));
        case Tone::Warning:
            return QColor(QRgb(dark ? 0xF2B84B : 0x9A5B00));
        case Tone::Bad:
            return QColor(QRgb(dark ? 0xFF8A80 : 0xB3261E));
        case Tone::Neutral:
            break;
    }
    return palette.color(QPalette::Link);
}

QColor Theme::mix(const QPalette& palette, double share) {
    const QColor back = palette.color(QPalette::Window);
    const QColor fore = palette.color(QPalette::WindowText);
    const auto blend = [share](double a, double b) { return float(a + (b - a) * share); };
    return QColor::fromRgbF(blend(back.redF(), fore.redF()), blend(back.greenF(), fore.greenF()),
                            blend(back.blueF(), fore.blueF()));
}

double Theme::contrast(const QColor& first, const QColor& second) {
    const double a = luminance(first);
    const double b = luminance(second);
    return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace graft::ui
