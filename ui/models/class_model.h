// ClassModel: all pictures, each class and "no class" with their counts, as rows of the list that
// filters the Data page. Renaming in place goes to the document. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"

#include <QAbstractListModel>

#include <optional>

namespace graft::ui {

class ClassModel : public QAbstractListModel {
    Q_OBJECT
 public:
    enum Role {
        ClassIdRole = Qt::UserRole + 1,  ///< qlonglong; -1 for "all pictures", 0 for "no class"
        CountRole,                       ///< int, all pictures of it
        UsableRole,                      ///< int, those that training uses
        LargestRole,                     ///< int, usable pictures of the largest class
        KeyRole,                         ///< int 1..9, the key that moves pictures here; 0: none
    };

    explicit ClassModel(ProjectDocument* document, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

    /// Row of a class id, as in ClassIdRole; -1 if there is none.
    int rowOf(qlonglong classId) const;

 private:
    struct Row {
        qlonglong id = -1;
        QString name;
        int count = 0;
        int usable = 0;
        int key = 0;
        bool operator==(const Row&) const = default;
    };
    std::vector<Row> count() const;
    void refresh();

    ProjectDocument* m_document;
    std::vector<Row> m_rows;
    int m_largest = 0;
};

}  // namespace graft::ui
