// ProjectOpener: from something a person points at (a folder, a table, a project, the sample) to
// an open project, in the background; looks afterwards whether the folder changed. Holds the steps
// that would otherwise be spread over window and start page. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"

#include "core/data/importers/importer.h"

namespace graft::ui {

class ProjectOpener : public QObject {
    Q_OBJECT
 public:
    ProjectOpener(ProjectDocument* document, AppSettings* settings, QObject* parent = nullptr);
    ~ProjectOpener() override;

    /// Where projects of opened folders live.
    static QString projectsFolder();
    /// A path in projectsFolder() that is free, named after the folder.
    static QString freeProjectPath(const QString& source);

    /// A .graft file is opened, anything else is imported.
    void openPath(const QString& path);
    /// Opens the project made from exactly this folder, else imports it into a new one.
    void openSource(const QString& path);
    void openProject(const QString& path);
    void openSample();  ///< draws it first if it is not there
    void cancel();
    bool busy() const { return m_open.isActive(); }

    void rescan();        ///< looks for changes; changesFound() or rootMissing() may follow
    void applyChanges();  ///< takes over what the last rescan found
    void relink(const QString& newRoot);
    /// Writes the project's state line into the list of recent projects.
    void remember();

 Q_SIGNALS:
    void busyChanged();
    void progressChanged(const graft::Progress::State& state);
    void failed(const graft::Error& error);
    void notice(const QString& text);
    void changesFound(const QString& sentence);
    void rootMissing(const QString& root);
    void filesChanged();  ///< pictures on disk may differ from what is in memory

 private:
    struct Opened;
    void openFound(const QString& projectPath);
    void importNew(const QString& source);
    void createFrom(const QString& source, Dataset dataset);
    void adopt(Result<std::shared_ptr<Opened>> result);
    void reportChanges(const RescanReport& report);
    void fail(const Error& error);

    ProjectDocument* m_document;
    AppSettings* m_settings;
    JobBridge m_open;
    JobBridge m_look;
    RescanReport m_report;
};

}  // namespace graft::ui
