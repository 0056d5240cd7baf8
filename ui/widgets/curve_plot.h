// CurvePlot: curves over one axis, drawn fast: every curve is thinned to two points a pixel column
// before each drawing, pens are 1 px wide. Zoom, drag, read-out under the pointer, smoothing,
// logarithmic scale, marks, saving. Hides QCustomPlot from the rest of the window. Thread: GUI.
#pragma once

#include <QString>
#include <QTimer>
#include <QWidget>

#include <array>
#include <memory>
#include <vector>

class QLabel;

namespace graft::ui {

class CurvePlot : public QWidget {
    Q_OBJECT
 public:
    struct Curve {
        QString id;
        QString label;
        std::vector<double> x;  ///< ascending
        std::vector<double> y;
        int series = 0;  ///< colour, see Theme::series
        Qt::PenStyle style = Qt::SolidLine;
        int marker = 0;       ///< 0: none, 1.. disc, square, diamond, triangle
        bool smooth = false;  ///< the smoothing slider works on it
    };
    struct Mark {
        double x = 0;
        QString text;
    };

    explicit CurvePlot(const QString& title, QWidget* parent = nullptr);
    ~CurvePlot() override;

    void setAxes(const QString& xTitle, const QString& yTitle);
    /// Values are shares, shown as per cent, the axis kept within 0 to 100 %.
    void setPercent(bool percent);
    void setLegendVisible(bool visible);  ///< the row of toggles below the curves

    /// Adds the curve or replaces the one of the same id; order of adding is order of the legend.
    void setCurve(Curve curve);
    void appendPoints(const QString& id, const std::vector<double>& x,
                      const std::vector<double>& y);
    bool hasCurve(const QString& id) const;
    std::size_t pointCount(const QString& id) const;
    void removeCurve(const QString& id);
    void clearCurves();
    void setMarks(std::vector<Mark> marks);
    void setCurveVisible(const QString& id, bool visible);
    bool curveIsVisible(const QString& id) const;

    double smoothing() const;
    void setSmoothing(double weight);  ///< 0 to 0.99
    bool logScale() const;
    void setLogScale(bool logarithmic);
    void resetZoom();
    bool isZoomed() const;
    /// Ranges shown: {x from, x to, y from, y to}.
    std::array<double, 4> viewRange() const;
    void zoomTo(double xFrom, double xTo, double yFrom, double yTo);

    QString readOutAt(double x) const;  ///< "Epoch 3.2: training loss 0.23, ..."
    void showReadOut(double x);         ///< linked plots share one position
    void hideReadOut();

    /// By suffix: .png, .pdf, .csv (the unthinned points). An empty result is success, else the
    /// sentence of what went wrong.
    QString saveAs(const QString& path) const;
    void replotNow();  ///< at once, for measuring and saving

 Q_SIGNALS:
    void pointedAt(double x);
    void pointerLeft();
    void zoomChanged();

 protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

 private:
    struct State;
    void wantReplot();
    void rangeTouched();
    void applyColors();
    void rebuildLegend();

    std::unique_ptr<State> m_state;
    QTimer m_replotTimer;
};

}  // namespace graft::ui
