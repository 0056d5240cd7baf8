// EvaluatePage: how good a run's model is, what it confuses, and the pictures it gets wrong, which
// can be put right on the spot. Thread: GUI.
#pragma once

#include "core/analysis/evaluation.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

class QComboBox;
class QProgressBar;
class QPushButton;
class QStackedLayout;

namespace graft::ui {

class EmptyPanel;
class EvaluationPictures;
class EvaluationSummary;
class EvaluationTables;
class RunListModel;
class TryPanel;

class EvaluatePage : public Page {
    Q_OBJECT
 public:
    EvaluatePage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~EvaluatePage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;
    bool takeDropped(const QString& path) override;

 private:
    QWidget* buildHeadline();
    void connectParts();

    RunId chosenRun() const;
    Result<std::string> checkpoint() const;  ///< of the chosen run
    Split chosenSplit() const;
    void refillRuns();
    void refillSplits();
    void refreshState();
    void load();  ///< the stored evaluation, or a new one
    void evaluate();
    void showEvaluation(const Evaluation& evaluation);
    void clear();
    void saveCsv();
    void refreshNote();

    ProjectDocument* m_document;
    RunBridge* m_run;
    RunListModel* m_runs;
    QStackedLayout* m_stack;
    EmptyPanel* m_empty;
    QComboBox* m_runBox;
    QComboBox* m_splitBox;
    QPushButton* m_evaluate;
    QPushButton* m_save;
    QPushButton* m_cancel;
    QProgressBar* m_progress;
    EvaluationSummary* m_summary;
    EvaluationTables* m_tables;
    EvaluationPictures* m_pictures;
    TryPanel* m_try;
    JobBridge m_job;
};

}  // namespace graft::ui
