#include "ui/widgets/image_wall.h"

#include "ui/widgets/theme.h"

#include <QPainter>

namespace graft::ui {

namespace {
constexpr int kGap = 4;  ///< logical px
}

ImageWall::ImageWall(int columns, QWidget* parent) : QWidget(parent), m_columns(columns) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void ImageWall::setImages(std::vector<QImage> images) {
    m_images = std::move(images);
    m_text.clear();
    update();
}

void ImageWall::setText(const QString& text) {
    m_images.clear();
    m_text = text;
    update();
}

void ImageWall::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (m_images.empty()) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(rect().adjusted(20, 20, -20, -20), Qt::AlignCenter | Qt::TextWordWrap,
                         m_text);
        return;
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    const int rows = (int(m_images.size()) + m_columns - 1) / m_columns;
    const int side = std::min((width() - kGap * (m_columns - 1)) / m_columns,
                              (height() - kGap * (rows - 1)) / rows);
    const int left = (width() - side * m_columns - kGap * (m_columns - 1)) / 2;
    for (int i = 0; i < int(m_images.size()); ++i) {
        const QRect box(left + (i % m_columns) * (side + kGap), (i / m_columns) * (side + kGap),
                        side, side);
        painter.fillRect(box, Theme::mix(palette(), 0.06));
        painter.drawImage(box, m_images[std::size_t(i)]);
    }
}

}  // namespace graft::ui
