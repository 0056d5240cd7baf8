// RunHeadline: the big number of a run, where it is, and the buttons to pause and stop it.
// Thread: GUI.
#pragma once

#include "ui/bridge/run_bridge.h"

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace graft::ui {

class RunHeadline : public QWidget {
    Q_OBJECT
 public:
    explicit RunHeadline(RunBridge* run, QWidget* parent = nullptr);

    /// `record`: the run that is shown, null for none; `live`: it is the one under way.
    void refresh(const RunRecord* record, bool live, bool mayTrainAgain);
    void runStarted();  ///< forgets that the last one was asked to stop

 private:
    void showLive(const TrainSnapshot& now);
    void showAccuracy(double accuracy, std::int64_t count, const QString& caption);
    void showProgress();

    RunBridge* m_run;
    QLabel* m_big;
    QLabel* m_caption;
    QLabel* m_where;
    QProgressBar* m_progress;
    QPushButton* m_pause;
    QPushButton* m_stop;
    QPushButton* m_again;
    bool m_stopping = false;
};

}  // namespace graft::ui
