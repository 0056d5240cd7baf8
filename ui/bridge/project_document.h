// ProjectDocument: the open project as a QObject. Every change goes through it to core's Project
// (one transaction each) and is announced by a signal. Thread: GUI.
#pragma once

#include "core/project/project.h"

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

namespace graft::ui {

class ProjectDocument : public QObject {
    Q_OBJECT
 public:
    explicit ProjectDocument(QObject* parent = nullptr);
    ~ProjectDocument() override;

    bool isOpen() const;
    bool isWritable() const;  ///< open, and not for reading only
    Project& project();              ///< requires isOpen()
    const Project& project() const;  ///< requires isOpen()
    const Dataset& dataset() const;  ///< an empty one when nothing is open

    /// Takes over an opened or created project; null closes.
    void setProject(std::unique_ptr<Project> project);

    /// Each does what core's Project does, emits what changed, and on failure emits failed() and
    /// returns false.
    bool setDataset(Dataset dataset);
    bool setLabel(const std::vector<SampleId>& samples, ClassId label);
    bool setExcluded(const std::vector<SampleId>& samples, bool excluded);
    bool setSplit(const std::vector<SampleId>& samples, Split split);
    bool resplit(const SplitOptions& options);
    bool addClass(const QString& name);
    bool renameClass(ClassId id, const QString& name);
    bool removeClass(ClassId id);
    bool undo();
    bool redo();
    bool setModel(const ModelSpec& spec);
    bool setAugment(const AugmentSpec& spec);
    bool setTrainOptions(const TrainOptions& options);
    QString note(const QString& key) const;
    void setNote(const QString& key, const QString& value);
    void announceRuns();  ///< the list of runs changed (a run was added, ended, renamed)

 Q_SIGNALS:
    void opened();  ///< another project, or none, is open now
    void dataChanged();
    void modelChanged();
    void augmentChanged();
    void trainOptionsChanged();
    void runsChanged();
    void undoChanged();
    void saved();  ///< a change is on disk
    void failed(const graft::Error& error);

 private:
    template <class Action>
    bool apply(Action&& action, void (ProjectDocument::*changed)());

    std::unique_ptr<Project> m_project;
};

}  // namespace graft::ui
