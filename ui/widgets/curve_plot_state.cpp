#include "ui/widgets/curve_plot_state.h"

#include "core/base/atomic_file.h"
#include "ui/models/texts.h"
#include "ui/widgets/theme.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft::ui {

namespace {

constexpr int kMostLabels = 8;  // more labels at the line ends would only cover each other
constexpr int kRightMarginPx = 78;

QCPScatterStyle scatterOf(int marker) {
    switch (marker) {
        case 1:
            return {QCPScatterStyle::ssDisc, 6};
        case 2:
            return {QCPScatterStyle::ssSquare, 6};
        case 3:
            return {QCPScatterStyle::ssDiamond, 8};
        case 4:
            return {QCPScatterStyle::ssTriangle, 7};
        case 5:
            return {QCPScatterStyle::ssCross, 6};
        default:
            return {};
    }
}

QPixmap swatch(const QPen& pen, int marker, qreal ratio) {
    QPixmap map(QSize(26, 14) * ratio);
    map.setDevicePixelRatio(ratio);
    map.fill(Qt::transparent);
    QCPPainter painter(&map);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(pen);
    painter.drawLine(QPointF(1, 7), QPointF(25, 7));
    QCPScatterStyle shape = scatterOf(marker);
    if (!shape.isNone()) {
        shape.setPen(QPen(pen.color()));
        shape.setBrush(pen.color());
        shape.applyTo(&painter, pen);
        shape.drawShape(&painter, QPointF(13, 7));
    }
    return map;
}

}  // namespace

QString PercentTicker::getTickLabel(double tick, const QLocale& locale, QChar, int) {
    return locale.toString(std::round(tick * 1000) / 10, 'g', 4) + QStringLiteral(" %");
}

CurvePlot::State::State(CurvePlot* widget, const QString& name)
    : owner(widget),
      title(name),
      plot(new QCustomPlot(widget)),
      heading(new QLabel(name, widget)),
      readOut(new QLabel(widget)),
      legend(new QWidget(widget)) {
    QFont bold = heading->font();
    bold.setBold(true);
    heading->setFont(bold);
    readOut->setObjectName(QStringLiteral("readOut"));
    readOut->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    readOut->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    auto* top = new QHBoxLayout;
    top->addWidget(heading);
    top->addWidget(readOut, 1);
    auto* legendRow = new QHBoxLayout(legend);
    legendRow->setContentsMargins(0, 0, 0, 0);
    legendRow->setSpacing(2);
    legendRow->addStretch();
    auto* column = new QVBoxLayout(widget);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addLayout(top);
    column->addWidget(plot, 1);
    column->addWidget(legend);

    plot->setPlottingHints(QCP::phFastPolylines | QCP::phCacheLabels);
    plot->setNoAntialiasingOnDrag(true);
    plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot->setSelectionRectMode(QCP::srmZoom);
    plot->setMouseTracking(true);
    plot->setFocusPolicy(Qt::NoFocus);
    plot->setToolTip(
        CurvePlot::tr("Drag zooms into a part, Shift and drag moves, the wheel zooms, "
                      "a double click shows everything. Keys: + - arrows 0."));
    plot->axisRect()->setMinimumMargins(QMargins(0, 4, kRightMarginPx, 0));
    plot->xAxis->setNumberFormat(QStringLiteral("gb"));
    pointer = new QCPItemLine(plot);
    pointer->start->setTypeY(QCPItemPosition::ptAxisRectRatio);
    pointer->end->setTypeY(QCPItemPosition::ptAxisRectRatio);
    pointer->setVisible(false);
}

CurvePlot::State::Line* CurvePlot::State::find(const QString& id) const {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&id](const auto& line) { return line->curve.id == id; });
    return found == lines.end() ? nullptr : found->get();
}

void CurvePlot::State::smoothAgain(Line& line) const {
    line.smoother = Smoother(line.curve.smooth ? smoothing : 0);
    line.shown.clear();
    line.shown.reserve(line.curve.y.size());
    for (const double value : line.curve.y) {
        line.shown.push_back(line.smoother.next(value));
    }
}

void CurvePlot::State::style(Line& line) const {
    const QColor color = Theme::series(line.curve.series, owner->palette());
    QPen pen(color, 1, line.curve.style);
    line.graph->setPen(pen);
    line.graph->setAdaptiveSampling(false);  // thinned already
    QCPScatterStyle shape = scatterOf(line.curve.marker);
    shape.setPen(QPen(color, 1));
    shape.setBrush(color);
    line.graph->setScatterStyle(shape);
    // Scatters of an antialiased kind are the one slow thing in a plot.
    line.graph->setAntialiasedScatters(line.curve.marker > 0);
    line.graph->setAntialiased(false);
    if (!line.label) {
        line.label = new QCPItemText(plot);
        line.label->position->setType(QCPItemPosition::ptAbsolute);
        line.label->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        line.label->setClipToAxisRect(false);
        line.label->setPadding(QMargins(3, 0, 0, 0));
    }
    line.label->setColor(color);
    line.label->setText(line.curve.label);
}

