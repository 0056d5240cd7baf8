// EvaluationTables: the confusion matrix and the figures of each class, in two tabs. Thread: GUI.
#pragma once

#include "core/analysis/evaluation.h"

#include <QTabWidget>

class QStandardItemModel;
class QTableView;

namespace graft::ui {

class MatrixView;

class EvaluationTables : public QTabWidget {
    Q_OBJECT
 public:
    explicit EvaluationTables(QWidget* parent = nullptr);

    void showEvaluation(const Evaluation& evaluation);
    void clearEvaluation();
    /// Ends the choice of one number of the matrix.
    void clearChoice();

 Q_SIGNALS:
    void cellChosen(int truth, int predicted);  ///< positions of classes
    void choiceCleared();

 private:
    void showScores(const Evaluation& evaluation);

    MatrixView* m_matrix;
    QStandardItemModel* m_scores;
    QTableView* m_scoreView;
};

}  // namespace graft::ui
