#include "ui/widgets/status_line.h"

#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

#include <cmath>

namespace graft::ui {

QString durationText(double seconds) {
    if (seconds < 0) {
        return {};
    }
    if (seconds < 5) {
        return StatusLine::tr("almost done");
    }
    if (seconds < 55) {
        return StatusLine::tr("about %1 s left").arg(int(std::ceil(seconds / 5) * 5));
    }
    const int minutes = int(std::lround(seconds / 60));
    if (minutes < 60) {
        return StatusLine::tr("about %1 min left").arg(std::max(1, minutes));
    }
    return StatusLine::tr("about %1 h %2 min left").arg(minutes / 60).arg(minutes % 60);
}

StatusLine::StatusLine(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : QWidget(parent), m_document(document), m_run(run) {
    setObjectName(QStringLiteral("statusLine"));
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(10, 3, 10, 3);
    m_saved = new QLabel(this);
    m_saved->setObjectName(QStringLiteral("savedLabel"));
    line->addWidget(m_saved);
    line->addStretch(1);

    m_runText = new QToolButton(this);
    m_runText->setObjectName(QStringLiteral("runText"));
    m_runText->setAutoRaise(true);
    m_runText->setToolTip(tr("Show the training"));
    connect(m_runText, &QToolButton::clicked, this, &StatusLine::runClicked);
    m_progress = new QProgressBar(this);
    m_progress->setObjectName(QStringLiteral("runProgress"));
    m_progress->setAccessibleName(tr("Progress of the training"));
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_progress->setFixedWidth(fontMetrics().averageCharWidth() * 18);
    m_progress->setMaximumHeight(fontMetrics().height() * 3 / 4);
    m_pause = new QToolButton(this);
    m_pause->setObjectName(QStringLiteral("pauseButton"));
    m_pause->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stop = new QToolButton(this);
    m_stop->setObjectName(QStringLiteral("stopButton"));
    m_stop->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stop->setIcon(icon(IconId::Stop));
    m_stop->setText(tr("Stop"));
    m_stop->setToolTip(tr("Save and stop the training; it can go on later (Shift+F5)"));
    for (QWidget* widget : {static_cast<QWidget*>(m_runText), static_cast<QWidget*>(m_progress),
                            static_cast<QWidget*>(m_pause), static_cast<QWidget*>(m_stop)}) {
        line->addWidget(widget);
    }
    line->addStretch(1);
    m_device = new QLabel(this);
    m_device->setObjectName(QStringLiteral("deviceLabel"));
    line->addWidget(m_device);

    connect(m_pause, &QToolButton::clicked, this, [this] {
        m_run->snapshot().state == RunState::Paused ? m_run->resume() : m_run->pause();
    });
    connect(m_stop, &QToolButton::clicked, m_run, &RunBridge::stop);
    connect(run, &RunBridge::snapshotChanged, this, &StatusLine::showRun);
    connect(run, &RunBridge::started, this, &StatusLine::showRun);
    connect(run, &RunBridge::finished, this, &StatusLine::showRun);
    connect(document, &ProjectDocument::saved, this, [this] {
        m_sinceSaved.start();
        showSaved();
    });
    connect(document, &ProjectDocument::opened, this, [this] {
        m_sinceSaved.invalidate();
        showSaved();
    });
    m_tick.setInterval(15000);
    connect(&m_tick, &QTimer::timeout, this, &StatusLine::showSaved);
    m_tick.start();
    showSaved();
    showRun();
}

void StatusLine::setDeviceText(const QString& text) {
    m_device->setText(text);
}

void StatusLine::setActivity(const QString& text) {
    m_activity = text;
    showSaved();
}

void StatusLine::showSaved() {
    QString text = m_activity;
    if (text.isEmpty() && m_document->isOpen()) {
        const qint64 seconds = m_sinceSaved.isValid() ? m_sinceSaved.elapsed() / 1000 : -1;
        text = m_document->project().readOnly() ? tr("Read-only")
               : seconds < 0                    ? tr("All changes saved")
               : seconds < 15                   ? tr("Saved just now")
               : seconds < 60                   ? tr("Saved %1 s ago").arg(seconds / 15 * 15)
                                                : tr("Saved %1 min ago").arg(seconds / 60);
    }
    m_saved->setText(text);
}

void StatusLine::showRun() {
    const bool active = m_run->isActive();
    for (QWidget* widget : {static_cast<QWidget*>(m_runText), static_cast<QWidget*>(m_progress),
                            static_cast<QWidget*>(m_pause), static_cast<QWidget*>(m_stop)}) {
        widget->setVisible(active);
    }
    if (!active) {
        return;
    }
    const TrainSnapshot now = m_run->snapshot();
    const bool paused = now.state == RunState::Paused;
    const double share = now.stepCount > 0 ? double(now.step) / double(now.stepCount) : 0;
    m_progress->setValue(int(share * 1000));
    QString text = tr("%1 %").arg(int(share * 100));
    if (now.epochCount > 0) {
        text =
            tr("Round %1 of %2").arg(now.epoch).arg(now.epochCount) + QStringLiteral(" · ") + text;
    }
    const QString left = paused ? tr("paused") : durationText(now.secondsLeft);
    if (!left.isEmpty()) {
        text += QStringLiteral(" · ") + left;
    }
    m_runText->setText(text);
    m_pause->setIcon(icon(paused ? IconId::Play : IconId::Pause));
    m_pause->setText(paused ? tr("Resume") : tr("Pause"));
    m_pause->setToolTip(paused ? tr("Go on with the training (F6)")
                               : tr("Pause the training (F6)"));
}

}  // namespace graft::ui
