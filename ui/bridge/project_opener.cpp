#include "ui/bridge/project_opener.h"

#include "core/data/sample_set.h"
#include "core/engine/engine.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace graft::ui {

/// What a background open hands over; the project changes its owner with it.
struct ProjectOpener::Opened {
    std::unique_ptr<Project> project;
    bool busyElsewhere = false;
};

namespace {

const QString kSuffix = QStringLiteral(".graft");

QString dataFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
}

QString projectNameFor(const QString& source) {
    const QFileInfo info(source);
    const QString name = info.isDir() ? info.fileName() : info.completeBaseName();
    return name.isEmpty() ? QStringLiteral("Pictures") : name;
}

/// Projects that may have been made from `source`: named after it, or remembered with it.
QStringList candidates(const QString& source, const QList<RecentProject>& recent) {
    QStringList found;
    for (const RecentProject& project : recent) {
        if (project.source == source) {
            found << project.path;
        }
    }
    const QDir folder(ProjectOpener::projectsFolder());
    const QString name = projectNameFor(source);
    for (const QString& file : folder.entryList({QStringLiteral("*.graft")}, QDir::Files)) {
        const QString rest = file.chopped(kSuffix.size()).mid(name.size());
        if (file.startsWith(name) && (rest.isEmpty() || rest.startsWith(QLatin1Char(' ')))) {
            found << folder.filePath(file);
        }
    }
    found.removeDuplicates();
    return found;
}

QString counted(int count, const QString& one, const QString& many) {
    return count == 1 ? one : many.arg(count);
}

}  // namespace

ProjectOpener::ProjectOpener(ProjectDocument* document, AppSettings* settings, QObject* parent)
    : QObject(parent), m_document(document), m_settings(settings) {
    connect(&m_open, &JobBridge::activeChanged, this, &ProjectOpener::busyChanged);
    connect(&m_open, &JobBridge::progressChanged, this, &ProjectOpener::progressChanged);
}

ProjectOpener::~ProjectOpener() = default;

QString ProjectOpener::projectsFolder() {
    return dataFolder() + QStringLiteral("/projects");
}

QString ProjectOpener::freeProjectPath(const QString& source) {
    const QString base = projectsFolder() + QLatin1Char('/') + projectNameFor(source);
    QString path = base + kSuffix;
    for (int number = 2; QFileInfo::exists(path); ++number) {
        path = base + QLatin1Char(' ') + QString::number(number) + kSuffix;
    }
    return path;
}

void ProjectOpener::openPath(const QString& path) {
    if (path.endsWith(kSuffix)) {
        openProject(path);
    } else {
        openSource(path);
    }
}

void ProjectOpener::openSource(const QString& path) {
    const QString source = QDir::cleanPath(QFileInfo(path).absoluteFilePath());
    const QStringList list = candidates(source, m_settings->recent());
    m_open.run<QString>(
        [list, source] {
            return Job<QString>::start([list, source](Progress& progress) -> Result<QString> {
                progress.setText(tr("Looking for an earlier project").toStdString());
                for (const QString& candidate : list) {
                    GRAFT_CHECK(progress.checkpoint());
                    const auto project =
                        Project::open(candidate.toStdString(), Project::Mode::ReadOnly);
                    if (project && (*project)->dataset().source == source.toStdString()) {
                        return candidate;
                    }
                }
                return QString();
            });
        },
        [this, source](const Result<QString>& found) {
            if (!found) {
                fail(found.error());
            } else if (found->isEmpty()) {
                importNew(source);
            } else {
                openFound(*found);
            }
        });
}

void ProjectOpener::openProject(const QString& path) {
    openFound(QFileInfo(path).absoluteFilePath());
}

void ProjectOpener::openFound(const QString& projectPath) {
    if (m_document->isOpen() &&
        QString::fromStdString(m_document->project().path()) == projectPath) {
        rescan();  // it is open already
        return;
    }
    using Handed = std::shared_ptr<Opened>;
    m_open.run<Handed>(
        [projectPath] {
            return Job<Handed>::start([projectPath](Progress& progress) -> Result<Handed> {
                progress.setText(tr("Opening the project").toStdString());
                auto handed = std::make_shared<Opened>();
                auto project = Project::open(projectPath.toStdString(), Project::Mode::ReadWrite);
                if (!project && project.error().code == ErrorCode::Busy) {
                    handed->busyElsewhere = true;
                    project = Project::open(projectPath.toStdString(), Project::Mode::ReadOnly);
                }
                if (!project) {
                    return project.error();
                }
                handed->project = std::move(*project);
                return handed;
            });
        },
        [this](Result<Handed> result) { adopt(std::move(result)); });
}

void ProjectOpener::importNew(const QString& source) {
    m_open.run<Dataset>(
        [source] { return engine::startImport(source.toStdString(), ImportOptions()); },
        [this, source](Result<Dataset> dataset) {
            if (!dataset) {
                fail(dataset.error());
            } else {
                createFrom(source, std::move(*dataset));
            }
        });
}

void ProjectOpener::createFrom(const QString& source, Dataset dataset) {
    using Handed = std::shared_ptr<Opened>;
    QDir().mkpath(projectsFolder());
    const std::string path = freeProjectPath(source).toStdString();
    m_open.run<Handed>(
        [path, data = std::make_shared<Dataset>(std::move(dataset))] {
            return Job<Handed>::start([path, data](Progress& progress) -> Result<Handed> {
                progress.setText(tr("Making the project").toStdString());
                GRAFT_TRY(auto project, Project::create(path));
                GRAFT_CHECK(project->setDataset(std::move(*data)));
                auto handed = std::make_shared<Opened>();
                handed->project = std::move(project);
                return handed;
            });
        },
        [this](Result<Handed> result) { adopt(std::move(result)); });
}