void CurvePlot::State::setMarks(std::vector<Mark> fresh) {
    for (QCPItemLine* line : markLines) {
        plot->removeItem(line);
    }
    for (QCPItemText* text : markTexts) {
        plot->removeItem(text);
    }
    markLines.clear();
    markTexts.clear();
    marks = std::move(fresh);
    int number = 0;
    for (const Mark& mark : marks) {
        auto* line = new QCPItemLine(plot);
        line->start->setTypeY(QCPItemPosition::ptAxisRectRatio);
        line->end->setTypeY(QCPItemPosition::ptAxisRectRatio);
        line->start->setCoords(mark.x, 0);
        line->end->setCoords(mark.x, 1);
        markLines.push_back(line);
        auto* text = new QCPItemText(plot);
        text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
        // Neighbours at three heights, so that texts of edits made together can all be read.
        text->position->setCoords(mark.x, 0.01 + 0.1 * (number++ % 3));
        text->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
        text->setPadding(QMargins(3, 0, 3, 0));
        text->setText(mark.text);
        markTexts.push_back(text);
    }
    applyColors(owner->palette());
}

void CurvePlot::State::setLogarithmic(bool on) {
    logarithmic = on;
    plot->yAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (on) {
        plot->yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    } else if (percent) {
        plot->yAxis->setTicker(QSharedPointer<PercentTicker>::create());
    } else {
        plot->yAxis->setTicker(QSharedPointer<QCPAxisTicker>::create());
    }
}

// A low plot has fewer numbers at its side, so that they do not overlap.
void CurvePlot::State::fitTicks() {
    const int line = std::max(1, owner->fontMetrics().height());
    const int room = plot->axisRect()->height() / (2 * line);
    plot->yAxis->ticker()->setTickCount(std::clamp(room, 2, 5));
}

