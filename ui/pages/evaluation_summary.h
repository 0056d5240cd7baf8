// EvaluationSummary: the figures of an evaluation in words, the accuracy large. Thread: GUI.
#pragma once

#include "core/analysis/evaluation.h"

#include <QWidget>

class QLabel;

namespace graft::ui {

class EvaluationSummary : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationSummary(QWidget* parent = nullptr);
    void showEvaluation(const Evaluation& evaluation);
    void showText(const QString& text);  ///< instead of figures
    void setNote(const QString& note);   ///< below; "" hides it

 private:
    QLabel* m_big;
    QLabel* m_caption;
    QLabel* m_averages;
    QLabel* m_note;
};

}  // namespace graft::ui
