#include "ui/widgets/image_grid.h"

#include "ui/bridge/thumbnail_service.h"
#include "ui/widgets/theme.h"

#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>
#include <QWheelEvent>

namespace graft::ui {

namespace {

constexpr int kPad = 6;  ///< logical px around picture and caption

int captionHeight(const QWidget* widget, int lines) {
    return lines * widget->fontMetrics().height() + 4;
}

ImageRef refOf(const QModelIndex& index) {
    return {index.data(ImageGrid::PathRole).toString().toStdString(),
            index.data(ImageGrid::IndexRole).toInt()};
}

class GridDelegate : public QStyledItemDelegate {
 public:
    explicit GridDelegate(ImageGrid* grid) : QStyledItemDelegate(grid), m_grid(grid) {}

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
        return m_grid->gridSize();
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const QPalette& palette = option.palette;
        const QRect cell = option.rect.adjusted(2, 2, -2, -2);
        const bool selected = option.state & QStyle::State_Selected;
        painter->save();
        if (selected) {
            painter->fillRect(cell, palette.color(QPalette::Highlight));
        } else if (option.state & QStyle::State_MouseOver) {
            painter->fillRect(cell, Theme::mix(palette, 0.08));
        }
        const int side = m_grid->pictureSide();
        const QRect box(cell.x() + (cell.width() - side) / 2, cell.y() + kPad - 2, side, side);
        const int badges = index.data(ImageGrid::BadgesRole).toInt();
        paintPicture(painter, box, index, badges, palette);
        paintBadges(painter, box, badges, palette, option.font);

        const QRect caption(cell.x() + 3, box.bottom() + 2, cell.width() - 6,
                            cell.bottom() - box.bottom() - 2);
        painter->setPen(palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
        QStringList lines = index.data().toString().split(QLatin1Char('\n'));
        for (QString& line : lines) {
            line = option.fontMetrics.elidedText(line, Qt::ElideMiddle, caption.width());
        }
        painter->drawText(caption, Qt::AlignCenter, lines.join(QLatin1Char('\n')));
        if (option.state & QStyle::State_HasFocus) {
            QPen pen(palette.color(selected ? QPalette::HighlightedText : QPalette::Highlight), 1,
                     Qt::DotLine);
            painter->setPen(pen);
            painter->drawRect(cell.adjusted(1, 1, -2, -2));
        }
        painter->restore();
    }

 private:
    void paintPicture(QPainter* painter, const QRect& box, const QModelIndex& index, int badges,
                      const QPalette& palette) const {
        const ImageRef ref = refOf(index);
        const int pixels = int(box.width() * m_grid->devicePixelRatioF());
        const QImage image = ThumbnailService::shared()->find(ref, pixels);
        if (image.isNull()) {
            painter->fillRect(box, Theme::mix(palette, 0.06));
            if (ThumbnailService::shared()->isBroken(ref) || (badges & ImageGrid::DamagedBadge)) {
                painter->setPen(Theme::tone(Theme::Tone::Bad, palette));
                painter->drawText(box, Qt::AlignCenter | Qt::TextWordWrap,
                                  ImageGrid::tr("Cannot be read"));
            }
            return;
        }
        QSize fit = image.size().scaled(box.size(), Qt::KeepAspectRatio);
        // Small pictures grow in whole steps only, so that pixels stay pixels.
        if (image.width() < pixels && image.height() < pixels) {
            fit = fit.boundedTo(image.size() * 4);
        }
        QRect target(QPoint(), fit);
        target.moveCenter(box.center());
        painter->setOpacity(badges & ImageGrid::ExcludedBadge ? 0.35 : 1.0);
        painter->setRenderHint(QPainter::SmoothPixmapTransform);
        painter->drawImage(target, image);
        painter->setOpacity(1.0);
    }

