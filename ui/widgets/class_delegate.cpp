#include "ui/widgets/class_delegate.h"

#include "ui/models/class_model.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QPainter>

namespace graft::ui {

void ClassDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    QStyleOptionViewItem box(option);
    initStyleOption(&box, index);
    box.text.clear();
    const QWidget* widget = option.widget;
    (widget ? widget->style() : QApplication::style())
        ->drawControl(QStyle::CE_ItemViewItem, &box, painter, widget);

    const bool selected = option.state & QStyle::State_Selected;
    const QPalette& colors = option.palette;
    const QColor ink = colors.color(selected ? QPalette::HighlightedText : QPalette::Text);
    const QColor quiet = selected ? ink : colors.color(QPalette::PlaceholderText);
    const QRect line = option.rect.adjusted(6, 4, -8, -10);
    const QFontMetrics& metrics = option.fontMetrics;
    const int keyWidth = metrics.horizontalAdvance(QLatin1Char('9')) + 8;

    painter->save();
    if (const int key = index.data(ClassModel::KeyRole).toInt(); key > 0) {
        painter->setPen(quiet);
        painter->drawText(QRect(line.left(), line.top(), keyWidth, line.height()),
                          Qt::AlignLeft | Qt::AlignVCenter, QString::number(key));
    }
    const QString count = index.data(ClassModel::CountRole).toString();
    const int countWidth = metrics.horizontalAdvance(count) + 6;
    const QRect name(line.left() + keyWidth, line.top(), line.width() - keyWidth - countWidth,
                     line.height());
    painter->setPen(ink);
    painter->drawText(name, Qt::AlignLeft | Qt::AlignVCenter,
                      metrics.elidedText(index.data().toString(), Qt::ElideRight, name.width()));
    painter->setPen(quiet);
    painter->drawText(line, Qt::AlignRight | Qt::AlignVCenter, count);

    const qlonglong id = index.data(ClassModel::ClassIdRole).toLongLong();
    const int largest = index.data(ClassModel::LargestRole).toInt();
    if (id > 0 && largest > 0) {
        const double share = double(index.data(ClassModel::UsableRole).toInt()) / largest;
        const QRect track(name.left(), option.rect.bottom() - 7, line.right() - name.left(), 4);
        painter->fillRect(track, Theme::mix(colors, selected ? 0.35 : 0.12));
        painter->fillRect(QRect(track.left(), track.top(), int(track.width() * share), 4),
                          selected ? ink : Theme::series(0, colors));
    }
    painter->restore();
}

QSize ClassDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    return {option.fontMetrics.horizontalAdvance(index.data().toString()) + 70,
            option.fontMetrics.height() + 18};
}

void ClassDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                                         const QModelIndex&) const {
    editor->setGeometry(option.rect.adjusted(2, 1, -2, -1));
}

}  // namespace graft::ui
