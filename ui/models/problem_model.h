// ProblemModel: what was odd about the imported files, one row each with the reason.
// Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"

#include <QAbstractTableModel>

namespace graft::ui {

class ProblemModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Column { FileColumn, ReasonColumn, ColumnCount };
    static constexpr int kSampleIdRole = Qt::UserRole + 1;  ///< qlonglong, 0: not a sample

    explicit ProblemModel(ProjectDocument* document, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
    ProjectDocument* m_document;
    int m_count = 0;  ///< as announced to the views
};

}  // namespace graft::ui
