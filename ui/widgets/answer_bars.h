// AnswerBars: what a network says of a picture: its most probable classes with a bar and a figure
// each, as widgets that a screen reader can read. Thread: GUI.
#pragma once

#include <QList>
#include <QWidget>

class QLabel;
class QProgressBar;

namespace graft::ui {

class AnswerBars : public QWidget {
    Q_OBJECT
 public:
    struct Answer {
        QString name;
        double probability = 0;  ///< 0 to 1
    };

    /// Shows at most `rows` answers.
    explicit AnswerBars(int rows, QWidget* parent = nullptr);
    /// Most probable first. Those for which there is no row are summed up in the last line.
    void setAnswers(const QList<Answer>& answers);

 private:
    struct Row {
        QLabel* name;
        QProgressBar* bar;
        QLabel* figure;
    };
    QList<Row> m_rows;
    QLabel* m_rest;
};

}  // namespace graft::ui
