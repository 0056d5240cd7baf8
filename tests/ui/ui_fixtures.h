// What the tests of the window share: small folders of pictures, projects made from them, settings
// and data folders of their own, so that a test never sees the user's. Thread: GUI.
#pragma once

#include "core/data/importers/importer.h"
#include "core/project/project.h"

#include <QDir>
#include <QElapsedTimer>
#include <QImage>
#include <QPainter>
#include <QTemporaryDir>
#include <QtTest>

namespace graft::test {

/// For initMain(): before QApplication looks at the user's folders.
inline void useOwnFolders() {
    static QTemporaryDir home;
    for (const char* name : {"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"}) {
        qputenv(name, QString(home.path() + QLatin1Char('/') + QLatin1String(name)).toLocal8Bit());
    }
}

/// A picture that is different for each class and number.
inline void writePicture(const QString& path, int shade, int number) {
    QImage image(48, 40, QImage::Format_RGB32);
    image.fill(QColor::fromHsv(shade * 47 % 360, 160, 200));
    QPainter painter(&image);
    painter.fillRect(number % 30, (number * 7) % 25, 9, 9, Qt::white);
    painter.fillRect(2, 2, 1 + number % 40, 3, Qt::black);
    painter.end();
    QVERIFY2(image.save(path), qPrintable(path));
}

/// One folder per class below `root`, `count` pictures each.
inline void writeFolder(const QString& root, const QStringList& classes, int count) {
    for (int c = 0; c < classes.size(); ++c) {
        QDir().mkpath(root + QLatin1Char('/') + classes[c]);
        for (int i = 0; i < count; ++i) {
            writePicture(QStringLiteral("%1/%2/%3.png")
                             .arg(root, classes[c])
                             .arg(i, 3, 10, QLatin1Char('0')),
                         c, i);
        }
    }
}

/// A project of the folder, as the window would make it.
inline std::unique_ptr<Project> makeProject(const QString& path, const QString& folder) {
    Progress progress;
    auto dataset = importDataset(folder.toStdString(), ImportOptions(), progress);
    if (!dataset) {
        qWarning("%s", dataset.error().text().c_str());
        return nullptr;
    }
    auto project = Project::create(path.toStdString());
    if (!project) {
        qWarning("%s", project.error().text().c_str());
        return nullptr;
    }
    if (const Status set = (*project)->setDataset(std::move(*dataset)); !set) {
        qWarning("%s", set.error().text().c_str());
        return nullptr;
    }
    return std::move(*project);
}

}  // namespace graft::test
