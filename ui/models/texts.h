// Texts: numbers, states and events as a person reads them; the same words on every page.
// Thread: GUI (translations).
#pragma once

#include "core/project/run_store.h"
#include "core/train/train_messages.h"
#include "ui/bridge/app_settings.h"

#include <QCoreApplication>
#include <QString>

namespace graft::ui {

class Texts {
    Q_DECLARE_TR_FUNCTIONS(graft::ui::Texts)
 public:
    /// 0.934 -> "93.4 %"; "100 %" and "0 %" only when exact.
    static QString percent(double share, int decimals = 1);
    /// "88 to 96 %"
    static QString percentRange(double low, double high);
    /// Rounded for a progress line: "about 3 min", "less than 10 s".
    static QString duration(double seconds);  ///< "about 3 min"
    static QString timeLeft(double seconds);
    static QString count(std::int64_t value);          ///< with the locale's thousands separator
    static QString bytes(double bytes);                ///< "4.9 MB", "12.3 GB"
    static QString rate(double value);                 ///< "0.01", "3e-05"
    static QString localTime(const std::string& utc);  ///< "1 Mar 2026, 13:00"
    static QString state(RunState state);
    static QString split(Split split);              ///< "validation pictures"
    static QString event(const TrainEvent& event);  ///< one sentence for the log, "" for none
    static QString error(const Error& error);       ///< message and hint
    static QString recent(const RecentProject& project);  ///< "Run 3: stopped after epoch 7 ..."
    static QString from(const std::string& utf8) { return QString::fromStdString(utf8); }
};

}  // namespace graft::ui
