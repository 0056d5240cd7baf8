// TrainPage: start a run, watch it, change it while it runs, compare it with earlier ones.
// Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/models/run_curves.h"
#include "ui/pages/page.h"

#include <map>

class QPushButton;
class QStackedLayout;
class QTreeView;

namespace graft::ui {

class EmptyPanel;
class RunHeadline;
class RunListModel;
class RunPlots;
class TrainSide;

class TrainPage : public Page {
    Q_OBJECT
 public:
    TrainPage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~TrainPage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;

 private:
    QWidget* buildRuns();
    void connectDocument();
    void connectRun();
    void connectRuns();

    bool hasData() const;
    bool shownIsLive() const;
    void documentOpened();
    void runStarted(RunId run);
    void runFinished(RunId run, RunState state);
    void metricsAdded(const std::vector<MetricRow>& rows);
    void eventArrived(const TrainEvent& event);
    void snapshotChanged(const TrainSnapshot& snapshot);
    void showRun(RunId run);
    void selectionMoved();
    RunCurves readCurves(RunId run);
    QStringList readLog(RunId run);
    void refreshOverlays();
    void refreshHeadline();
    void refreshRunButtons();
    void removeRun();

    ProjectDocument* m_document;
    RunBridge* m_run;
    QStackedLayout* m_stack;
    EmptyPanel* m_empty;
    RunHeadline* m_headline;
    RunPlots* m_plots;
    TrainSide* m_side;
    RunListModel* m_runs;
    QTreeView* m_runView;
    QPushButton* m_resumeRun;
    QPushButton* m_renameRun;
    QPushButton* m_removeRun;

    RunId m_shown = 0;
    RunId m_live = 0;  ///< the run under way or the last one of this session
    RunCurves m_shownCurves;
    RunCurves m_liveCurves;
    QStringList m_liveLog;
    std::map<RunId, RunCurves> m_overlays;
    bool m_following = false;  ///< selection moves by itself
};

}  // namespace graft::ui
