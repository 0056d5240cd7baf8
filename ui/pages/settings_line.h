// SettingsLine: one sentence that says how the data will be trained on, each of its words a way to
// change it; and the one place where suggested settings are taken over. What a person chose stays.
// Separate from the options because it speaks of the network and of the random changes, too.
// Thread: GUI.
#pragma once

#include "core/train/settings_words.h"
#include "core/train/suggest_settings.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/page.h"

#include <QLabel>

namespace graft::ui {

class SettingsLine : public QLabel {
    Q_OBJECT
 public:
    SettingsLine(ProjectDocument* document, RunBridge* run, QWidget* parent = nullptr);

    /// Rich text with links "model", "augment" and "rounds".
    static QString sentence(const SettingsWords& words);
    /// Asks once for a project which networks are on this machine, then takes the advice over.
    void search();

 Q_SIGNALS:
    void goTo(graft::ui::PageId page);
    void optionWanted(const QString& key);  ///< of the training options
    void failed(const graft::Error& error);

 protected:
    void changeEvent(QEvent* event) override;

 private:
    void takeAdvice();
    void refresh();
    bool mayChange() const;

    ProjectDocument* m_document;
    RunBridge* m_run;
    JobBridge m_job;
    std::vector<AvailableNetwork> m_networks;
    bool m_searched = false;
    bool m_taking = false;
};

}  // namespace graft::ui
