#include "ui/bridge/project_document.h"

namespace graft::ui {

ProjectDocument::ProjectDocument(QObject* parent) : QObject(parent) {}

ProjectDocument::~ProjectDocument() = default;

bool ProjectDocument::isOpen() const {
    return m_project != nullptr;
}

bool ProjectDocument::isWritable() const {
    return m_project && !m_project->readOnly();
}

Project& ProjectDocument::project() {
    return *m_project;
}

const Project& ProjectDocument::project() const {
    return *m_project;
}

const Dataset& ProjectDocument::dataset() const {
    static const Dataset kNone;
    return m_project ? m_project->dataset() : kNone;
}

void ProjectDocument::setProject(std::unique_ptr<Project> project) {
    // Pages still look at the old one while they hear of the new, so it goes last.
    const std::unique_ptr<Project> old = std::exchange(m_project, std::move(project));
    Q_EMIT opened();
    Q_EMIT dataChanged();
    Q_EMIT modelChanged();
    Q_EMIT augmentChanged();
    Q_EMIT trainOptionsChanged();
    Q_EMIT runsChanged();
    Q_EMIT undoChanged();
}

template <class Action>
bool ProjectDocument::apply(Action&& action, void (ProjectDocument::*changed)()) {
    if (!m_project) {
        return false;
    }
    const Status status = action(*m_project);
    if (!status) {
        Q_EMIT failed(status.error());
        return false;
    }
    if (changed) {
        Q_EMIT(this->*changed)();
    }
    if (changed == &ProjectDocument::dataChanged) {
        Q_EMIT undoChanged();
    }
    Q_EMIT saved();
    return true;
}

bool ProjectDocument::setDataset(Dataset dataset) {
    return apply([&](Project& p) { return p.setDataset(std::move(dataset)); },
                 &ProjectDocument::dataChanged);
}

bool ProjectDocument::setLabel(const std::vector<SampleId>& samples, ClassId label) {
    return apply([&](Project& p) { return p.setLabel(samples, label); },
                 &ProjectDocument::dataChanged);
}

bool ProjectDocument::setExcluded(const std::vector<SampleId>& samples, bool excluded) {
    return apply([&](Project& p) { return p.setExcluded(samples, excluded); },
                 &ProjectDocument::dataChanged);
}

bool ProjectDocument::setSplit(const std::vector<SampleId>& samples, Split split) {
    return apply([&](Project& p) { return p.setSplit(samples, split); },
                 &ProjectDocument::dataChanged);
}

bool ProjectDocument::resplit(const SplitOptions& options) {
    return apply([&](Project& p) { return p.resplit(options); }, &ProjectDocument::dataChanged);
}

bool ProjectDocument::addClass(const QString& name) {
    return apply(
        [&](Project& p) {
            ClassId id = 0;
            return p.addClass(name.toStdString(), &id);
        },
        &ProjectDocument::dataChanged);
}

bool ProjectDocument::renameClass(ClassId id, const QString& name) {
    return apply([&](Project& p) { return p.renameClass(id, name.toStdString()); },
                 &ProjectDocument::dataChanged);
}

bool ProjectDocument::removeClass(ClassId id) {
    return apply([&](Project& p) { return p.removeClass(id); }, &ProjectDocument::dataChanged);
}

bool ProjectDocument::undo() {
    return apply([](Project& p) { return p.undo(); }, &ProjectDocument::dataChanged);
}

bool ProjectDocument::redo() {
    return apply([](Project& p) { return p.redo(); }, &ProjectDocument::dataChanged);
}

bool ProjectDocument::setModel(const ModelSpec& spec) {
    return apply([&](Project& p) { return p.setModel(spec); }, &ProjectDocument::modelChanged);
}

bool ProjectDocument::setAugment(const AugmentSpec& spec) {
    return apply([&](Project& p) { return p.setAugment(spec); }, &ProjectDocument::augmentChanged);
}

bool ProjectDocument::setTrainOptions(const TrainOptions& options) {
    return apply([&](Project& p) { return p.setTrainOptions(options); },
                 &ProjectDocument::trainOptionsChanged);
}

QString ProjectDocument::note(const QString& key) const {
    return m_project ? QString::fromStdString(m_project->note(key.toStdString())) : QString();
}

void ProjectDocument::setNote(const QString& key, const QString& value) {
    // A note that cannot be written (read-only, full disk) is not worth a message.
    if (isWritable()) {
        static_cast<void>(m_project->setNote(key.toStdString(), value.toStdString()));
    }
}

void ProjectDocument::announceRuns() {
    Q_EMIT runsChanged();
}

}  // namespace graft::ui
