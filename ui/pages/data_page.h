// DataPage: the pictures and their classes: look, filter, move, leave out, split. Every change is
// made at once and can be undone. Thread: GUI.
#pragma once

#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/models/sample_model.h"
#include "ui/pages/page.h"

#include <QImage>
#include <QTimer>

class QAction;
class QComboBox;
class QLabel;
class QSlider;
class QSplitter;
class QStackedWidget;
class QToolButton;
class QTreeView;

namespace graft::ui {

class ClassPanel;
class ImageGrid;
class ImageView;
class ProblemModel;
class SampleDetails;

class DataPage : public Page {
    Q_OBJECT
 public:
    DataPage(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~DataPage() override;

    QString primaryText() const override;
    bool primaryEnabled() const override;
    void primaryAction() override;
    void activated() override;

    void showProblems(bool on);
    void showLarge(bool on);
    QByteArray layoutState() const;
    void restoreLayoutState(const QByteArray& state);

 private:
    void buildTop(QWidget* top);
    void buildMiddle(QSplitter* splitter);
    void buildActions();
    void connectAll();
    void applyFilter();
    void showSummary();
    void showCurrent();
    void loadCurrent();
    void contextMenu(const QPoint& at);
    void chooseSplit();
    void moveSelected(ClassId label);
    void toggleSelected();
    void setSplitOfSelected(Split split);
    std::vector<SampleId> targets() const;
    bool writable() const;
    void keepPlace();
    void restorePlace();

    ProjectDocument* m_document;
    RunBridge* m_run;
    SampleModel* m_model;
    ProblemModel* m_problemModel;
    ClassPanel* m_classes = nullptr;
    ImageGrid* m_grid = nullptr;
    ImageView* m_large = nullptr;
    QTreeView* m_problems = nullptr;
    QStackedWidget* m_views = nullptr;
    SampleDetails* m_details = nullptr;
    QSplitter* m_splitter = nullptr;
    QLabel* m_summary = nullptr;
    QLabel* m_shares = nullptr;
    QToolButton* m_problemsButton = nullptr;
    QToolButton* m_splitButton = nullptr;
    QToolButton* m_detailsButton = nullptr;
    QComboBox* m_splitFilter = nullptr;
    QComboBox* m_showFilter = nullptr;
    QSlider* m_size = nullptr;
    QLabel* m_selection = nullptr;
    std::vector<QAction*> m_keyActions;
    JobBridge m_loader;
    QTimer m_loadTimer;
    SampleId m_loaded = 0;
    SampleId m_keptSample = 0;
    int m_keptRow = -1;
    int m_keptScroll = 0;
    bool m_filterChanging = false;
};

}  // namespace graft::ui
