// The inside of CurvePlot: the QCustomPlot and what is drawn in it. For curve_plot.cpp and its
// second half only. Thread: GUI.
#pragma once

#include "ui/widgets/curve_plot.h"
#include "ui/widgets/curve_thinning.h"
#include "ui/widgets/qcustomplot_include.h"

#include <functional>
#include <map>

class QToolButton;

namespace graft::ui {

class PercentTicker : public QCPAxisTicker {
 protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override;
};

struct CurvePlot::State {
    struct Line {
        Curve curve;
        std::vector<double> shown;  ///< y after smoothing
        Smoother smoother{0};
        bool visible = true;
        QCPGraph* graph = nullptr;
        QCPItemText* label = nullptr;  ///< at the end of the line
    };

    State(CurvePlot* owner, const QString& title);

    Line* find(const QString& id) const;
    void smoothAgain(Line& line) const;
    void style(Line& line) const;
    void setMarks(std::vector<Mark> marks);
    void setLogarithmic(bool on);
    void applyColors(const QPalette& palette);
    void fitIfNotZoomed();
    void thinAll();
    void fitTicks();
    void placeLabels();
    void fillLegend(const std::function<void(const QString&, bool)>& toggled);
    QString saveAs(const QString& path) const;
    QString saveCsv(const QString& path) const;

    CurvePlot* owner;
    QString title;
    QString xTitle;
    QString yTitle;
    QCustomPlot* plot;
    QLabel* heading;
    QLabel* readOut;
    QWidget* legend;
    std::map<QString, QToolButton*> toggles;
    std::vector<std::unique_ptr<Line>> lines;
    QCPItemLine* pointer;
    std::vector<QCPItemLine*> markLines;
    std::vector<QCPItemText*> markTexts;
    std::vector<Mark> marks;
    double smoothing = 0;
    bool logarithmic = false;
    bool percent = false;
    bool zoomed = false;
    QPoint pressed;
};

}  // namespace graft::ui