    void paintBadges(QPainter* painter, const QRect& box, int badges, const QPalette& palette,
                     const QFont& font) const {
        struct Sign {
            int flag;
            QString text;
            Theme::Tone tone;
        };
        const Sign signs[] = {
            {ImageGrid::WrongBadge, QStringLiteral("✕"), Theme::Tone::Bad},
            {ImageGrid::RightBadge, QStringLiteral("✓"), Theme::Tone::Good},
            {ImageGrid::DamagedBadge, ImageGrid::tr("damaged"), Theme::Tone::Bad},
            {ImageGrid::ExcludedBadge, ImageGrid::tr("left out"), Theme::Tone::Warning},
            {ImageGrid::ValidationBadge, ImageGrid::tr("val"), Theme::Tone::Neutral},
            {ImageGrid::TestBadge, ImageGrid::tr("test"), Theme::Tone::Neutral},
        };
        QFont small(font);
        small.setPointSizeF(std::max(6.0, font.pointSizeF() * 0.85));
        painter->setFont(small);
        const QFontMetrics metrics(small);
        int right = box.right() + 1;
        for (const Sign& sign : signs) {
            if (!(badges & sign.flag)) {
                continue;
            }
            const int width = metrics.horizontalAdvance(sign.text) + 8;
            const QRect plate(right - width, box.top(), width, metrics.height() + 2);
            if (plate.left() < box.left()) {
                break;
            }
            painter->fillRect(plate, palette.color(QPalette::Base));
            painter->setPen(Theme::tone(sign.tone, palette));
            painter->drawText(plate, Qt::AlignCenter, sign.text);
            right = plate.left() - 2;
        }
        painter->setFont(font);
    }

    ImageGrid* m_grid;
};

}  // namespace

ImageGrid::ImageGrid(QWidget* parent) : QListView(parent) {
    setViewMode(QListView::IconMode);
    setMovement(QListView::Static);
    setResizeMode(QListView::Adjust);
    setUniformItemSizes(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setSpacing(0);
    setMouseTracking(true);
    setFrameShape(QFrame::NoFrame);
    setItemDelegate(new GridDelegate(this));
    updateGeometryOfItems();

    m_wantTimer.setSingleShot(true);
    m_wantTimer.setInterval(15);
    connect(&m_wantTimer, &QTimer::timeout, this, &ImageGrid::wantVisible);
    connect(ThumbnailService::shared(), &ThumbnailService::arrived, this, [this] {
        if (isVisible()) {
            viewport()->update();
        }
    });
}

ImageGrid::~ImageGrid() {
    ThumbnailService::shared()->forget(this);
}

void ImageGrid::setModel(QAbstractItemModel* newModel) {
    if (model()) {
        disconnect(model(), nullptr, this, nullptr);
    }
    QListView::setModel(newModel);
    if (newModel) {
        connect(newModel, &QAbstractItemModel::modelReset, this, [this] {
            m_lastSelectionCount = 0;
            Q_EMIT selectionCountChanged(0);
        });
    }
}

void ImageGrid::setPictureSide(int side) {
    side = std::clamp(side, kMinPictureSide, kMaxPictureSide);
    if (side == m_side) {
        return;
    }
    const QModelIndex keep = indexAt(QPoint(gridSize().width() / 2, gridSize().height() / 2));
    m_side = side;
    updateGeometryOfItems();
    if (keep.isValid()) {
        scrollTo(keep, QAbstractItemView::PositionAtTop);
    }
    Q_EMIT pictureSideChanged(side);
}

void ImageGrid::setCaptionLines(int lines) {
    m_captionLines = lines;
    updateGeometryOfItems();
}

void ImageGrid::updateGeometryOfItems() {
    // Columns share the width, so that no empty stripe is left at the right.
    const int least = m_side + 2 * kPad;
    const int room = std::max(least, viewport()->width() - 1);
    const QSize cell(room / (room / least), m_side + captionHeight(this, m_captionLines) + 2 * kPad);
    if (cell == gridSize()) {
        return;
    }
    setGridSize(cell);
    verticalScrollBar()->setSingleStep(gridSize().height() / 3);
    viewport()->update();
}

std::vector<SampleId> ImageGrid::selectedSamples() const {
    std::vector<SampleId> ids;
    if (!selectionModel()) {
        return ids;
    }
    // By ranges: selectedIndexes() of 100,000 rows makes as many index objects in no order.
    std::vector<std::pair<int, int>> ranges;
    for (const QItemSelectionRange& range : selectionModel()->selection()) {
        ranges.emplace_back(range.top(), range.bottom());
    }
    std::sort(ranges.begin(), ranges.end());
    for (const auto& [top, bottom] : ranges) {
        for (int row = top; row <= bottom; ++row) {
            ids.push_back(model()->index(row, 0).data(SampleIdRole).toLongLong());
        }
    }
    return ids;
}

SampleId ImageGrid::currentSample() const {
    return currentIndex().isValid() ? currentIndex().data(SampleIdRole).toLongLong() : 0;
}

void ImageGrid::setEmptyText(const QString& text) {
    m_emptyText = text;
    viewport()->update();
}

void ImageGrid::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QListView::currentChanged(current, previous);
    Q_EMIT currentSampleChanged(currentSample());
}

void ImageGrid::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) {
    QListView::selectionChanged(selected, deselected);
    int count = 0;
    for (const QItemSelectionRange& range : selectionModel()->selection()) {
        count += range.height();
    }
    if (count != m_lastSelectionCount) {
        m_lastSelectionCount = count;
        Q_EMIT selectionCountChanged(count);
    }
}

