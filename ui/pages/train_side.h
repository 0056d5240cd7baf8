// TrainSide: the column beside the curves of the Train page: what can be changed while a run is under
// way, the options of the next one, and what they will cost. Separate so that the page only has to
// do with runs. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

#include <QScrollArea>

namespace graft::ui {

class CostLine;
class FeatureCacheRow;
class FoldPanel;
class OptionsForm;
class RunControls;
class SettingsLine;

class TrainSide : public QScrollArea {
    Q_OBJECT
 public:
    TrainSide(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);
    ~TrainSide() override;

    void documentOpened();
    void runStarted();
    void runFinished(RunState state);
    void refreshCache();  ///< looks at the feature cache's folder again

 Q_SIGNALS:
    void failed(const graft::Error& error);
    void goTo(graft::ui::PageId page);

 private:
    void build();
    void loadOptions();
    void storeOptions();
    void showRowsThatMatter();
    void showOption(const QString& key);

    ProjectDocument* m_document;
    FoldPanel* m_livePanel;
    RunControls* m_controls;
    FoldPanel* m_optionsPanel;
    OptionsForm* m_form;
    SettingsLine* m_settings;
    CostLine* m_cost;
    FeatureCacheRow* m_cacheRow;
    bool m_loading = false;
};

}  // namespace graft::ui
