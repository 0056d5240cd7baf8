// RunPlots: the curves of a run (loss, accuracy, learning rate) with their tools, the same as a
// table, and the log. Knows curves and sentences, not where they come from. Thread: GUI.
#pragma once

#include "ui/models/run_curves.h"

#include <QTabWidget>

#include <array>
#include <map>
#include <vector>

class QCheckBox;
class QPlainTextEdit;
class QSlider;

namespace graft::ui {

class CurvePlot;
class MetricTableModel;

class RunPlots : public QTabWidget {
    Q_OBJECT
 public:
    explicit RunPlots(QWidget* parent = nullptr);

    /// The run shown; draws only what is new where the curves only grew.
    void showRun(const RunCurves& curves);
    /// Curves of another run laid over it. `slot` 0, 1, 2 ... gives colour and marker.
    void showOverlay(const QString& key, const QString& name, const RunCurves& curves, int slot);
    /// Takes away overlays whose key is not in `keys`.
    void keepOverlays(const QStringList& keys);
    void clear();

    void setLog(const QStringList& lines);
    void appendLog(const QString& line);

    CurvePlot* lossPlot() const { return m_loss; }
    CurvePlot* accuracyPlot() const { return m_accuracy; }
    CurvePlot* ratePlot() const { return m_rate; }

 Q_SIGNALS:
    void saveFailed(const QString& sentence);
    void savedTo(const QString& path);

 private:
    struct Style {
        int series;
        Qt::PenStyle line;
        int marker;
        bool smooth;
    };
    QWidget* buildCurves();
    QWidget* buildTools();
    void linkPlots();
    void sync(CurvePlot* plot, const QString& id, const QString& label, const CurveData& data,
              const Style& style, bool grown);
    void save(CurvePlot* plot);
    std::array<CurvePlot*, 3> plots() const { return {m_loss, m_accuracy, m_rate}; }

    CurvePlot* m_loss;
    CurvePlot* m_accuracy;
    CurvePlot* m_rate;
    QSlider* m_smoothing;
    QCheckBox* m_log;
    MetricTableModel* m_table;
    QPlainTextEdit* m_logText;
    std::map<QString, int> m_generations;  ///< by run key: what is drawn of it
    QStringList m_overlays;
};

}  // namespace graft::ui
