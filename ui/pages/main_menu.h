// MainMenu: the menu bar. Knows what can be done now (undo with its name, run states) and tells
// the window what was chosen. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include <QMenuBar>

class QAction;
class QMenu;

namespace graft::ui {

class MainMenu : public QMenuBar {
    Q_OBJECT
 public:
    MainMenu(ProjectDocument* document, RunBridge* run, AppSettings* settings,
             QWidget* parent = nullptr);

 Q_SIGNALS:
    void openFolder();
    void openProject();
    void trySample();
    void openRecent(const QString& path);
    void rescan();
    void closeProject();
    void quit();
    void train();
    void goToPlace(int place);
    void findFolder();

 private:
    void buildFile();
    void buildEdit();
    void buildView();
    void buildLanguages(QMenu* menu);
    void buildRun();
    void buildHelp();
    void update();
    void fillRecent();

    ProjectDocument* m_document;
    RunBridge* m_run;
    AppSettings* m_settings;
    QMenu* m_recent = nullptr;
    QAction* m_rescan = nullptr;
    QAction* m_findFolder = nullptr;
    QAction* m_close = nullptr;
    QAction* m_undo = nullptr;
    QAction* m_redo = nullptr;
    QAction* m_train = nullptr;
    QAction* m_pause = nullptr;
    QAction* m_stop = nullptr;
    QList<QAction*> m_places;
};

}  // namespace graft::ui
