#include "ui/models/run_list_model.h"

#include "ui/bridge/core_texts.h"
#include "ui/bridge/project_document.h"
#include "ui/models/texts.h"

#include <algorithm>

namespace graft::ui {

RunListModel::RunListModel(ProjectDocument* document, QObject* parent)
    : QAbstractTableModel(parent), m_document(document) {
    connect(document, &ProjectDocument::opened, this, [this] {
        m_overlaid.clear();
        m_live = 0;
        reload();
    });
    connect(document, &ProjectDocument::runsChanged, this, &RunListModel::reload);
    reload();
}

// Same runs in the same order: only values changed, and selection and scrolling stay.
void RunListModel::reload() {
    std::vector<RunRecord> fresh;
    if (m_document->isOpen()) {
        Result<std::vector<RunRecord>> runs = m_document->project().runs();
        if (!runs) {
            Q_EMIT failed(runs.error());
            return;
        }
        fresh = std::move(runs).value();
    }
    const bool same = std::equal(fresh.begin(), fresh.end(), m_runs.begin(), m_runs.end(),
                                 [](const auto& a, const auto& b) { return a.id == b.id; });
    if (same) {
        m_runs = std::move(fresh);
        if (!m_runs.empty()) {
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
        }
    } else if (fresh.size() == m_runs.size() + 1 &&
               std::equal(m_runs.begin(), m_runs.end(), fresh.begin() + 1,
                          [](const auto& a, const auto& b) { return a.id == b.id; })) {
        beginInsertRows({}, 0, 0);
        m_runs = std::move(fresh);
        endInsertRows();
    } else {
        beginResetModel();
        m_runs = std::move(fresh);
        endResetModel();
    }
    Q_EMIT runsReloaded();
}

const RunRecord* RunListModel::find(RunId id) const {
    return at(rowOf(id));
}

const RunRecord* RunListModel::at(int row) const {
    return row >= 0 && row < int(m_runs.size()) ? &m_runs[std::size_t(row)] : nullptr;
}

int RunListModel::rowOf(RunId id) const {
    for (std::size_t row = 0; row < m_runs.size(); ++row) {
        if (m_runs[row].id == id) {
            return int(row);
        }
    }
    return -1;
}

std::vector<RunId> RunListModel::overlaid() const {
    std::vector<RunId> ids;
    for (const RunRecord& run : m_runs) {
        if (m_overlaid.contains(run.id)) {
            ids.push_back(run.id);
        }
    }
    return ids;
}

RunId RunListModel::newestFinished() const {
    const auto found = std::find_if(m_runs.begin(), m_runs.end(), [](const RunRecord& run) {
        return run.state == RunState::Finished;
    });
    return found == m_runs.end() ? 0 : found->id;
}

RunId RunListModel::newestWithModel() const {
    if (const RunId finished = newestFinished()) {
        return finished;
    }
    const auto found = std::find_if(m_runs.begin(), m_runs.end(),
                                    [](const RunRecord& run) { return run.hasModel(); });
    return found == m_runs.end() ? 0 : found->id;
}

int RunListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_runs.size());
}

int RunListModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RunListModel::textOf(const RunRecord& run, int column) const {
    switch (column) {
        case NameColumn:
            return CoreTexts::tr(run.name);
        case StateColumn:
            return run.state == RunState::Created && run.id == m_live ? tr("Preparing")
                                                                      : Texts::state(run.state);
        case BestColumn:
            return run.bestAccuracy < 0 ? tr("none yet")
                   : run.bestIsQuick()
                       ? tr("%1 (quick model)").arg(Texts::percent(run.bestAccuracy))
                       : Texts::percent(run.bestAccuracy);
        case EpochsColumn:
            return tr("%1 of %2").arg(run.epochsDone).arg(run.options.epochs);
        case CreatedColumn:
            return Texts::localTime(run.created);
        default:
            return {};
    }
}

QVariant RunListModel::data(const QModelIndex& index, int role) const {
    const RunRecord* run = index.isValid() ? at(index.row()) : nullptr;
    if (!run) {
        return {};
    }
    switch (role) {
        case Qt::DisplayRole:
            return textOf(*run, index.column());
        case Qt::EditRole:
            return index.column() == NameColumn ? textOf(*run, NameColumn) : QVariant();
        case Qt::CheckStateRole:
            return index.column() == NameColumn
                       ? QVariant(int(m_overlaid.contains(run->id) ? Qt::Checked : Qt::Unchecked))
                       : QVariant();
        case Qt::ToolTipRole:
            if (index.column() == NameColumn) {
                return tr("Check to lay this run's curves over the others. F2 renames it.");
            }
            return index.column() == StateColumn && !run->message.empty()
                       ? QVariant(CoreTexts::tr(run->message))
                       : QVariant();
        case RunIdRole:
            return qlonglong(run->id);
        default:
            return {};
    }
}

bool RunListModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    const RunRecord* run = index.isValid() ? at(index.row()) : nullptr;
    if (!run || index.column() != NameColumn) {
        return false;
    }
    if (role == Qt::CheckStateRole) {
        if (value.toInt() == Qt::Checked) {
            m_overlaid.insert(run->id);
        } else {
            m_overlaid.erase(run->id);
        }
        Q_EMIT dataChanged(index, index, {Qt::CheckStateRole});
        Q_EMIT overlayChanged();
        return true;
    }
    const QString name = value.toString().trimmed();
    if (role != Qt::EditRole || name.isEmpty() || !m_document->isOpen()) {
        return false;
    }
    const Status renamed = m_document->project().renameRun(run->id, name.toStdString());
    if (!renamed) {
        Q_EMIT failed(renamed.error());
        return false;
    }
    m_document->announceRuns();
    return true;
}

Qt::ItemFlags RunListModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    if (index.isValid() && index.column() == NameColumn) {
        flags |= Qt::ItemIsUserCheckable;
        if (m_document->isWritable()) {
            flags |= Qt::ItemIsEditable;
        }
    }
    return flags;
}

QVariant RunListModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::ToolTipRole && section == BestColumn) {
        return tr("Best accuracy on the validation pictures");
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case NameColumn:
            return tr("Run");
        case StateColumn:
            return tr("State");
        case BestColumn:
            return tr("Best accuracy");
        case EpochsColumn:
            return tr("Rounds");
        case CreatedColumn:
            return tr("Started");
        default:
            return {};
    }
}

}  // namespace graft::ui
