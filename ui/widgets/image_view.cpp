#include "ui/widgets/image_view.h"

#include "ui/widgets/theme.h"

#include <QKeyEvent>
#include <QPainter>

namespace graft::ui {

ImageView::ImageView(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setMinimumSize(80, 60);
}

void ImageView::setImage(const QImage& image) {
    m_image = image;
    m_text.clear();
    update();
}

void ImageView::setText(const QString& text) {
    m_image = QImage();
    m_text = text;
    update();
}

void ImageView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::mix(palette(), 0.06));
    if (m_image.isNull()) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(rect().adjusted(10, 10, -10, -10), Qt::AlignCenter | Qt::TextWordWrap,
                         m_text);
        return;
    }
    const QSize fit =
        m_image.size().scaled(size(), Qt::KeepAspectRatio).boundedTo(m_image.size() * 8);
    QRect target(QPoint(), fit);
    target.moveCenter(rect().center());
    // Tiny pictures keep their pixels visible instead of being smeared.
    painter.setRenderHint(QPainter::SmoothPixmapTransform, fit.width() < m_image.width() * 3);
    painter.drawImage(target, m_image);
    if (hasFocus()) {
        painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void ImageView::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Escape:
        case Qt::Key_Space:
            Q_EMIT closeRequested();
            return;
        case Qt::Key_Left:
        case Qt::Key_Up:
            Q_EMIT stepRequested(-1);
            return;
        case Qt::Key_Right:
        case Qt::Key_Down:
            Q_EMIT stepRequested(1);
            return;
        default:
            QWidget::keyPressEvent(event);
    }
}

void ImageView::mouseDoubleClickEvent(QMouseEvent*) {
    Q_EMIT closeRequested();
}

}  // namespace graft::ui
