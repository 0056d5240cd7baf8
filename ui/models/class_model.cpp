#include "ui/models/class_model.h"

#include <unordered_map>

namespace graft::ui {

ClassModel::ClassModel(ProjectDocument* document, QObject* parent)
    : QAbstractListModel(parent), m_document(document) {
    connect(document, &ProjectDocument::dataChanged, this, &ClassModel::refresh);
    refresh();
}

int ClassModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant ClassModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= int(m_rows.size())) {
        return {};
    }
    const Row& row = m_rows[std::size_t(index.row())];
    switch (role) {
        case Qt::DisplayRole:
        case Qt::EditRole:
            return row.name;
        case Qt::AccessibleTextRole:
            return tr("%1: %2 pictures").arg(row.name).arg(row.count);
        case Qt::ToolTipRole:
            return row.key > 0 ? tr("%1 pictures, %2 of them used. Key %3 moves the selected "
                                    "pictures here.")
                                     .arg(row.count)
                                     .arg(row.usable)
                                     .arg(row.key)
                               : tr("%1 pictures, %2 of them used.").arg(row.count).arg(row.usable);
        case ClassIdRole:
            return row.id;
        case CountRole:
            return row.count;
        case UsableRole:
            return row.usable;
        case LargestRole:
            return m_largest;
        case KeyRole:
            return row.key;
        default:
            return {};
    }
}

bool ClassModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) {
        return false;
    }
    const QString name = value.toString().trimmed();
    const Row& row = m_rows[std::size_t(index.row())];
    if (name.isEmpty() || name == row.name) {
        return false;
    }
    return m_document->renameClass(row.id, name);
}

Qt::ItemFlags ClassModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractListModel::flags(index);
    if (index.isValid() && m_rows[std::size_t(index.row())].id > 0 && m_document->isWritable()) {
        flags |= Qt::ItemIsEditable;
    }
    return flags;
}

int ClassModel::rowOf(qlonglong classId) const {
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        if (m_rows[i].id == classId) {
            return int(i);
        }
    }
    return -1;
}

std::vector<ClassModel::Row> ClassModel::count() const {
    const Dataset& data = m_document->dataset();
    std::unordered_map<ClassId, std::pair<int, int>> counts;
    Row all{-1, tr("All pictures"), int(data.samples.size()), 0, 0};
    for (const Sample& sample : data.samples) {
        auto& [count, usable] = counts[sample.label];
        ++count;
        if (sample.usable()) {
            ++usable;
            ++all.usable;
        }
    }
    std::vector<Row> rows{all};
    for (const ClassInfo& info : data.classes) {
        const auto [count, usable] = counts[info.id];
        const int key = rows.size() <= 9 ? int(rows.size()) : 0;
        rows.push_back({info.id, QString::fromStdString(info.name), count, usable, key});
    }
    if (const auto [count, usable] = counts[0]; count > 0) {
        rows.push_back({0, tr("No class"), count, usable, 0});
    }
    return rows;
}

void ClassModel::refresh() {
    std::vector<Row> rows = count();
    m_largest = 0;
    for (const Row& row : rows) {
        m_largest = row.id >= 0 ? std::max(m_largest, row.usable) : m_largest;
    }
    const bool sameIds = std::equal(rows.begin(), rows.end(), m_rows.begin(), m_rows.end(),
                                    [](const Row& a, const Row& b) { return a.id == b.id; });
    if (sameIds) {
        m_rows = std::move(rows);
        Q_EMIT dataChanged(index(0), index(int(m_rows.size()) - 1));
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

}  // namespace graft::ui
