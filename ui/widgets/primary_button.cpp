#include "ui/widgets/primary_button.h"

#include "ui/widgets/theme.h"

#include <QPainter>
#include <QStyle>

namespace graft::ui {

PrimaryButton::PrimaryButton(QWidget* parent) : QPushButton(parent) {
    setAttribute(Qt::WA_Hover);
    setCursor(Qt::PointingHandCursor);
}

QSize PrimaryButton::sizeHint() const {
    const QFontMetrics metrics = fontMetrics();
    return {std::max(metrics.averageCharWidth() * 22, metrics.horizontalAdvance(text()) + 40),
            metrics.height() * 2};
}

void PrimaryButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QPalette& colors = palette();
    QColor fill = colors.color(QPalette::Active, QPalette::Highlight);
    QColor ink = colors.color(QPalette::Active, QPalette::HighlightedText);
    if (!isEnabled()) {
        fill = Theme::mix(colors, 0.14);
        ink = colors.color(QPalette::Disabled, QPalette::ButtonText);
    } else if (isDown()) {
        fill = fill.darker(130);
    } else if (underMouse()) {
        fill = fill.darker(112);
    }
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    painter.drawRoundedRect(box, 5, 5);
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(ink, 1, Qt::DotLine));
        painter.drawRoundedRect(box.adjusted(3, 3, -3, -3), 3, 3);
    }
    painter.setPen(ink);
    painter.drawText(rect(), Qt::AlignCenter | Qt::TextShowMnemonic, text());
}

}  // namespace graft::ui
