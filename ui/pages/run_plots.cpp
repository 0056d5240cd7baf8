#include "ui/pages/run_plots.h"

#include "ui/models/metric_table_model.h"
#include "ui/widgets/curve_plot.h"
#include "ui/widgets/dialogs.h"

#include <QCheckBox>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSlider>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

const QString kShown = QStringLiteral("shown");
constexpr int kDefaultSmoothing = 60;  // per cent
constexpr int kMostLogLines = 5000;

}  // namespace

RunPlots::RunPlots(QWidget* parent)
    : QTabWidget(parent),
      m_loss(new CurvePlot(tr("Loss"))),
      m_accuracy(new CurvePlot(tr("Accuracy"))),
      m_rate(new CurvePlot(tr("Learning rate"))),
      m_smoothing(new QSlider(Qt::Horizontal)),
      m_log(new QCheckBox(tr("Lo&g scale"))),
      m_table(new MetricTableModel(this)),
      m_logText(new QPlainTextEdit) {
    setObjectName(QStringLiteral("runTabs"));
    setDocumentMode(true);
    m_loss->setObjectName(QStringLiteral("lossPlot"));
    m_loss->setToolTip(tr("How wrong the answers are (cross-entropy); lower is better"));
    m_accuracy->setObjectName(QStringLiteral("accuracyPlot"));
    m_accuracy->setPercent(true);
    m_rate->setObjectName(QStringLiteral("ratePlot"));
    m_rate->setLegendVisible(false);
    for (CurvePlot* plot : plots()) {
        plot->setAxes(tr("Round"), {});
    }
    addTab(buildCurves(), tr("Curves"));

    auto* table = new QTableView;
    table->setTabKeyNavigation(false);
    table->setObjectName(QStringLiteral("metricTable"));
    table->setAccessibleName(tr("Figures of each round"));
    table->setModel(m_table);
    table->verticalHeader()->hide();
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    addTab(table, tr("Table"));

    m_logText->setObjectName(QStringLiteral("runLog"));
    m_logText->setAccessibleName(tr("What happened in this run"));
    m_logText->setReadOnly(true);
    m_logText->setMaximumBlockCount(kMostLogLines);
    addTab(m_logText, tr("Log"));
    linkPlots();
}

QWidget* RunPlots::buildCurves() {
    auto* page = new QWidget;
    auto* grid = new QGridLayout(page);
    grid->setContentsMargins(0, 4, 0, 0);
    grid->setVerticalSpacing(4);
    grid->addWidget(buildTools(), 0, 0, 1, 2);
    grid->addWidget(m_loss, 1, 0);
    grid->addWidget(m_accuracy, 1, 1);
    grid->addWidget(m_rate, 2, 0, 1, 2);
    grid->setRowStretch(1, 4);
    grid->setRowStretch(2, 2);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);
    m_rate->setMinimumHeight(84);
    return page;
}

QWidget* RunPlots::buildTools() {
    m_smoothing->setObjectName(QStringLiteral("smoothingSlider"));
    m_smoothing->setAccessibleName(tr("Smoothing"));
    m_smoothing->setToolTip(tr("Calms the training curves (exponential moving average)"));
    m_smoothing->setRange(0, 99);
    m_smoothing->setValue(kDefaultSmoothing);
    m_smoothing->setMaximumWidth(140);
    m_log->setObjectName(QStringLiteral("logScaleBox"));
    m_log->setToolTip(tr("Loss and learning rate in decades (logarithmic axis)"));
    auto* reset = new QPushButton(tr("Show &all"));
    reset->setObjectName(QStringLiteral("resetZoomButton"));
    reset->setToolTip(tr("Ends the zoom; a double click in a plot does the same"));
    auto* saveButton = new QToolButton;
    saveButton->setObjectName(QStringLiteral("savePlotButton"));
    saveButton->setText(tr("Sa&ve plot…"));
    saveButton->setToolTip(tr("As picture (PNG), drawing (PDF) or table (CSV)"));
    saveButton->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(saveButton);
    const std::array<QString, 3> names = {tr("Loss…"), tr("Accuracy…"), tr("Learning rate…")};
    for (std::size_t i = 0; i < names.size(); ++i) {
        connect(menu->addAction(names[i]), &QAction::triggered, this,
                [this, i] { save(plots()[i]); });
    }
    saveButton->setMenu(menu);

    auto* tools = new QWidget;
    auto* row = new QHBoxLayout(tools);
    row->setContentsMargins(0, 0, 0, 0);
    auto* label = new QLabel(tr("S&moothing"));
    label->setBuddy(m_smoothing);
    row->addWidget(label);
    row->addWidget(m_smoothing);
    row->addWidget(m_log);
    row->addStretch();
    row->addWidget(reset);
    row->addWidget(saveButton);
    for (CurvePlot* plot : plots()) {
        plot->setSmoothing(kDefaultSmoothing / 100.0);
        connect(reset, &QPushButton::clicked, plot, &CurvePlot::resetZoom);
    }
    connect(m_smoothing, &QSlider::valueChanged, this, [this](int percent) {
        for (CurvePlot* plot : plots()) {
            plot->setSmoothing(percent / 100.0);
        }
    });
    connect(m_log, &QCheckBox::toggled, this, [this](bool on) {
        m_loss->setLogScale(on);
        m_rate->setLogScale(on);
    });
    return tools;
}

