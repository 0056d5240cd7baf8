// ClassPanel: the classes with their balance, as the filter of the Data page, and the buttons that
// add, rename and remove one. Everything is done in place and can be undone. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/models/class_model.h"

#include <QListView>
#include <QWidget>

class QToolButton;

namespace graft::ui {

class ClassPanel : public QWidget {
    Q_OBJECT
 public:
    explicit ClassPanel(ProjectDocument* document, QWidget* parent = nullptr);

    /// As ClassModel::ClassIdRole.
    qlonglong currentClass() const;
    void choose(qlonglong classId);
    void addClass();  ///< "New class", at once open for editing
    void renameClass();
    void removeClass();
    QListView* list() const { return m_list; }

 Q_SIGNALS:
    void chosen(qlonglong classId);

 private:
    void updateButtons();
    QString freeName() const;

    ProjectDocument* m_document;
    ClassModel* m_model;
    QListView* m_list;
    QToolButton* m_add;
    QToolButton* m_rename;
    QToolButton* m_remove;
    qlonglong m_kept = -1;  ///< the choice, across resets of the model
};

}  // namespace graft::ui
