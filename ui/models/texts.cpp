#include "ui/models/texts.h"

#include "ui/bridge/core_texts.h"

#include <QDateTime>
#include <QFileInfo>
#include <QLocale>

#include <cmath>

namespace graft::ui {

QString Texts::percent(double share, int decimals) {
    double shown = share * 100;
    // Never round an imperfect result up to perfect.
    const double unit = std::pow(10.0, -decimals);
    if (share < 1 && shown > 100 - unit / 2) {
        shown = 100 - unit;
    } else if (share > 0 && shown < unit / 2) {
        shown = unit;
    }
    const bool whole = share == 0 || share == 1;
    return tr("%1 %").arg(QLocale().toString(shown, 'f', whole ? 0 : decimals));
}

QString Texts::percentRange(double low, double high) {
    return tr("%1 to %2 %")
        .arg(QLocale().toString(std::floor(low * 100), 'f', 0),
             QLocale().toString(std::ceil(high * 100), 'f', 0));
}

QString Texts::duration(double seconds) {
    if (seconds < 10) {
        return tr("less than 10 s");
    }
    if (seconds < 55) {
        return tr("about %1 s").arg(int(std::ceil(seconds / 10)) * 10);
    }
    if (seconds < 3600) {
        return tr("about %1 min").arg(std::max(1, int(std::lround(seconds / 60))));
    }
    const int minutes = int(std::lround(seconds / 300)) * 5;
    return tr("about %1 h %2 min").arg(minutes / 60).arg(minutes % 60);
}

QString Texts::timeLeft(double seconds) {
    return seconds < 0 ? tr("estimating the time") : tr("%1 left").arg(duration(seconds));
}

QString Texts::count(std::int64_t value) {
    return QLocale().toString(qlonglong(value));
}

QString Texts::bytes(double bytes) {
    constexpr double kGigabyte = 1e9;
    if (bytes >= kGigabyte) {
        return tr("%1 GB").arg(QLocale().toString(bytes / kGigabyte, 'f', 1));
    }
    const double mb = bytes / 1e6;
    return tr("%1 MB").arg(QLocale().toString(mb, 'f', mb < 100 ? 1 : 0));
}

QString Texts::rate(double value) {
    return QLocale().toString(value, 'g', 3);
}

QString Texts::localTime(const std::string& utc) {
    const QDateTime time = QDateTime::fromString(from(utc), Qt::ISODate);
    if (!time.isValid()) {
        return from(utc);
    }
    return QLocale().toString(time.toLocalTime(), tr("d MMM yyyy, HH:mm"));
}

QString Texts::state(RunState state) {
    switch (state) {
        case RunState::Created:
            return tr("Not started");
        case RunState::Running:
            return tr("Running");
        case RunState::Paused:
            return tr("Paused");
        case RunState::Finished:
            return tr("Finished");
        case RunState::Stopped:
            return tr("Stopped");
        case RunState::Failed:
            return tr("Failed");
        case RunState::Interrupted:
            return tr("Interrupted");
    }
    return {};
}

QString Texts::split(Split split) {
    switch (split) {
        case Split::Train:
            return tr("training pictures");
        case Split::Validation:
            return tr("validation pictures");
        case Split::Test:
            return tr("test pictures");
        case Split::None:
            break;
    }
    return tr("pictures without a split");
}

QString Texts::error(const Error& error) {
    return CoreTexts::joined(CoreTexts::tr(error.message), CoreTexts::tr(error.hint));
}

QString Texts::recent(const RecentProject& project) {
    const QString run = CoreTexts::tr(project.run);
    if (project.state == QLatin1String("finished")) {
        return tr("%1: %2 % right").arg(run).arg(project.number);
    }
    if (project.state == QLatin1String("failed")) {
        return tr("%1: failed in round %2").arg(run).arg(project.number + 1);
    }
    if (project.state == QLatin1String("stopped")) {
        return tr("%1: stopped after round %2, can go on").arg(run).arg(project.number);
    }
    return tr("%1 classes, %2 pictures").arg(project.classes).arg(count(project.pictures));
}

QString Texts::event(const TrainEvent& event) {
    using Kind = TrainEvent::Kind;
    const QString text = CoreTexts::tr(event.text);
    switch (event.kind) {
        case Kind::QuickModelReady:
            return text;
        case Kind::Started:
            return text.isEmpty() ? tr("Training started.") : text;
        case Kind::Paused:
            return event.error.message.empty() ? tr("Paused.")
                                               : tr("Paused: %1").arg(error(event.error));
        case Kind::Resumed:
            return tr("Going on.");
        case Kind::EditApplied:
            return tr("Changed before step %1: %2.")
                .arg(count(event.edit.step), CoreTexts::tr(commandText(event.edit.command)));
        case Kind::EditRejected:
            return tr("Not changed: %1").arg(error(event.error));
        case Kind::CheckpointWritten:
            return event.best ? tr("Saved as the best so far.")
                              : tr("Saved (%1).").arg(QFileInfo(from(event.path)).fileName());
        case Kind::EpochFinished:
            return tr("Round %1 is done.").arg(event.epoch);
        case Kind::Problem:
            return tr("Left out %1: %2").arg(from(event.problem.path), CoreTexts::tr(event.problem.message));
        case Kind::Notice:
            return text;
        case Kind::Finished:
            return text.isEmpty() ? tr("Finished.") : tr("Finished: %1").arg(text);
        case Kind::Stopped:
            return tr("Stopped and saved. It can go on from here.");
        case Kind::Failed:
            return tr("Failed: %1").arg(error(event.error));
    }
    return {};
}

}  // namespace graft::ui
