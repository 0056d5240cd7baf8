#include "ui/widgets/curve_plot.h"

#include "ui/models/texts.h"
#include "ui/widgets/curve_plot_state.h"
#include "ui/widgets/theme.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace graft::ui {

namespace {
constexpr int kReplotIntervalMs = 100;  // new data: at most ten drawings a second
}

CurvePlot::CurvePlot(const QString& title, QWidget* parent)
    : QWidget(parent), m_state(std::make_unique<State>(this, title)) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(title);
    setMinimumSize(160, 90);
    m_replotTimer.setSingleShot(true);
    m_replotTimer.setInterval(kReplotIntervalMs);
    connect(&m_replotTimer, &QTimer::timeout, this, [this] {
        if (isVisible()) {
            replotNow();
        }
    });
    QCustomPlot* plot = m_state->plot;
    plot->installEventFilter(this);
    connect(plot->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this,
            &CurvePlot::rangeTouched);
    connect(plot, &QCustomPlot::mouseWheel, this, [this] { m_state->zoomed = true; });
    connect(plot, &QCustomPlot::beforeReplot, this, [this] {
        m_state->fitTicks();
        m_state->thinAll();
    });
    connect(plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) {
        // Dragging zooms into a rectangle; with Shift or the middle button it moves the view.
        const bool move = event->modifiers().testFlag(Qt::ShiftModifier);
        m_state->plot->setSelectionRectMode(move ? QCP::srmNone : QCP::srmZoom);
        m_state->pressed = event->pos();
    });
    connect(plot, &QCustomPlot::mouseRelease, this, [this](QMouseEvent* event) {
        if ((event->pos() - m_state->pressed).manhattanLength() > 6) {
            m_state->zoomed = true;
            Q_EMIT zoomChanged();
        }
    });
    connect(plot, &QCustomPlot::mouseDoubleClick, this, &CurvePlot::resetZoom);
    applyColors();
}

CurvePlot::~CurvePlot() = default;

void CurvePlot::setAxes(const QString& xTitle, const QString& yTitle) {
    m_state->xTitle = xTitle;
    m_state->plot->xAxis->setLabel(xTitle);
    m_state->plot->yAxis->setLabel(yTitle);
    m_state->yTitle = yTitle;
}

void CurvePlot::setPercent(bool percent) {
    m_state->percent = percent;
    if (percent) {
        m_state->plot->yAxis->setTicker(QSharedPointer<PercentTicker>::create());
    }
}

void CurvePlot::setLegendVisible(bool visible) {
    m_state->legend->setVisible(visible);
}

void CurvePlot::setCurve(Curve curve) {
    State::Line* line = m_state->find(curve.id);
    if (!line) {
        m_state->lines.push_back(std::make_unique<State::Line>());
        line = m_state->lines.back().get();
        line->graph = m_state->plot->addGraph();
    }
    line->curve = std::move(curve);
    m_state->smoothAgain(*line);
    m_state->style(*line);
    rebuildLegend();
    wantReplot();
}

void CurvePlot::appendPoints(const QString& id, const std::vector<double>& x,
                             const std::vector<double>& y) {
    State::Line* line = m_state->find(id);
    if (!line || x.empty()) {
        return;
    }
    line->curve.x.insert(line->curve.x.end(), x.begin(), x.end());
    line->curve.y.insert(line->curve.y.end(), y.begin(), y.end());
    for (const double value : y) {
        line->shown.push_back(line->smoother.next(value));
    }
    wantReplot();
}

bool CurvePlot::hasCurve(const QString& id) const {
    return m_state->find(id) != nullptr;
}

std::size_t CurvePlot::pointCount(const QString& id) const {
    const State::Line* line = m_state->find(id);
    return line ? line->curve.x.size() : 0;
}

void CurvePlot::removeCurve(const QString& id) {
    State::Line* line = m_state->find(id);
    if (!line) {
        return;
    }
    m_state->plot->removeGraph(line->graph);
    m_state->plot->removeItem(line->label);
    std::erase_if(m_state->lines, [line](const auto& l) { return l.get() == line; });
    rebuildLegend();
    wantReplot();
}

void CurvePlot::clearCurves() {
    while (!m_state->lines.empty()) {
        const QString id = m_state->lines.back()->curve.id;
        removeCurve(id);
    }
    setMarks({});
    m_state->zoomed = false;
}

void CurvePlot::setMarks(std::vector<Mark> marks) {
    m_state->setMarks(std::move(marks));
    wantReplot();
}

void CurvePlot::setCurveVisible(const QString& id, bool visible) {
    if (State::Line* line = m_state->find(id)) {
        line->visible = visible;
        rebuildLegend();
        wantReplot();
    }
}

bool CurvePlot::curveIsVisible(const QString& id) const {
    const State::Line* line = m_state->find(id);
    return line && line->visible;
}

double CurvePlot::smoothing() const {
    return m_state->smoothing;
}

void CurvePlot::setSmoothing(double weight) {
    m_state->smoothing = std::clamp(weight, 0.0, 0.99);
    for (const auto& line : m_state->lines) {
        m_state->smoothAgain(*line);
    }
    wantReplot();
}