void ImageGrid::paintEvent(QPaintEvent* event) {
    QListView::paintEvent(event);
    if (model() && model()->rowCount() > 0) {
        if (!m_wantTimer.isActive()) {
            m_wantTimer.start();
        }
        return;
    }
    if (!m_emptyText.isEmpty()) {
        QPainter painter(viewport());
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(viewport()->rect().adjusted(20, 20, -20, -20),
                         Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
    }
}

void ImageGrid::wantVisible() {
    if (!isVisible() || !model()) {
        return;
    }
    const QSize cell = gridSize();
    const int columns = std::max(1, viewport()->width() / cell.width());
    const int top = verticalScrollBar()->value();
    const int rowsShown = viewport()->height() / cell.height() + 2;
    const int firstRow = top / cell.height();
    const int count = model()->rowCount();
    std::vector<ImageRef> refs;
    // The screen first, then one screen below it, then half a one above.
    const auto add = [&](int from, int to) {
        for (int i = std::max(0, from * columns); i < std::min(count, to * columns); ++i) {
            refs.push_back(refOf(model()->index(i, 0)));
        }
    };
    add(firstRow, firstRow + rowsShown);
    add(firstRow + rowsShown, firstRow + 2 * rowsShown);
    add(firstRow - rowsShown / 2, firstRow);
    ThumbnailService::shared()->want(this, refs, int(m_side * devicePixelRatioF()));
}

void ImageGrid::wheelEvent(QWheelEvent* event) {
    if (event->modifiers() & Qt::ControlModifier) {
        setPictureSide(m_side + (event->angleDelta().y() > 0 ? 16 : -16));
        event->accept();
        return;
    }
    QListView::wheelEvent(event);
}

void ImageGrid::changeEvent(QEvent* event) {
    QListView::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        updateGeometryOfItems();
    }
}

void ImageGrid::resizeEvent(QResizeEvent* event) {
    updateGeometryOfItems();
    QListView::resizeEvent(event);
}

void ImageGrid::keyboardSearch(const QString&) {}

void ImageGrid::hideEvent(QHideEvent* event) {
    ThumbnailService::shared()->forget(this);
    QListView::hideEvent(event);
}

}  // namespace graft::ui
