// EmptyPanel: what a page shows while it has nothing to show: one sentence and one button that is
// the next step. Thread: GUI.
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace graft::ui {

class EmptyPanel : public QWidget {
    Q_OBJECT
 public:
    explicit EmptyPanel(QWidget* parent = nullptr);
    void setText(const QString& sentence, const QString& button);

 Q_SIGNALS:
    void buttonClicked();

 private:
    QLabel* m_sentence;
    QPushButton* m_button;
};

}  // namespace graft::ui