void ProjectOpener::openSample() {
    const QString folder = dataFolder() + QStringLiteral("/sample/") + tr("Surface inspection");
    m_open.run<bool>(
        [folder] {
            return Job<bool>::start([folder](Progress& progress) -> Result<bool> {
                progress.setText(tr("Drawing the sample pictures").toStdString());
                GRAFT_CHECK(writeSampleSet(folder.toStdString()));
                return true;
            });
        },
        [this, folder](const Result<bool>& written) {
            if (written) {
                openSource(folder);
            } else {
                fail(written.error());
            }
        });
}

void ProjectOpener::cancel() {
    m_open.cancel();
}

void ProjectOpener::adopt(Result<std::shared_ptr<Opened>> result) {
    if (!result) {
        fail(result.error());
        return;
    }
    m_look.cancelQuietly();
    m_report = {};
    const bool busyElsewhere = (*result)->busyElsewhere;
    m_document->setProject(std::move((*result)->project));
    remember();
    if (busyElsewhere) {
        Q_EMIT notice(
            tr("This project is open in another window of Graft, so it can be looked at "
               "here but not changed."));
    }
    rescan();
}

void ProjectOpener::fail(const Error& error) {
    if (error.code != ErrorCode::Cancelled) {
        Q_EMIT failed(error);
    }
}

void ProjectOpener::rescan() {
    if (!m_document->isOpen()) {
        return;
    }
    m_look.run<RescanReport>(
        [data = std::make_shared<Dataset>(m_document->dataset())] {
            return engine::startRescan(std::move(*data));
        },
        [this](Result<RescanReport> report) {
            if (report) {
                m_report = std::move(*report);
                reportChanges(m_report);
            }
        });
}

void ProjectOpener::reportChanges(const RescanReport& report) {
    if (report.rootMissing) {
        Q_EMIT rootMissing(QString::fromStdString(m_document->dataset().root));
        return;
    }
    QStringList parts;
    if (!report.added.empty()) {
        parts << counted(int(report.added.size()), tr("one picture was added"),
                         tr("%1 pictures were added"));
    }
    if (!report.missing.empty()) {
        parts << counted(int(report.missing.size()), tr("one was removed"), tr("%1 were removed"));
    }
    if (!report.moved.empty()) {
        parts << counted(int(report.moved.size()), tr("one was moved"), tr("%1 were moved"));
    }
    if (!report.changed.empty()) {
        parts << counted(int(report.changed.size()), tr("one was changed"), tr("%1 were changed"));
    }
    if (parts.isEmpty()) {
        return;
    }
    Q_EMIT changesFound(tr("The folder is not as it was: %1.").arg(parts.join(tr(", "))));
}

void ProjectOpener::applyChanges() {
    if (!m_document->isOpen() || m_report.empty()) {
        return;
    }
    m_look.run<Dataset>(
        [data = std::make_shared<Dataset>(m_document->dataset()), report = m_report] {
            return engine::startApplyRescan(std::move(*data), report, ImportOptions());
        },
        [this](Result<Dataset> fresh) {
            if (!fresh) {
                fail(fresh.error());
            } else if (m_document->setDataset(std::move(*fresh))) {
                m_report = {};
                Q_EMIT filesChanged();
                Q_EMIT notice(tr("The project now shows what is in the folder."));
            }
        });
}

void ProjectOpener::relink(const QString& newRoot) {
    if (!m_document->isOpen()) {
        return;
    }
    m_look.run<Dataset>(
        [data = std::make_shared<Dataset>(m_document->dataset()), newRoot] {
            return Job<Dataset>::start(
                [data, newRoot](Progress&) { return relinkDataset(*data, newRoot.toStdString()); });
        },
        [this](Result<Dataset> fresh) {
            if (!fresh) {
                fail(fresh.error());
                reportChanges(m_report);
            } else if (m_document->setDataset(std::move(*fresh))) {
                Q_EMIT filesChanged();
                rescan();
            }
        });
}

void ProjectOpener::remember() {
    if (!m_document->isOpen()) {
        return;
    }
    const Project& project = m_document->project();
    const Dataset& data = project.dataset();
    RecentProject recent{QString::fromStdString(project.path()), QString::fromStdString(data.source)};
    recent.classes = int(data.classes.size());
    recent.pictures = int(data.samples.size());
    for (const Sample& sample : data.samples) {
        if (sample.usable()) {
            recent.picture = QString::fromStdString(data.absolutePath(sample));
            break;
        }
    }
    const auto runs = project.runs();
    if (runs && !runs->empty()) {
        const RunRecord& run = runs->front();
        const bool finished = run.state == RunState::Finished && run.bestAccuracy >= 0;
        recent.run = QString::fromStdString(run.name);
        recent.state = finished                          ? QStringLiteral("finished")
                       : run.state == RunState::Failed ? QStringLiteral("failed")
                                                       : QStringLiteral("stopped");
        recent.number = finished ? int(run.bestAccuracy * 100) : int(run.epochsDone);
    }
    m_settings->addRecent(recent);
}

}  // namespace graft::ui
