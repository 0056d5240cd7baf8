// A list model of very many pictures that are not there, for the grid's tests. Thread: GUI.
#pragma once

#include "ui/models/image_roles.h"

#include <QAbstractListModel>

namespace graft::test {

class ManyPictures : public QAbstractListModel {
 public:
    explicit ManyPictures(int count) : m_count(count) {}
    int rowCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : m_count;
    }
    QVariant data(const QModelIndex& index, int role) const override {
        switch (role) {
            case Qt::DisplayRole:
                return QStringLiteral("class %1").arg(index.row() % 7);
            case ui::ImageRoles::PathRole:
                return QStringLiteral("/nowhere/%1.jpg").arg(index.row());
            case ui::ImageRoles::IndexRole:
                return -1;
            case ui::ImageRoles::SampleIdRole:
                return qlonglong(index.row() + 1);
            case ui::ImageRoles::BadgesRole:
                return index.row() % 3 ? 0 : int(ui::ImageRoles::ValidationBadge);
            default:
                return {};
        }
    }
    void reset(int count) {
        beginResetModel();
        m_count = count;
        endResetModel();
    }

 private:
    int m_count;
};

}  // namespace graft::test
