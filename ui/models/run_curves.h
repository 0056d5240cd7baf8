// RunCurves: the metric rows of one run as the vectors that plots take, on an axis of epochs.
// Thread: GUI (plain value).
#pragma once

#include "core/train/train_messages.h"

#include <QString>

#include <vector>

namespace graft::ui {

struct CurveData {
    std::vector<double> x;  ///< ascending
    std::vector<double> y;
    void clear() {
        x.clear();
        y.clear();
    }
};

struct EditMark {
    double x = 0;
    QString text;
};

class RunCurves {
 public:
    /// `stepsPerEpoch` 0: found from the first epoch row.
    void reset(double stepsPerEpoch);
    void append(const std::vector<MetricRow>& rows);
    void addEdit(const EditRecord& edit);
    /// Known from the run's snapshot; moves what is there already.
    void setStepsPerEpoch(double steps);
    bool empty() const { return m_rows.empty(); }
    /// Changes when points that were there moved or went; else curves only grew at their end.
    int generation() const { return m_generation; }
    const std::vector<MetricRow>& rows() const { return m_rows; }

    const CurveData& trainLoss() const { return m_trainLoss; }
    const CurveData& trainAccuracy() const { return m_trainAccuracy; }
    const CurveData& learningRate() const { return m_learningRate; }
    const CurveData& validationLoss() const { return m_validationLoss; }
    const CurveData& validationAccuracy() const { return m_validationAccuracy; }
    std::vector<EditMark> marks() const;

 private:
    void add(const MetricRow& row);
    void rebuild();
    double epochsAt(std::int64_t step) const;

    double m_stepsPerEpoch = 0;
    int m_generation = 0;
    std::vector<MetricRow> m_rows;
    std::vector<EditRecord> m_edits;
    CurveData m_trainLoss, m_trainAccuracy, m_learningRate, m_validationLoss, m_validationAccuracy;
};

}  // namespace graft::ui
