// Theme: light and dark palettes and the colours that carry meaning. One place, so that contrast
// is checked once for the whole window. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"

#include <QColor>
#include <QPalette>

#include <optional>

namespace graft::ui {

class Theme {
 public:
    enum class Tone { Neutral, Good, Warning, Bad };

    /// Sets Fusion and the palette on the application; System follows the desktop.
    static void apply(ThemeChoice choice);
    /// What the desktop says of itself, for the next apply(); where it says nothing, its palette at
    /// the start of the program counts.
    static void setDesktopDark(std::optional<bool> dark);
    static QPalette palette(bool dark);
    static bool isDark(const QPalette& palette);

    /// Colours of curves and classes: contrast to the base of at least 3:1 in either theme.
    static int seriesCount();
    static QColor series(int index, const QPalette& palette);
    /// For icons, bars and marks; never the only sign.
    static QColor tone(Tone tone, const QPalette& palette);
    /// `share` of the window's text colour on its background: lines, quiet fills.
    static QColor mix(const QPalette& palette, double share);
    /// Contrast ratio of WCAG 2.2, 1 to 21.
    static double contrast(const QColor& first, const QColor& second);
};

}  // namespace graft::ui
