// StatusLine: the bottom line that is the same on all pages: saved state, the run with its time
// left, Pause and Stop, the device. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include <QElapsedTimer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace graft::ui {

/// "about 3 min", "about 20 s", "almost done"; "" below zero.
QString durationText(double seconds);

class StatusLine : public QWidget {
    Q_OBJECT
 public:
    StatusLine(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);

    void setDeviceText(const QString& text);
    /// Shown instead of the saved state ("Saving before closing ..."); "" ends it.
    void setActivity(const QString& text);

 Q_SIGNALS:
    void runClicked();  ///< the person wants to see the run

 private:
    void showSaved();
    void showRun();

    ProjectDocument* m_document;
    RunBridge* m_run;
    QLabel* m_saved;
    QToolButton* m_runText;
    QProgressBar* m_progress;
    QToolButton* m_pause;
    QToolButton* m_stop;
    QLabel* m_device;
    QString m_activity;
    QElapsedTimer m_sinceSaved;
    QTimer m_tick;
};

}  // namespace graft::ui
