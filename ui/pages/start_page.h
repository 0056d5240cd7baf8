// StartPage: no project is open: drop a folder, open one, try the sample, or go on with an earlier
// project. Shows the progress of an import. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"
#include "ui/bridge/project_opener.h"
#include "ui/pages/page.h"

class QLabel;
class QListWidget;
class QProgressBar;
class QStackedWidget;

namespace graft::ui {

class StartPage : public Page {
    Q_OBJECT
 public:
    StartPage(ProjectOpener* opener, AppSettings* settings, QWidget* parent = nullptr);

    void activated() override;

 Q_SIGNALS:
    void openFolderClicked();
    void openProjectClicked();
    void trySampleClicked();
    void projectChosen(const QString& path);

 protected:
    void paintEvent(QPaintEvent* event) override;
    void hideEvent(QHideEvent* event) override;

 private:
    QWidget* buildChoice();
    QWidget* buildProgress();
    void fillRecent();
    void wantThumbnails();
    void showThumbnails();
    int pixelSide() const;  ///< of a thumbnail on this screen
    QPixmap thumbnail(const QImage& picture) const;

    ProjectOpener* m_opener;
    AppSettings* m_settings;
    QStackedWidget* m_stack;
    QLabel* m_progressText = nullptr;
    QProgressBar* m_progress = nullptr;
    QLabel* m_recentTitle = nullptr;
    QListWidget* m_recent = nullptr;
};

}  // namespace graft::ui
