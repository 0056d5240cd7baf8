// ExportPage: writes the model folder, with everything chosen beforehand, and shows the proof that
// the written file gives the same answers. Thread: GUI.
#pragma once

#include "core/deploy/package.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

class QComboBox;
class QFrame;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QStackedLayout;

namespace graft::ui {

class EmptyPanel;
class RunListModel;

class ExportPage : public Page {
    Q_OBJECT
 public:
    ExportPage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~ExportPage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;

    /// Python that opens the package at `folder`.
    static QString pythonSnippet(const QString& folder);

 private:
    QWidget* buildRequest();
    QWidget* buildResult();
    void connectParts();
    void refillRuns();
    void refreshState();
    void proposeFolder();
    void pickFolder();
    void startExport();
    void showReport(const ExportReport& report);
    QString targetFolder() const;

    ProjectDocument* m_document;
    RunBridge* m_run;
    RunListModel* m_runs;
    QStackedLayout* m_stack;
    EmptyPanel* m_empty;
    QComboBox* m_runBox;
    QLineEdit* m_name;
    QLineEdit* m_folder;
    QPushButton* m_pick;
    QLabel* m_target;
    QProgressBar* m_progress;
    QLabel* m_progressText;
    QPushButton* m_cancel;
    QFrame* m_result;
    QLabel* m_mark;
    QLabel* m_sentence;
    QLabel* m_files;
    QPushButton* m_open;
    QPushButton* m_copy;
    QPlainTextEdit* m_snippet;
    JobBridge m_job;
    QString m_writtenFolder;
};

}  // namespace graft::ui
