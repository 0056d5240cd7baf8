// DropOverlay: lets a window take a file or folder that is dropped on it, and covers the window
// while one is dragged over it. Thread: GUI.
#pragma once

#include <QWidget>

class QMimeData;

namespace graft::ui {

class DropOverlay : public QWidget {
    Q_OBJECT
 public:
    explicit DropOverlay(QWidget* window);

 Q_SIGNALS:
    void dropped(const QString& path);

 protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

 private:
    void cover();
};

}  // namespace graft::ui
