// EvaluationPictures: the pictures of an evaluation with the answers of the model, mistakes first,
// and what can be put right about them on the spot. Thread: GUI.
#pragma once

#include "core/analysis/evaluation.h"
#include "ui/bridge/project_document.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QPushButton;

namespace graft::ui {

class ImageGrid;
class PredictionModel;

class EvaluationPictures : public QWidget {
    Q_OBJECT
 public:
    explicit EvaluationPictures(ProjectDocument* document, QWidget* parent = nullptr);

    void showEvaluation(const Evaluation& evaluation);
    void clearEvaluation();
    const Evaluation& evaluation() const;
    /// Only those of class `truth` that were taken for class `predicted` (positions of classes).
    void showCell(int truth, int predicted);
    void showWhole();  ///< ends showCell()
    void setEmptyText(const QString& text);
    /// True if a picture is not labelled, split or used as it was when it was looked at.
    bool labelsChanged() const;

 Q_SIGNALS:
    void cellCleared();  ///< by the person

 private:
    void connectParts();
    void setCellShown(bool on);
    void refillClasses();
    void refreshState();

    ProjectDocument* m_document;
    PredictionModel* m_predictions;
    QComboBox* m_showBox;
    QLabel* m_cellText;  ///< in place of the box while a cell is shown
    QPushButton* m_clearCell;
    ImageGrid* m_grid;
    QComboBox* m_moveTo;
    QPushButton* m_move;
    QPushButton* m_exclude;
};

}  // namespace graft::ui
