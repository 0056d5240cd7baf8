// Dialogs: the one seam for file pickers and questions, so that a test can answer them in advance
// and no page opens a modal box on its own. Thread: GUI.
#pragma once

#include <QString>
#include <QStringList>

class QWidget;

namespace graft::ui {

class Dialogs {
 public:
    /// Each returns the chosen path or text, "" when the person cancelled.
    static QString pickFolder(QWidget* parent, const QString& title, const QString& startDir = {});
    static QString pickFile(QWidget* parent, const QString& title, const QString& startDir = {},
                            const QString& filter = {});
    static QString pickSaveFile(QWidget* parent, const QString& title, const QString& startDir = {},
                                const QString& filter = {});
    static QString askText(QWidget* parent, const QString& question, const QString& initial = {});
    /// Index of the button that was pressed, -1 when the box was closed. The first is the default.
    static int ask(QWidget* parent, const QString& question, const QStringList& buttons);

    /// Presets the next answers, in order; a path answers the next picker of any kind, "" cancels.
    /// While any script was set, a question without a preset answer counts as cancelled.
    static void scriptPath(const QString& path);
    static void scriptText(const QString& text);
    static void scriptAnswer(int button);
    static void clearScript();
    /// Titles and questions asked since clearScript(), while a script is on.
    static QStringList asked();
};

}  // namespace graft::ui
