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

class QSplitter;
class QStackedWidget;
class QTreeView;

namespace graft::ui {

class ClassPanel;
class DataHeader;
class ImageGrid;
class ImageView;
class ProblemModel;
class SampleActions;
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
    void buildMiddle(QSplitter* splitter);
    void connectAll();
    void applyFilter();
    void restoreFilter();
    QString projectPath() const;
    void showSummary();
    void showCurrent();
    void loadCurrent();
    void chooseSplit();
    void keepPlace();
    void restorePlace();

    ProjectDocument* m_document;
    RunBridge* m_run;
    DataHeader* m_header;
    SampleModel* m_model;
    ProblemModel* m_problemModel;
    ClassPanel* m_classes = nullptr;
    ImageGrid* m_grid = nullptr;
    ImageView* m_large = nullptr;
    SampleActions* m_actions = nullptr;
    QTreeView* m_problems = nullptr;
    QStackedWidget* m_views = nullptr;
    SampleDetails* m_details = nullptr;
    QSplitter* m_splitter = nullptr;
    JobBridge m_loader;
    QTimer m_loadTimer;
    SampleId m_loaded = 0;
    SampleId m_keptSample = 0;
    int m_keptRow = -1;
    int m_keptScroll = 0;
    bool m_filterChanging = false;
    QString m_filterOf;  ///< path of the project whose filter was restored
};

}  // namespace graft::ui