void CurvePlot::State::applyColors(const QPalette& palette) {
    const QColor text = palette.color(QPalette::Text);
    const QColor line = Theme::mix(palette, 0.5);
    plot->setBackground(palette.color(QPalette::Base));
    for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
        axis->setBasePen(QPen(line, 1));
        axis->setTickPen(QPen(line, 1));
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelColor(text);
        axis->setLabelColor(text);
        axis->setTickLabelFont(owner->font());
        axis->setLabelFont(owner->font());
        axis->grid()->setPen(QPen(Theme::mix(palette, 0.14), 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
        axis->setLabelPadding(2);
        axis->setTickLabelPadding(3);
    }
    pointer->setPen(QPen(text, 1, Qt::DotLine));
    for (std::size_t i = 0; i < markLines.size(); ++i) {
        markLines[i]->setPen(QPen(line, 1, Qt::DashLine));
        markTexts[i]->setColor(text);
        markTexts[i]->setFont(owner->font());
        QColor back = palette.color(QPalette::Base);
        back.setAlpha(200);
        markTexts[i]->setBrush(back);
    }
    for (const auto& each : lines) {
        style(*each);
        each->label->setFont(owner->font());
    }
    if (QCPSelectionRect* rect = plot->selectionRect()) {
        rect->setPen(QPen(text, 1, Qt::DashLine));
        QColor fill = text;
        fill.setAlpha(25);
        rect->setBrush(fill);
    }
}

void CurvePlot::State::fitIfNotZoomed() {
    if (zoomed) {
        return;
    }
    double right = 0;
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    for (const auto& line : lines) {
        if (!line->visible || line->curve.x.empty()) {
            continue;
        }
        right = std::max(right, line->curve.x.back());
        for (const double y : line->shown) {
            if (std::isfinite(y) && (!logarithmic || y > 0)) {
                low = std::min(low, y);
                high = std::max(high, y);
            }
        }
    }
    if (low > high) {
        low = logarithmic ? 0.1 : 0;
        high = 1;
    }
    // A little more, so that the last marker is whole.
    plot->xAxis->setRange(0, right > 0 ? right * 1.01 : 1);
    if (logarithmic) {
        plot->yAxis->setRange(low * 0.8, std::max(high * 1.25, low * 1.6));
        return;
    }
    if (percent) {
        low = std::max(0.0, std::floor(low * 10 - 0.3) / 10);
        plot->yAxis->setRange(low, 1.02);
        return;
    }
    low = std::min(low, 0.0);
    plot->yAxis->setRange(low, high > low ? high + (high - low) * 0.08 : low + 1);
}

void CurvePlot::State::thinAll() {
    const QCPRange range = plot->xAxis->range();
    const int columns = std::max(1, plot->axisRect()->width());
    for (const auto& line : lines) {
        line->graph->setVisible(line->visible);
        if (!line->visible) {
            continue;
        }
        const std::vector<std::size_t> kept =
            thinCurve(line->curve.x, line->shown, range.lower, range.upper, columns);
        QVector<QCPGraphData> points;
        points.reserve(qsizetype(kept.size()));
        for (const std::size_t i : kept) {
            points.push_back({line->curve.x[i], line->shown[i]});
        }
        line->graph->data()->set(points, true);
    }
    placeLabels();
}

// At the end of each line, pushed apart where two would overlap.
void CurvePlot::State::placeLabels() {
    std::vector<std::pair<double, QCPItemText*>> wanted;
    const QRect box = plot->axisRect()->rect();
    for (const auto& line : lines) {
        line->label->setVisible(false);
        const auto data = line->graph->data();
        if (line->visible && !data->isEmpty() && lines.size() <= kMostLabels) {
            const double y = plot->yAxis->coordToPixel((data->constEnd() - 1)->value);
            wanted.emplace_back(std::clamp(y, double(box.top()), double(box.bottom())),
                                line->label);
        }
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    const double gap = QFontMetricsF(owner->font()).height();
    for (std::size_t i = 1; i < wanted.size(); ++i) {
        wanted[i].first = std::max(wanted[i].first, wanted[i - 1].first + gap);
    }
    double lowest = box.bottom();
    for (auto at = wanted.rbegin(); at != wanted.rend(); ++at) {
        at->first = std::min(at->first, lowest);
        lowest = at->first - gap;
        at->second->position->setCoords(box.right() + 2, at->first);
        at->second->setVisible(true);
    }
}

void CurvePlot::State::fillLegend(const std::function<void(const QString&, bool)>& toggled) {
    auto* row = static_cast<QHBoxLayout*>(legend->layout());
    for (auto at = toggles.begin(); at != toggles.end();) {
        if (!find(at->first)) {
            at->second->deleteLater();
            row->removeWidget(at->second);
            at = toggles.erase(at);
        } else {
            ++at;
        }
    }
    for (const auto& line : lines) {
        const QString id = line->curve.id;
        QToolButton*& button = toggles[id];
        if (!button) {
            button = new QToolButton(legend);
            button->setCheckable(true);
            button->setAutoRaise(true);
            button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
            button->setIconSize({26, 14});
            button->setMinimumHeight(24);
            button->setObjectName(QStringLiteral("legend:") + id);
            row->insertWidget(row->count() - 1, button);
            QObject::connect(button, &QToolButton::toggled, owner,
                             [toggled, id](bool on) { toggled(id, on); });
        }
        const QSignalBlocker quiet(button);
        button->setChecked(line->visible);
        button->setText(line->curve.label);
        button->setToolTip(CurvePlot::tr("Show or hide: %1").arg(line->curve.label));
        button->setIcon(swatch(line->graph->pen(), line->curve.marker, owner->devicePixelRatioF()));
    }
}

QString CurvePlot::State::saveAs(const QString& path) const {
    const QString kind = QFileInfo(path).suffix().toLower();
    if (kind == QLatin1String("csv")) {
        return saveCsv(path);
    }
    constexpr int kWidthPx = 900;
    constexpr int kHeightPx = 500;
    bool saved = false;
    if (kind == QLatin1String("pdf")) {
        saved = plot->savePdf(path, kWidthPx, kHeightPx, QCP::epNoCosmetic, {}, title);
    } else if (kind == QLatin1String("png")) {
        saved = plot->savePng(path, kWidthPx, kHeightPx, 2);
    } else {
        return CurvePlot::tr("A plot can be saved as .png, .pdf or .csv; \"%1\" is none of them.")
            .arg(QFileInfo(path).fileName());
    }
    return saved ? QString()
                 : CurvePlot::tr("The plot could not be written to %1. Choose another folder.")
                       .arg(path);
}

QString CurvePlot::State::saveCsv(const QString& path) const {
    QString text = QStringLiteral("\uFEFF%1,%2,%3\n")
                       .arg(QStringLiteral("curve"), QStringLiteral("x"), QStringLiteral("y"));
    for (const auto& line : lines) {
        QString name = line->curve.label;
        name = QLatin1Char('"') + name.replace(QLatin1Char('"'), QStringLiteral("\"\"")) +
               QLatin1Char('"');
        for (std::size_t i = 0; i < line->curve.x.size(); ++i) {
            text += QStringLiteral("%1,%2,%3\n")
                        .arg(name, QString::number(line->curve.x[i], 'g', 9),
                             QString::number(line->curve.y[i], 'g', 9));
        }
    }
    const QByteArray bytes = text.toUtf8();
    const Status written = writeFileAtomically(
        path.toStdString(), std::string_view(bytes.constData(), std::size_t(bytes.size())));
    return written ? QString() : Texts::error(written.error());
}

}  // namespace graft::ui
