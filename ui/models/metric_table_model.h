// MetricTableModel: the epochs of a run as a table, for those who cannot or will not read a plot.
// Thread: GUI.
#pragma once

#include "core/train/train_messages.h"

#include <QAbstractTableModel>

#include <vector>

namespace graft::ui {

class MetricTableModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Column {
        EpochColumn,
        TrainLossColumn,
        ValidationLossColumn,
        TrainAccuracyColumn,
        ValidationAccuracyColumn,
        RateColumn,
        SpeedColumn,
        ColumnCount
    };
    using QAbstractTableModel::QAbstractTableModel;

    /// Keeps the epoch rows of `rows`.
    void setRows(const std::vector<MetricRow>& rows);
    void append(const std::vector<MetricRow>& rows);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    std::vector<MetricRow> m_epochs;
};

}  // namespace graft::ui