bool CurvePlot::logScale() const {
    return m_state->logarithmic;
}

void CurvePlot::setLogScale(bool logarithmic) {
    m_state->setLogarithmic(logarithmic);
    resetZoom();
}

void CurvePlot::resetZoom() {
    m_state->zoomed = false;
    replotNow();
    Q_EMIT zoomChanged();
}

bool CurvePlot::isZoomed() const {
    return m_state->zoomed;
}

std::array<double, 4> CurvePlot::viewRange() const {
    const QCPRange x = m_state->plot->xAxis->range();
    const QCPRange y = m_state->plot->yAxis->range();
    return {x.lower, x.upper, y.lower, y.upper};
}

void CurvePlot::zoomTo(double xFrom, double xTo, double yFrom, double yTo) {
    m_state->zoomed = true;
    m_state->plot->xAxis->setRange(xFrom, xTo);
    m_state->plot->yAxis->setRange(yFrom, yTo);
    replotNow();
    Q_EMIT zoomChanged();
}

QString CurvePlot::readOutAt(double x) const {
    QStringList parts;
    for (const auto& line : m_state->lines) {
        const auto& xs = line->curve.x;
        if (!line->visible || xs.empty()) {
            continue;
        }
        auto at = std::size_t(std::lower_bound(xs.begin(), xs.end(), x) - xs.begin());
        if (at == xs.size() || (at > 0 && x - xs[at - 1] < xs[at] - x)) {
            --at;
        }
        const double y = line->shown[at];
        const QString value = m_state->percent ? Texts::percent(y) : Texts::rate(y);
        parts << tr("%1 %2").arg(line->curve.label, value);
    }
    return tr("%1 %2: %3").arg(m_state->xTitle, Texts::rate(x), parts.join(QStringLiteral(", ")));
}

void CurvePlot::showReadOut(double x) {
    m_state->pointer->setVisible(true);
    m_state->pointer->start->setCoords(x, 0);
    m_state->pointer->end->setCoords(x, 1);
    m_state->readOut->setText(readOutAt(x));
    m_state->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::hideReadOut() {
    if (m_state->pointer->visible()) {
        m_state->pointer->setVisible(false);
        m_state->readOut->clear();
        m_state->plot->replot(QCustomPlot::rpQueuedReplot);
    }
}

QString CurvePlot::saveAs(const QString& path) const {
    return m_state->saveAs(path);
}

void CurvePlot::replotNow() {
    m_replotTimer.stop();
    m_state->fitIfNotZoomed();
    m_state->plot->replot(QCustomPlot::rpImmediateRefresh);
}

void CurvePlot::wantReplot() {
    if (!m_replotTimer.isActive()) {
        m_replotTimer.start();
    }
}

void CurvePlot::rangeTouched() {
    // Not before the beginning, and never so far in that numbers run out of digits.
    const QCPRange range = m_state->plot->xAxis->range();
    if (range.lower < 0 && range.size() > 0) {
        m_state->plot->xAxis->setRange(0, range.size());
    }
}

bool CurvePlot::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_state->plot) {
        if (event->type() == QEvent::MouseMove) {
            const auto* mouse = static_cast<QMouseEvent*>(event);
            if (mouse->buttons() == Qt::NoButton) {
                const double x = m_state->plot->xAxis->pixelToCoord(mouse->position().x());
                showReadOut(x);
                Q_EMIT pointedAt(x);
            }
        } else if (event->type() == QEvent::Leave) {
            hideReadOut();
            Q_EMIT pointerLeft();
        } else if (event->type() == QEvent::MouseButtonPress) {
            setFocus(Qt::MouseFocusReason);
        }
    }
    return QWidget::eventFilter(watched, event);
}

void CurvePlot::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
        applyColors();
    }
}

void CurvePlot::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    wantReplot();
}

void CurvePlot::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    wantReplot();
}

void CurvePlot::keyPressEvent(QKeyEvent* event) {
    QCPAxis* x = m_state->plot->xAxis;
    const double size = x->range().size();
    switch (event->key()) {
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            x->scaleRange(0.8);
            break;
        case Qt::Key_Minus:
            x->scaleRange(1.25);
            break;
        case Qt::Key_Left:
            x->moveRange(-size * 0.1);
            break;
        case Qt::Key_Right:
            x->moveRange(size * 0.1);
            break;
        case Qt::Key_0:
        case Qt::Key_Home:
            resetZoom();
            return;
        default:
            QWidget::keyPressEvent(event);
            return;
    }
    m_state->zoomed = true;
    m_state->plot->replot(QCustomPlot::rpQueuedReplot);
    Q_EMIT zoomChanged();
}

void CurvePlot::applyColors() {
    m_state->applyColors(palette());
    rebuildLegend();
    wantReplot();
}

void CurvePlot::rebuildLegend() {
    m_state->fillLegend([this](const QString& id, bool on) {
        if (State::Line* line = m_state->find(id)) {
            line->visible = on;
            replotNow();
        }
    });
}

}  // namespace graft::ui
