// MainWindow: assembles sidebar, menu, message bar, pages, primary button and status line, and
// carries their wishes to the bridges. No logic of its own. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/project_opener.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

#include <QMainWindow>

#include <functional>
#include <map>

class QPushButton;
class QStackedWidget;

namespace graft::ui {

class DataPage;
class DropOverlay;
class MainMenu;
class MessageBar;
class Sidebar;
class StartPage;
class StatusLine;

class MainWindow : public QMainWindow {
    Q_OBJECT
 public:
    /// What the event loop ends with when the window is to be made anew, in another language.
    static constexpr int kMakeAnew = 17;

    explicit MainWindow(AppSettings* settings, QWidget* parent = nullptr);
    ~MainWindow() override;

    void openPath(const QString& path);  ///< folder, table or .graft file
    void showPage(PageId page);
    PageId currentPage() const { return m_current; }
    QString projectPath() const;  ///< of the open project, "" for none
    ProjectDocument* document() { return &m_document; }
    RunBridge* run() { return &m_run; }
    ProjectOpener* opener() { return &m_opener; }
    MessageBar* messages() { return m_messages; }

 protected:
    void closeEvent(QCloseEvent* event) override;

 private:
    void buildFrame();
    void buildPages();
    void addPage(PageId id, Page* page);
    void connectMenu();
    void connectOpener();
    void connectRun();
    void updatePrimary();
    void updateTitle();
    void projectOpened();
    void showLastPage();
    void goToPlace(int place);
    void storePlace();
    void changeLanguage();
    void restoreWindow();
    void storeWindow();
    void runEnded(RunId run, RunState state);
    /// Does `action` now, or after the run was stopped, if the person agrees.
    void afterRun(const QString& question, const std::function<void()>& action);
    void pickFolder();
    void pickProject();
    void pickMovedFolder();

    AppSettings* m_settings;
    ProjectDocument m_document;
    RunBridge m_run;
    ProjectOpener m_opener;
    MainMenu* m_menu;
    Sidebar* m_sidebar;
    MessageBar* m_messages;
    QStackedWidget* m_stack;
    QPushButton* m_primary;
    StatusLine* m_status;
    DropOverlay* m_overlay;
    StartPage* m_start = nullptr;
    DataPage* m_data = nullptr;
    std::map<PageId, Page*> m_pages;
    PageId m_current = PageId::Start;
    std::function<void()> m_afterRun;
};

}  // namespace graft::ui
