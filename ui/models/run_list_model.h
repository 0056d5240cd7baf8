// RunListModel: the runs of the open project as a table; the first column's check overlays a
// run's curves. Thread: GUI.
#pragma once

#include "core/project/run_store.h"

#include <QAbstractTableModel>

#include <set>
#include <vector>

namespace graft::ui {

class ProjectDocument;

class RunListModel : public QAbstractTableModel {
    Q_OBJECT
 public:
    enum Column { NameColumn, StateColumn, BestColumn, EpochsColumn, CreatedColumn, ColumnCount };
    enum Role { RunIdRole = Qt::UserRole + 1 };

    explicit RunListModel(ProjectDocument* document, QObject* parent = nullptr);

    const std::vector<RunRecord>& runs() const { return m_runs; }
    const RunRecord* find(RunId id) const;
    const RunRecord* at(int row) const;
    int rowOf(RunId id) const;            ///< -1: not there
    std::vector<RunId> overlaid() const;  ///< checked runs, in the order of the list
    RunId newestFinished() const;         ///< 0: none
    RunId newestWithModel() const;        ///< finished, or with a best epoch; 0: none
    void setLive(RunId id) { m_live = id; }  ///< the one under way; 0: none

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
    void overlayChanged();
    void runsReloaded();
    void failed(const graft::Error& error);

 private:
    void reload();
    QVariant textOf(const RunRecord& run, int column) const;

    ProjectDocument* m_document;
    std::vector<RunRecord> m_runs;  ///< newest first
    std::set<RunId> m_overlaid;
    RunId m_live = 0;
};

}  // namespace graft::ui
