#include "ui/widgets/icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPalette>

namespace graft::ui {

namespace {

// All shapes live in a square of 24 x 24 units.
constexpr double kUnits = 24;

QPainterPath polyline(std::initializer_list<QPointF> points, bool close = false) {
    QPainterPath path;
    auto it = points.begin();
    path.moveTo(*it);
    while (++it != points.end()) {
        path.lineTo(*it);
    }
    if (close) {
        path.closeSubpath();
    }
    return path;
}

/// Places of the sidebar: outlines.
QPainterPath placeOutline(IconId id) {
    QPainterPath path;
    switch (id) {
        case IconId::Data:
            path.addRoundedRect(QRectF(3, 4, 18, 16), 2, 2);
            path.addEllipse(QPointF(8.5, 9), 1.8, 1.8);
            path.addPath(polyline({{4, 18}, {10, 12}, {14, 16}, {17, 13}, {20, 16}}));
            break;
        case IconId::Augment:
            path.addPath(polyline({{4, 20}, {14, 10}}));
            path.addPath(polyline({{16, 3}, {16, 9}}));
            path.addPath(polyline({{13, 6}, {19, 6}}));
            path.addPath(polyline({{20, 12}, {20, 16}}));
            path.addPath(polyline({{18, 14}, {22, 14}}));
            path.addPath(polyline({{7, 4}, {7, 8}}));
            path.addPath(polyline({{5, 6}, {9, 6}}));
            break;
        case IconId::Model:
            // Three sheets; of the lower two only the front edges show.
            path.addPath(polyline({{12, 3}, {21, 7.5}, {12, 12}, {3, 7.5}}, true));
            path.addPath(polyline({{3, 12}, {12, 16.5}, {21, 12}}));
            path.addPath(polyline({{3, 16.5}, {12, 21}, {21, 16.5}}));
            break;
        case IconId::Train:
            path.addPath(polyline({{3, 4}, {3, 20}, {21, 20}}));
            path.addPath(polyline({{6, 16}, {10, 11}, {13, 13}, {20, 5}}));
            path.addPath(polyline({{15.5, 5}, {20, 5}, {20, 9.5}}));
            break;
        case IconId::Evaluate:
            path.addEllipse(QPointF(10.5, 10.5), 7, 7);
            path.addPath(polyline({{15.5, 15.5}, {21, 21}}));
            path.addPath(polyline({{7.5, 10.5}, {9.8, 12.8}, {13.8, 8.2}}));
            break;
        case IconId::Export:
            path.addPath(polyline({{12, 3}, {12, 15}}));
            path.addPath(polyline({{7.5, 7.5}, {12, 3}, {16.5, 7.5}}));
            path.addPath(polyline({{4, 13}, {4, 20.5}, {20, 20.5}, {20, 13}}));
            break;
        default:
            break;
    }
    return path;
}

QPainterPath signOutline(IconId id) {
    QPainterPath path;
    switch (id) {
        case IconId::Close:
            path = polyline({{6, 6}, {18, 18}});
            path.addPath(polyline({{18, 6}, {6, 18}}));
            break;
        case IconId::Folder:
            path = polyline({{3, 19}, {3, 5}, {9, 5}, {11, 8}, {21, 8}, {21, 19}}, true);
            break;
        case IconId::Sample:
            for (const QPointF& at : {QPointF(4, 4), QPointF(13, 4), QPointF(4, 13)}) {
                path.addRoundedRect(QRectF(at, QSizeF(7, 7)), 1.5, 1.5);
            }
            path.addEllipse(QPointF(16.5, 16.5), 3.7, 3.7);
            break;
        case IconId::Drop:
            path = polyline({{12, 3}, {12, 14}});
            path.addPath(polyline({{7.5, 9.5}, {12, 14}, {16.5, 9.5}}));
            path.addPath(polyline({{3, 14}, {3, 20.5}, {21, 20.5}, {21, 14}}));
            break;
        case IconId::Info:
            path.addEllipse(QPointF(12, 12), 9, 9);
            path.addPath(polyline({{12, 11}, {12, 17}}));
            path.addPath(polyline({{12, 7}, {12, 7.4}}));
            break;
        case IconId::Warning:
            path = polyline({{12, 3.5}, {22, 20.5}, {2, 20.5}}, true);
            path.addPath(polyline({{12, 10}, {12, 15}}));
            path.addPath(polyline({{12, 17.6}, {12, 18}}));
            break;
        case IconId::Error:
            path.addEllipse(QPointF(12, 12), 9, 9);
            path.addPath(polyline({{8.5, 8.5}, {15.5, 15.5}}));
            path.addPath(polyline({{15.5, 8.5}, {8.5, 15.5}}));
            break;
        case IconId::Check:
            path = polyline({{5, 12.5}, {10, 17.5}, {19, 7}});
            break;
        case IconId::Previous:
            path = polyline({{15, 5}, {8, 12}, {15, 19}});
            break;
        case IconId::Next:
            path = polyline({{9, 5}, {16, 12}, {9, 19}});
            break;
        case IconId::Random:
            path.addRoundedRect(QRectF(4, 4, 16, 16), 3, 3);
            for (const QPointF& at : {QPointF(8.5, 8.5), QPointF(15.5, 15.5), QPointF(15.5, 8.5),
                                      QPointF(8.5, 15.5), QPointF(12, 12)}) {
                path.addEllipse(at, 0.6, 0.6);
            }
            break;
        case IconId::Panel:
            path.addRoundedRect(QRectF(3, 4, 18, 16), 2, 2);
            path.addPath(polyline({{15, 4}, {15, 20}}));
            break;
        case IconId::Add:
            path = polyline({{12, 5}, {12, 19}});
            path.addPath(polyline({{5, 12}, {19, 12}}));
            break;
        case IconId::Remove:
            path = polyline({{5, 12}, {19, 12}});
            break;
        case IconId::Edit:
            path = polyline({{4, 20}, {5, 15.5}, {16.5, 4}, {20, 7.5}, {8.5, 19}}, true);
            break;
        default:
            break;
    }
    return path;
}

/// Filled shapes.
QPainterPath solid(IconId id) {
    QPainterPath path;
    if (id == IconId::Play) {
        path = polyline({{7, 4}, {20, 12}, {7, 20}}, true);
    } else if (id == IconId::Pause) {
        path.addRect(QRectF(6, 5, 4, 14));
        path.addRect(QRectF(14, 5, 4, 14));
    } else if (id == IconId::Stop) {
        path.addRoundedRect(QRectF(6, 6, 12, 12), 1, 1);
    }
    return path;
}

class VectorIcon : public QIconEngine {
 public:
    explicit VectorIcon(IconId id) : m_id(id) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        const QPalette palette = QGuiApplication::palette();
        const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
        const auto role =
            mode == QIcon::Selected ? QPalette::HighlightedText : QPalette::ButtonText;
        paintIcon(painter, m_id, rect, palette.color(group, role));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap map(size);
        map.fill(Qt::transparent);
        QPainter painter(&map);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return map;
    }
    QIconEngine* clone() const override { return new VectorIcon(m_id); }

 private:
    IconId m_id;
};

}  // namespace

QIcon icon(IconId id) {
    return QIcon(new VectorIcon(id));
}

void paintIcon(QPainter* painter, IconId id, const QRectF& box, const QColor& color) {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const double side = std::min(box.width(), box.height());
    painter->translate(box.center() - QPointF(side / 2, side / 2));
    painter->scale(side / kUnits, side / kUnits);
    if (const QPainterPath fill = solid(id); !fill.isEmpty()) {
        painter->fillPath(fill, color);
    } else {
        const QPainterPath place = placeOutline(id);
        painter->strokePath(place.isEmpty() ? signOutline(id) : place,
                            QPen(color, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    }
    painter->restore();
}

}  // namespace graft::ui
