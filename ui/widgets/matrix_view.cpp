#include "ui/widgets/matrix_view.h"

#include "ui/widgets/theme.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QLocale>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graft::ui {

namespace {

class CellDelegate : public QStyledItemDelegate {
 public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const double share = index.data(MatrixModel::ShareRole).toDouble();
        const QPalette& palette = option.palette;
        const QColor base = palette.color(QPalette::Base);
        const QColor full = Theme::series(0, palette);
        // The square root keeps single mistakes of large classes visible.
        const auto amount = float(share > 0 ? 0.12 + 0.88 * std::sqrt(share) : 0);
        const QColor fill =
            QColor::fromRgbF(base.redF() + (full.redF() - base.redF()) * amount,
                             base.greenF() + (full.greenF() - base.greenF()) * amount,
                             base.blueF() + (full.blueF() - base.blueF()) * amount);
        painter->fillRect(option.rect, fill);
        const bool chosen = option.state.testFlag(QStyle::State_Selected);
        const bool focused = option.state.testFlag(QStyle::State_HasFocus);
        const QColor text = Theme::contrast(fill, Qt::white) > Theme::contrast(fill, Qt::black)
                                ? Qt::white
                                : Qt::black;
        painter->setPen(text);
        painter->drawText(option.rect, Qt::AlignCenter, index.data().toString());
        if (chosen || focused) {
            painter->setPen(QPen(text, chosen ? 3 : 1, chosen ? Qt::SolidLine : Qt::DotLine));
            painter->setBrush(Qt::NoBrush);
            painter->drawRect(option.rect.adjusted(2, 2, -3, -3));
        }
    }
};

}  // namespace

void MatrixModel::setMatrix(const std::vector<std::vector<std::int64_t>>& counts,
                            const QStringList& names) {
    beginResetModel();
    m_counts = counts;
    m_names = names;
    m_rowTotals.clear();
    for (const auto& row : counts) {
        m_rowTotals.push_back(std::accumulate(row.begin(), row.end(), std::int64_t(0)));
    }
    endResetModel();
}

int MatrixModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_counts.size());
}

int MatrixModel::columnCount(const QModelIndex& parent) const {
    return rowCount(parent);
}

QVariant MatrixModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) {
        return {};
    }
    const auto truth = std::size_t(index.row());
    const auto predicted = std::size_t(index.column());
    const std::int64_t count = m_counts[truth][predicted];
    switch (role) {
        case Qt::DisplayRole:
            return QLocale().toString(qlonglong(count));
        case Qt::TextAlignmentRole:
            return int(Qt::AlignCenter);
        case ShareRole:
            return m_rowTotals[truth] > 0 ? double(count) / double(m_rowTotals[truth]) : 0.0;
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole:
            return truth == predicted
                       ? tr("%n picture(s) of %1, recognised as %1", nullptr, int(count))
                             .arg(m_names[index.row()])
                       : tr("%n picture(s) of %1, taken for %2", nullptr, int(count))
                             .arg(m_names[index.row()], m_names[index.column()]);
        default:
            return {};
    }
}

QVariant MatrixModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (section >= m_names.size()) {
        return {};
    }
    if (role == Qt::DisplayRole) {
        return m_names[section];
    }
    if (role == Qt::ToolTipRole || role == Qt::AccessibleTextRole) {
        return orientation == Qt::Horizontal ? tr("The network says %1").arg(m_names[section])
                                             : tr("It really is %1").arg(m_names[section]);
    }
    return {};
}

MatrixView::MatrixView(QWidget* parent) : QTableView(parent) {
    setModel(&m_matrix);
    setItemDelegate(new CellDelegate(this));
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setCornerButtonEnabled(false);
    setTabKeyNavigation(false);  // arrows go from cell to cell, Tab goes on
    setAccessibleName(tr("Confusion matrix: rows are the true classes, columns the answers"));
    horizontalHeader()->setSectionsClickable(false);
    verticalHeader()->setSectionsClickable(false);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setHighlightSections(true);
    verticalHeader()->setMaximumWidth(160);
    connect(this, &QTableView::clicked, this, &MatrixView::choose);
}

void MatrixView::setMatrix(const std::vector<std::vector<std::int64_t>>& counts,
                           const QStringList& names) {
    m_chosen = QModelIndex();
    m_matrix.setMatrix(counts, names);
    fitCells();
    updateGeometry();
}

void MatrixView::clearChoice() {
    m_chosen = QModelIndex();
    clearSelection();
}

void MatrixView::choose(const QModelIndex& index) {
    if (!index.isValid()) {
        return;
    }
    if (index == m_chosen) {
        clearChoice();
        Q_EMIT choiceCleared();
        return;
    }
    m_chosen = index;
    selectionModel()->select(index, QItemSelectionModel::ClearAndSelect);
    Q_EMIT cellChosen(index.row(), index.column());
}

void MatrixView::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Space:
            choose(currentIndex());
            return;
        case Qt::Key_Escape:
            if (m_chosen.isValid()) {
                clearChoice();
                Q_EMIT choiceCleared();
                return;
            }
            break;
        default:
            break;
    }
    const QModelIndex before = currentIndex();
    QTableView::keyPressEvent(event);
    // Arrow keys move the focus only; what was chosen stays chosen.
    if (currentIndex() != before) {
        if (m_chosen.isValid()) {
            selectionModel()->select(m_chosen, QItemSelectionModel::ClearAndSelect);
        } else {
            clearSelection();
        }
    }
}

void MatrixView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fitCells();
}

QSize MatrixView::sizeHint() const {
    const int side = fontMetrics().height() * 2 * std::clamp(m_matrix.rowCount(), 2, 12);
    return {side + 120, side + 40};
}

// Square enough to read as a matrix, never too small for its number or for a finger.
void MatrixView::fitCells() {
    const int count = m_matrix.rowCount();
    if (count == 0) {
        return;
    }
    std::int64_t most = 0;
    for (int row = 0; row < count; ++row) {
        for (int column = 0; column < count; ++column) {
            most =
                std::max(most, std::int64_t(m_matrix.index(row, column).data().toString().size()));
        }
    }
    const int least = std::max(28, fontMetrics().averageCharWidth() * int(most) + 12);
    const int width = std::clamp(viewport()->width() / count, least, 110);
    const int height = std::clamp(viewport()->height() / count, 26, std::max(width, 26));
    horizontalHeader()->setDefaultSectionSize(width);
    verticalHeader()->setDefaultSectionSize(height);
    for (int i = 0; i < count; ++i) {
        setColumnWidth(i, width);
        setRowHeight(i, height);
    }
}

}  // namespace graft::ui
