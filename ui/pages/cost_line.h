// CostLine: what a training with the present choices would take, in a line that fills itself while
// nothing trains. Separate from TrainPage because it measures on its own. Thread: GUI.
#pragma once

#include "core/train/cost_forecast.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"

#include <QLabel>
#include <QTimer>

namespace graft::ui {

class CostLine : public QLabel {
    Q_OBJECT
 public:
    CostLine(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);

    static QString sentence(const CostForecast& forecast);

 protected:
    void showEvent(QShowEvent* event) override;

 private:
    void measureSoon();
    void measure();
    Result<std::unique_ptr<Job<CostForecast>>> startForecast() const;

    ProjectDocument* m_document;
    RunBridge* m_run;
    JobBridge m_job;
    QTimer m_delay;
    bool m_known = false;  ///< what is shown is of the present choices
};

}  // namespace graft::ui
