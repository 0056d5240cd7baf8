#include "ui/pages/run_headline.h"

#include "core/analysis/evaluation.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"
#include "ui/widgets/icons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>

namespace graft::ui {

RunHeadline::RunHeadline(RunBridge* run, QWidget* parent)
    : QWidget(parent),
      m_run(run),
      m_big(new QLabel),
      m_caption(new QLabel),
      m_where(new QLabel),
      m_progress(new QProgressBar),
      m_pause(new QPushButton(tr("&Pause"))),
      m_stop(new QPushButton(tr("S&top"))),
      m_again(new QPushButton(tr("Train a&gain"))) {
    m_big->setObjectName(QStringLiteral("bigAccuracy"));
    QFont big = m_big->font();
    big.setPointSizeF(big.pointSizeF() * 2.2);
    big.setBold(true);
    m_big->setFont(big);
    m_caption->setObjectName(QStringLiteral("accuracyCaption"));
    m_caption->setWordWrap(true);
    m_where->setObjectName(QStringLiteral("progressText"));
    m_where->setWordWrap(true);
    m_where->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_progress->setObjectName(QStringLiteral("runProgress"));
    m_progress->setAccessibleName(tr("Progress of the training"));
    m_progress->setRange(0, 1000);
    m_progress->setMaximumHeight(fontMetrics().height());
    m_pause->setObjectName(QStringLiteral("pauseRunButton"));
    m_pause->setToolTip(tr("Wait between two steps; nothing is lost"));
    m_stop->setObjectName(QStringLiteral("stopRunButton"));
    m_stop->setToolTip(tr("Save and stop; the run can go on later"));
    m_stop->setIcon(icon(IconId::Stop));
    m_again->setObjectName(QStringLiteral("trainAgainButton"));
    m_again->setToolTip(tr("Start a new run with the present data, model and options"));
    auto* middle = new QVBoxLayout;
    middle->setSpacing(2);
    middle->addWidget(m_where);
    middle->addWidget(m_progress);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_big);
    row->addSpacing(4);
    row->addWidget(m_caption, 2);
    row->addLayout(middle, 3);
    row->addWidget(m_pause);
    row->addWidget(m_stop);
    row->addWidget(m_again);
    connect(m_pause, &QPushButton::clicked, this, [this] {
        if (m_run->snapshot().state == RunState::Paused) {
            m_run->resume();
        } else {
            m_run->pause();
        }
    });
    connect(m_stop, &QPushButton::clicked, this, [this] {
        m_stopping = true;
        m_run->stop();
        showProgress();
    });
    connect(m_again, &QPushButton::clicked, m_run, &RunBridge::start);
}

void RunHeadline::runStarted() {
    m_stopping = false;
}

void RunHeadline::refresh(const RunRecord* record, bool live, bool mayTrainAgain) {
    const bool active = m_run->isActive();
    m_pause->setVisible(active);
    m_stop->setVisible(active);
    m_progress->setVisible(active);
    m_again->setVisible(!active && mayTrainAgain);
    const TrainSnapshot now = m_run->snapshot();
    if (active && live) {
        showLive(now);
    } else if (record) {
        showAccuracy(record->bestAccuracy, record->validationCount,
                     record->bestAccuracy < 0 ? tr("This run has no accuracy yet.")
                     : record->bestIsQuick()  ? tr(", quick model")
                                              : tr(", round %1").arg(record->bestEpoch));
    } else {
        showAccuracy(-1, 0,
                     tr("Press Train: the accuracy on pictures that the network did not "
                        "learn from appears here."));
    }
    if (active) {
        showProgress();
    } else {
        m_where->setText(record ? tr("%1: %2").arg(CoreTexts::tr(record->name),
                                                   Texts::state(record->state).toLower())
                                : QString());
    }
}

// The quick model's figure is the first; the best epoch takes its place when it is better.
void RunHeadline::showLive(const TrainSnapshot& now) {
    if (now.bestAccuracy >= 0) {
        showAccuracy(now.bestAccuracy, now.validationCount,
                     now.bestEpoch > 0 ? QString() : tr(": quick model ready, improving"));
    } else if (now.quickAccuracy >= 0) {
        showAccuracy(now.quickAccuracy, now.quickCount, tr(": first estimate"));
    } else {
        showAccuracy(-1, 0,
                     now.toLookAt > 0
                         ? tr("A quick model is made first; its accuracy appears in a moment.")
                         : tr("Accuracy appears after the first round."));
    }
}

void RunHeadline::showAccuracy(double accuracy, std::int64_t count, const QString& caption) {
    const bool any = accuracy >= 0 && count > 0;
    m_big->setVisible(any);
    if (!any) {
        m_caption->setText(caption);
        m_caption->setToolTip({});
        return;
    }
    const auto interval =
        wilsonInterval(std::int64_t(std::llround(accuracy * double(count))), count);
    m_big->setText(Texts::percent(accuracy));
    m_big->setAccessibleName(tr("Validation accuracy %1").arg(Texts::percent(accuracy)));
    m_caption->setText(
        tr("right on %1 validation pictures (%2)%3")
            .arg(Texts::count(count), Texts::percentRange(interval[0], interval[1]), caption));
    m_caption->setToolTip(
        tr("Best validation accuracy so far. With other pictures of the same kind it would lie "
           "between these bounds in 95 of 100 cases (Wilson interval). The best round was chosen "
           "on these very pictures, so it is slightly optimistic. The quick model is the network "
           "as it came with a new head (logistic regression); training goes on from it, and a "
           "round takes its place only when it is better."));
}

void RunHeadline::showProgress() {
    const TrainSnapshot now = m_run->snapshot();
    const bool paused = now.state == RunState::Paused;
    m_pause->setText(paused ? tr("&Resume") : tr("&Pause"));
    m_pause->setIcon(icon(paused ? IconId::Play : IconId::Pause));
    m_pause->setEnabled(!m_stopping);
    m_stop->setEnabled(!m_stopping);
    m_progress->setValue(now.toLookAt > 0    ? int(1000 * now.lookedAt / now.toLookAt)
                         : now.stepCount > 0 ? int(1000 * now.step / now.stepCount)
                                             : 0);
    if (m_stopping) {
        m_where->setText(tr("Saving and stopping …"));
        return;
    }
    QStringList parts;
    parts << (paused                 ? tr("Paused")
              : now.activity.empty() ? tr("Preparing")
                                     : CoreTexts::tr(now.activity));
    if (now.toLookAt > 0) {
        parts << tr("%1 of %2").arg(Texts::count(now.lookedAt), Texts::count(now.toLookAt));
    } else if (now.epochCount > 0) {
        parts << tr("round %1 of %2").arg(now.epoch).arg(now.epochCount);
        if (!paused) {
            parts << Texts::timeLeft(now.secondsLeft);
        }
        if (!paused && now.imagesPerSecond > 0) {
            parts << tr("%1 pictures/s").arg(Texts::rate(now.imagesPerSecond));
        }
        if (now.cacheHits >= 0) {
            parts << tr("%1 of the features from the cache (%2)")
                         .arg(Texts::percent(now.cacheHits, 0),
                              Texts::bytes(double(now.cacheBytes)));
        }
    }
    m_where->setText(parts.join(QStringLiteral(", ")));
}

}  // namespace graft::ui