// One pointer position in all plots.
void RunPlots::linkPlots() {
    for (CurvePlot* plot : plots()) {
        for (CurvePlot* other : plots()) {
            if (other != plot) {
                connect(plot, &CurvePlot::pointedAt, other, &CurvePlot::showReadOut);
                connect(plot, &CurvePlot::pointerLeft, other, &CurvePlot::hideReadOut);
            }
        }
    }
}

void RunPlots::sync(CurvePlot* plot, const QString& id, const QString& label, const CurveData& data,
                    const Style& style, bool grown) {
    const std::size_t have = plot->pointCount(id);
    if (grown && plot->hasCurve(id) && have <= data.x.size()) {
        const auto from = std::ptrdiff_t(have);
        plot->appendPoints(id, {data.x.begin() + from, data.x.end()},
                           {data.y.begin() + from, data.y.end()});
        return;
    }
    CurvePlot::Curve curve;
    curve.id = id;
    curve.label = label;
    curve.x = data.x;
    curve.y = data.y;
    curve.series = style.series;
    curve.style = style.line;
    curve.marker = style.marker;
    curve.smooth = style.smooth;
    plot->setCurve(std::move(curve));
}

void RunPlots::showRun(const RunCurves& curves) {
    const auto drawn = m_generations.find(kShown);
    const bool grown = drawn != m_generations.end() && drawn->second == curves.generation();
    m_generations[kShown] = curves.generation();
    const Style training = {0, Qt::SolidLine, 0, true};
    const Style validation = {1, Qt::DashLine, 1, false};
    const QString train = tr("Training");
    const QString check = tr("Validation");
    sync(m_loss, kShown + QStringLiteral("/train"), train, curves.trainLoss(), training, grown);
    sync(m_loss, kShown + QStringLiteral("/check"), check, curves.validationLoss(), validation,
         grown);
    sync(m_accuracy, kShown + QStringLiteral("/train"), train, curves.trainAccuracy(), training,
         grown);
    sync(m_accuracy, kShown + QStringLiteral("/check"), check, curves.validationAccuracy(),
         validation, grown);
    sync(m_rate, kShown + QStringLiteral("/rate"), tr("Rate"), curves.learningRate(),
         {2, Qt::SolidLine, 0, false}, grown);
    std::vector<CurvePlot::Mark> marks;
    for (const EditMark& mark : curves.marks()) {
        marks.push_back({mark.x, mark.text});
    }
    // Texts only where there is room for them; the lines everywhere.
    m_rate->setMarks(marks);
    m_accuracy->setMarks(marks);
    for (CurvePlot::Mark& mark : marks) {
        mark.text.clear();
    }
    m_loss->setMarks(std::move(marks));
    m_table->setRows(curves.rows());
}

void RunPlots::showOverlay(const QString& key, const QString& name, const RunCurves& curves,
                           int slot) {
    const auto drawn = m_generations.find(key);
    const bool grown = drawn != m_generations.end() && drawn->second == curves.generation();
    m_generations[key] = curves.generation();
    if (!m_overlays.contains(key)) {
        m_overlays << key;
    }
    const int color = 2 + slot;
    const Style training = {color, Qt::DotLine, 0, true};
    const Style validation = {color, Qt::DashLine, 2 + slot % 4, false};
    const QString train = tr("%1, training").arg(name);
    sync(m_loss, key + QStringLiteral("/train"), train, curves.trainLoss(), training, grown);
    sync(m_loss, key + QStringLiteral("/check"), name, curves.validationLoss(), validation, grown);
    sync(m_accuracy, key + QStringLiteral("/train"), train, curves.trainAccuracy(), training,
         grown);
    sync(m_accuracy, key + QStringLiteral("/check"), name, curves.validationAccuracy(), validation,
         grown);
    sync(m_rate, key + QStringLiteral("/rate"), name, curves.learningRate(),
         {color, Qt::DashLine, 0, false}, grown);
}

void RunPlots::keepOverlays(const QStringList& keys) {
    for (const QString& key : QStringList(m_overlays)) {
        if (keys.contains(key)) {
            continue;
        }
        m_overlays.removeAll(key);
        m_generations.erase(key);
        for (CurvePlot* plot : plots()) {
            for (const char* part : {"/train", "/check", "/rate"}) {
                plot->removeCurve(key + QLatin1String(part));
            }
        }
    }
}

void RunPlots::clear() {
    m_generations.clear();
    m_overlays.clear();
    for (CurvePlot* plot : plots()) {
        plot->clearCurves();
    }
    m_table->setRows({});
    m_logText->clear();
}

void RunPlots::setLog(const QStringList& lines) {
    m_logText->setPlainText(lines.join(QLatin1Char('\n')));
}

void RunPlots::appendLog(const QString& line) {
    m_logText->appendPlainText(line);
}

void RunPlots::save(CurvePlot* plot) {
    QString path = Dialogs::pickSaveFile(this, tr("Save the plot"), {},
                                         tr("Picture (*.png);;Drawing (*.pdf);;Table (*.csv)"));
    if (path.isEmpty()) {
        return;
    }
    if (QFileInfo(path).suffix().isEmpty()) {
        path += QStringLiteral(".png");
    }
    const QString failure = plot->saveAs(path);
    if (failure.isEmpty()) {
        Q_EMIT savedTo(path);
    } else {
        Q_EMIT saveFailed(failure);
    }
}

}  // namespace graft::ui
