// FoldPanel: a heading that folds and unfolds what is below it. Thread: GUI.
#pragma once

#include <QWidget>

class QToolButton;

namespace graft::ui {

class FoldPanel : public QWidget {
    Q_OBJECT
 public:
    explicit FoldPanel(const QString& title, QWidget* parent = nullptr);
    void setContent(QWidget* content);  ///< takes ownership; once
    void setTitle(const QString& title);
    bool isOpen() const;
    void setOpen(bool open);

 Q_SIGNALS:
    void openChanged(bool open);

 private:
    QToolButton* m_heading;
    QWidget* m_content = nullptr;
};

}  // namespace graft::ui
