// The file dialogs of the main window. Each blocks until the person has chosen and returns "" when
// nothing was. Thread: GUI.
#pragma once

#include "ui/bridge/app_settings.h"

#include <QCoreApplication>
#include <QString>

class QWidget;

namespace graft::ui {

class PathPickers {
    Q_DECLARE_TR_FUNCTIONS(graft::ui::PathPickers)

 public:
    /// Begins where the last one was picked, and remembers that.
    static QString picturesFolder(QWidget* parent, AppSettings& settings);
    static QString projectFile(QWidget* parent);
    static QString movedFolder(QWidget* parent);
};

}  // namespace graft::ui
