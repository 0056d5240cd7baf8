// CoreTexts: texts that core made, in the language of the window. Core knows no languages and puts
// its sentences together with what they are about, so a sentence is recognised by the pattern it
// was made from ("%1 was not found."), and its parts are put into the translated pattern.
// `core_texts_list.inc` lists the patterns; a test compares it with the sources of core.
// Thread: any.
#pragma once

#include <QString>
#include <QStringList>

#include <string>

namespace graft::ui {

class CoreTexts {
 public:
    /// The text in the window's language; what is not known stays as it is.
    static QString tr(const QString& english);
    static QString tr(const std::string& english) { return tr(QString::fromStdString(english)); }
    static QString tr(const char* english) { return tr(QString::fromUtf8(english)); }
    /// Two sentences beside each other: languages differ in what stands between.
    static QString joined(const QString& first, const QString& second);
    /// The patterns, for the test.
    static QStringList patterns();
};

}  // namespace graft::ui
