#include "ui/pages/cost_line.h"

#include "core/engine/engine.h"
#include "ui/models/texts.h"

namespace graft::ui {
namespace {

// Choices come in bursts; measuring takes seconds.
constexpr int kDelayMs = 800;

}  // namespace

CostLine::CostLine(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : QLabel(parent), m_document(document), m_run(run) {
    setObjectName(QStringLiteral("costLine"));
    setWordWrap(true);
    setTextFormat(Qt::PlainText);
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelayMs);
    connect(&m_delay, &QTimer::timeout, this, &CostLine::measure);
    for (const auto changed :
         {&ProjectDocument::opened, &ProjectDocument::dataChanged, &ProjectDocument::modelChanged,
          &ProjectDocument::augmentChanged, &ProjectDocument::trainOptionsChanged}) {
        connect(document, changed, this, &CostLine::measureSoon);
    }
    connect(run, &RunBridge::started, this, [this] {
        m_delay.stop();
        m_job.cancelQuietly();
        clear();
        m_known = false;
    });
    connect(run, &RunBridge::finished, this, &CostLine::measureSoon);
}

QString CostLine::sentence(const CostForecast& forecast) {
    QString text = tr("This training will take %1 and at most %2 of memory; %3 are free.")
                       .arg(Texts::duration(forecast.totalSeconds),
                            Texts::bytes(double(forecast.peakBytes)),
                            Texts::bytes(double(forecast.availableBytes)));
    if (forecast.picturesAtOnce < forecast.batchSize) {
        text += QLatin1Char(' ') +
                tr("Each step is computed in parts, %1 of %2 pictures at a time.")
                    .arg(Texts::count(forecast.picturesAtOnce), Texts::count(forecast.batchSize));
    }
    return text;
}

void CostLine::showEvent(QShowEvent* event) {
    QLabel::showEvent(event);
    if (!m_known) {
        m_delay.start();
    }
}

void CostLine::measureSoon() {
    m_known = false;
    m_job.cancelQuietly();
    clear();
    m_delay.start();
}

// Called when the thread of the one before is free: the project may be another one by then, or none.
Result<std::unique_ptr<Job<CostForecast>>> CostLine::startForecast() const {
    if (!m_document->isOpen()) {
        return Error{ErrorCode::Cancelled, "Cancelled.", {}, {}};
    }
    const Project& project = m_document->project();
    return engine::startForecast(project, project.model(), project.augment(),
                                 project.trainOptions());
}

void CostLine::measure() {
    if (!isVisible() || m_run->isActive() || !m_document->isOpen() ||
        m_document->dataset().samples.empty()) {
        return;
    }
    setText(tr("Measuring what this training will take…"));
    m_job.runLatest<CostForecast>(
        [this]() -> std::unique_ptr<Job<CostForecast>> {
            Result<std::unique_ptr<Job<CostForecast>>> job = startForecast();
            if (job) {
                return std::move(*job);
            }
            return Job<CostForecast>::start(
                [error = job.error()](Progress&) -> Result<CostForecast> { return error; });
        },
        [this](const Result<CostForecast>& forecast) {
            m_known = true;
            setText(forecast ? sentence(*forecast) : Texts::error(forecast.error()));
        });
}

}  // namespace graft::ui
