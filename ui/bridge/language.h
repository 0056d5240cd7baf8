// Language: which language the window speaks, and its translators (Graft's own and Qt's). Separate,
// because it has to be set before the first widget is made. Thread: GUI.
#pragma once

#include <QLocale>
#include <QString>
#include <QStringList>

namespace graft::ui {

class Language {
 public:
    /// Codes of the languages that Graft speaks, "en" first.
    static QStringList codes();
    /// The language's own name for itself: "English", "简体中文".
    static QString nativeName(const QString& code);
    /// The code that `setting` ("" as the system, else a code) means on a system that prefers
    /// `uiLanguages` (as QLocale::uiLanguages()). "en" where Graft speaks none of them.
    static QString effective(const QString& setting, const QStringList& uiLanguages);
    /// Installs the translators, number format and fonts of the language. Takes effect on widgets
    /// that are made afterwards.
    static void apply(const QString& setting);
    /// What apply() chose last; "en" before.
    static QString current();
};

}  // namespace graft::ui
