// FeatureCacheRow: how much disk the project's feature cache takes, and a button that clears it.
// The folder is looked at by a job, as it may hold thousands of files. Thread: GUI.
#pragma once

#include "core/engine/engine.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace graft::ui {

class FeatureCacheRow : public QWidget {
    Q_OBJECT
 public:
    explicit FeatureCacheRow(ProjectDocument* document, QWidget* parent = nullptr);

    /// Looks at the folder again.
    void refresh();

 Q_SIGNALS:
    void failed(const graft::Error& error);

 private:
    void look(bool clear);
    void show(const engine::FeatureCacheState& state);

    ProjectDocument* m_document;
    QLabel* m_text;
    QPushButton* m_clear;
    JobBridge m_job;
};

}  // namespace graft::ui
