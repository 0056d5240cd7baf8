// RunControls: what a person can change while a run is under way: learning rate, what is frozen,
// augmentation strength; and evaluate or save at once. Thread: GUI.
#pragma once

#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include <QWidget>

class QLabel;
class QPushButton;
class QTreeView;

namespace graft::ui {

class DecadeSpinBox;
class LayerTreeModel;
class SliderSpin;

class RunControls : public QWidget {
    Q_OBJECT
 public:
    RunControls(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~RunControls() override;

 protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

 private:
    void build();
    void runStarted(RunId run);
    void eventArrived(const TrainEvent& event);
    void editFrozen(const QString& path, bool frozen);
    void applyRate();
    void loadTree(const RunRecord& record);

    ProjectDocument* m_document;
    RunBridge* m_run;
    DecadeSpinBox* m_rate;
    QPushButton* m_applyRate;
    QLabel* m_rateNow;
    LayerTreeModel* m_layers;
    QTreeView* m_tree;
    SliderSpin* m_strength;
    QPushButton* m_evaluate;
    QPushButton* m_save;
    JobBridge m_treeJob;
    std::string m_backbone;  ///< of the run under way
};

}  // namespace graft::ui
