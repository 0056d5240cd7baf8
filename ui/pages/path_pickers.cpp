#include "ui/pages/path_pickers.h"

#include "ui/bridge/project_opener.h"
#include "ui/widgets/dialogs.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace graft::ui {

QString PathPickers::picturesFolder(QWidget* parent, AppSettings& settings) {
    const QString key = QStringLiteral("lastFolder");
    QString start = settings.text(key);
    for (const auto place : {QStandardPaths::PicturesLocation, QStandardPaths::HomeLocation}) {
        if (start.isEmpty() || !QDir(start).exists()) {
            start = QStandardPaths::writableLocation(place);
        }
    }
    const QString folder = Dialogs::pickFolder(parent, tr("Open a folder of images"), start);
    if (!folder.isEmpty()) {
        settings.setText(key, QFileInfo(folder).absolutePath());
    }
    return folder;
}

QString PathPickers::projectFile(QWidget* parent) {
    return Dialogs::pickFile(parent, tr("Open a project"), ProjectOpener::projectsFolder(),
                             tr("Graft projects (*.graft)"));
}

QString PathPickers::movedFolder(QWidget* parent) {
    return Dialogs::pickFolder(parent, tr("Where are the pictures now?"));
}

}  // namespace graft::ui
