// WeightsBox: which weight file a model starts from, checked against the network before anything
// is trained, with the outcome in one sentence and the details folded. Thread: GUI.
#pragma once

#include "core/nn/model_spec.h"
#include "ui/bridge/job_bridge.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace graft::ui {

class FoldPanel;
class PublishedWeights;

class WeightsBox : public QWidget {
    Q_OBJECT
 public:
    explicit WeightsBox(QWidget* parent = nullptr);

    /// Shows the weights of `spec` and checks the file anew if it or the network changed.
    void setSpec(const ModelSpec& spec);
    bool isChecking() const { return m_jobs.isActive(); }

 Q_SIGNALS:
    /// The file fits and was chosen by the person; "" when the weights were taken away.
    void weightsChosen(const QString& path, const QString& sha256);
    void checked(const graft::WeightReport& report);
    /// Published weights could not be had.
    void failed(const graft::Error& error);

 private:
    void pick();
    void check(const QString& path, bool choose);
    void showReport(const QString& path, const WeightReport& report);
    void showFailure(const QString& path, const Error& error);
    void showScratch();
    void showState(bool good, const QString& sentence);

    ModelSpec m_spec;
    QString m_checkedKey;
    QLabel* m_mark;
    QLabel* m_sentence;
    QPushButton* m_pick;
    QPushButton* m_remove;
    PublishedWeights* m_published;
    FoldPanel* m_details;
    QLabel* m_detailText;
    JobBridge m_jobs;
};

}  // namespace graft::ui
