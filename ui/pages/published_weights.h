// PublishedWeights: a row that offers the weights which are published for a network. Those that are
// here are taken at once; others are downloaded after licence, size and address were shown and
// agreed to. Apart from WeightsBox, which checks whatever file comes of it. Thread: GUI.
#pragma once

#include "core/nn/weights/weight_catalogue.h"
#include "ui/bridge/job_bridge.h"

#include <QWidget>

class QComboBox;
class QProgressBar;
class QPushButton;

namespace graft::ui {

class PublishedWeights : public QWidget {
    Q_OBJECT
 public:
    explicit PublishedWeights(QWidget* parent = nullptr);

    /// Lists those for this network; the row is hidden where there are none. A download that is
    /// under way goes on.
    void setBackbone(const std::string& backbone);
    bool isBusy() const { return m_jobs.isActive(); }

 Q_SIGNALS:
    /// The file of the weights that were chosen, its content as published.
    void fileReady(const QString& path);
    void failed(const graft::Error& error);

 private:
    void fill();
    void choose();
    void offer();
    void take();
    void download();
    void finish(const std::string& backbone, Result<std::string> file);
    void showProgress(const Progress::State& state);
    void showBusy(bool busy);
    const WeightEntry* chosen() const;

    std::string m_backbone;
    std::vector<WeightEntry> m_entries;
    QComboBox* m_list;
    QPushButton* m_download;
    QProgressBar* m_progress;
    QPushButton* m_cancel;
    JobBridge m_jobs;
};

}  // namespace graft::ui
