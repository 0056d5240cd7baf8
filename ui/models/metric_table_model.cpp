#include "ui/models/metric_table_model.h"

#include "ui/models/texts.h"

#include <QLocale>

#include <algorithm>

namespace graft::ui {

void MetricTableModel::setRows(const std::vector<MetricRow>& rows) {
    beginResetModel();
    m_epochs.clear();
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(m_epochs),
                 [](const MetricRow& row) { return row.kind == MetricRow::Kind::Epoch; });
    endResetModel();
}

void MetricTableModel::append(const std::vector<MetricRow>& rows) {
    for (const MetricRow& row : rows) {
        if (row.kind == MetricRow::Kind::Epoch) {
            const int at = rowCount();
            beginInsertRows({}, at, at);
            m_epochs.push_back(row);
            endInsertRows();
        }
    }
}

int MetricTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_epochs.size());
}

int MetricTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant MetricTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return int(Qt::AlignRight | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    const MetricRow& row = m_epochs[std::size_t(index.row())];
    const bool checked = row.validationCount > 0;
    switch (index.column()) {
        case EpochColumn:
            return row.epoch == 0 ? tr("quick model")
                   : row.best ? tr("%1 (best so far)").arg(row.epoch) 
                                  : QString::number(row.epoch);
        case TrainLossColumn:
            return QLocale().toString(row.trainLoss, 'f', 4);
        case ValidationLossColumn:
            return checked ? QLocale().toString(row.validationLoss, 'f', 4) : QString();
        case TrainAccuracyColumn:
            return Texts::percent(row.trainAccuracy);
        case ValidationAccuracyColumn:
            return checked ? Texts::percent(row.validationAccuracy) : QString();
        case RateColumn:
            return Texts::rate(row.learningRate);
        case SpeedColumn:
            return row.epoch > 0 ? QLocale().toString(row.imagesPerSecond, 'f', 1) : QString();
        default:
            return {};
    }
}

QVariant MetricTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case EpochColumn:
            return tr("Round");
        case TrainLossColumn:
            return tr("Training loss");
        case ValidationLossColumn:
            return tr("Validation loss");
        case TrainAccuracyColumn:
            return tr("Training accuracy");
        case ValidationAccuracyColumn:
            return tr("Validation accuracy");
        case RateColumn:
            return tr("Learning rate");
        case SpeedColumn:
            return tr("Pictures/s");
        default:
            return {};
    }
}

}  // namespace graft::ui
