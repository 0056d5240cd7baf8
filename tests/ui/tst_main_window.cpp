// The window: opening a folder makes a project without a question, the same folder opens the same
// project again, changes on disk are told, a moved folder is found, the last page comes back.
#include "ui_fixtures.h"

#include "ui/pages/main_window.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/sidebar.h"

#include <QAction>
#include <QDropEvent>
#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>

using namespace graft;
using namespace graft::ui;

class TestMainWindow : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    struct Running {
        AppSettings settings;
        MainWindow window{&settings};
        Running() { window.show(); }
        ~Running() { window.close(); }
        template <class T>
        T* find(const char* name) {
            return window.findChild<T*>(QLatin1String(name));
        }
        void click(const char* name) {
            QTest::mouseClick(find<QAbstractButton>(name), Qt::LeftButton);
        }
        bool opened(const QString& name) {
            return window.document()->isOpen() && !window.opener()->busy() &&
                   window.document()->project().name() == name.toStdString();
        }
        QString messages() { return window.messages()->texts().join(QLatin1Char('\n')); }
    };
    QString pictures(const char* name) {
        const QString root = m_folder.filePath(QLatin1String(name));
        test::writeFolder(root, {QStringLiteral("ants"), QStringLiteral("bees")}, 8);
        return root;
    }

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void cleanup() { Dialogs::clearScript(); }

    void startsOnTheStartPage() {
        Running r;
        QCOMPARE(r.window.currentPage(), PageId::Start);
        QVERIFY(r.find<QPushButton>("openFolderButton")->isVisible());
        QVERIFY(r.find<QPushButton>("trySampleButton")->isVisible());
        QVERIFY(r.find<QPushButton>("primaryButton")->isHidden());
        QVERIFY(!r.find<QToolButton>("pauseButton")->isVisible());
        QVERIFY(!r.find<QAbstractButton>("placeData")->isEnabled());
        QVERIFY(!r.find<QLabel>("deviceLabel")->text().isEmpty());
    }
    void folderBecomesAProject() {
        const QString root = pictures("insects");
        QString path;
        {
            Running r;
            Dialogs::scriptPath(root);
            r.click("openFolderButton");
            QTRY_VERIFY(r.opened(QStringLiteral("insects")));
            QCOMPARE(r.window.currentPage(), PageId::Data);
            QCOMPARE(r.window.document()->dataset().samples.size(), std::size_t(16));
            QCOMPARE(r.find<QPushButton>("primaryButton")->text().remove(QLatin1Char('&')),
                     QStringLiteral("Train"));
            QVERIFY(r.find<QPushButton>("primaryButton")->isEnabled());
            QCOMPARE(Dialogs::asked().size(), 1);  // the file dialog and nothing else
            path = QString::fromStdString(r.window.document()->project().path());
            QVERIFY(path.startsWith(ProjectOpener::projectsFolder()));
            r.click("placeAugment");
            QCOMPARE(r.window.currentPage(), PageId::Augment);
        }
        // The same folder again: the same project, on the page it was left on.
        Running again;
        QCOMPARE(again.find<QListWidget>("recentList")->count(), 1);
        again.window.openPath(root);
        QTRY_VERIFY(again.opened(QStringLiteral("insects")));
        QCOMPARE(QString::fromStdString(again.window.document()->project().path()), path);
        QCOMPARE(again.window.currentPage(), PageId::Augment);
        // Another folder of the same name: another project.
        const QString other = pictures("elsewhere/insects");
        again.window.openPath(other);
        QTRY_VERIFY(again.opened(QStringLiteral("insects 2")));
    }
    void problemsAreSaid() {
        Running r;
        const QString empty = m_folder.filePath(QStringLiteral("empty"));
        QDir().mkpath(empty);
        r.window.openPath(empty);
        QTRY_VERIFY(!r.window.opener()->busy() && !r.messages().isEmpty());
        QCOMPARE(r.window.currentPage(), PageId::Start);
        QVERIFY(!r.window.document()->isOpen());
        QVERIFY(
            !QFileInfo::exists(ProjectOpener::projectsFolder() + QStringLiteral("/empty.graft")));
        QFile text(m_folder.filePath(QStringLiteral("text.graft")));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("hello");
        text.close();
        r.window.messages()->clear();
        r.window.openPath(text.fileName());
        QTRY_VERIFY(!r.window.opener()->busy() && !r.messages().isEmpty());
        r.window.messages()->clear();
        r.window.openPath(m_folder.filePath(QStringLiteral("nowhere")));
        QTRY_VERIFY(!r.window.opener()->busy() && !r.messages().isEmpty());
    }
    void cancelLeavesNothing() {
        const QString root = pictures("cancelled");
        Running r;
        r.window.openPath(root);
        QVERIFY(r.window.opener()->busy());
        r.window.opener()->cancel();
        QTRY_VERIFY(!r.window.opener()->busy());
        QVERIFY(!r.window.document()->isOpen());
        QVERIFY(r.messages().isEmpty());  // cancelled is an outcome, not a fault
    }
    void dropOpens() {
        const QString root = pictures("dropped");
        Running r;
        QMimeData mime;
        mime.setUrls({QUrl::fromLocalFile(root)});
        QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &mime, Qt::LeftButton,
                              Qt::NoModifier);
        QApplication::sendEvent(&r.window, &enter);
        QVERIFY(enter.isAccepted());
        QVERIFY(r.find<QWidget>("dropOverlay")->isVisible());
        QDropEvent drop(QPointF(100, 100), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&r.window, &drop);
        QVERIFY(!r.find<QWidget>("dropOverlay")->isVisible());
        QTRY_VERIFY(r.opened(QStringLiteral("dropped")));
        QMimeData textOnly;
        textOnly.setText(QStringLiteral("hello"));
        QDragEnterEvent refused(QPoint(100, 100), Qt::CopyAction, &textOnly, Qt::LeftButton,
                                Qt::NoModifier);
        refused.ignore();
        QApplication::sendEvent(&r.window, &refused);
        QVERIFY(!refused.isAccepted());
    }
    void changedFolderIsTold() {
        const QString root = pictures("changing");
        {
            Running r;
            r.window.openPath(root);
            QTRY_VERIFY(r.opened(QStringLiteral("changing")));
        }
        test::writePicture(root + QStringLiteral("/ants/new1.png"), 3, 33);
        test::writePicture(root + QStringLiteral("/bees/new2.png"), 4, 34);
        QVERIFY(QFile::remove(root + QStringLiteral("/bees/001.png")));
        Running r;
        r.window.openPath(root);
        QTRY_VERIFY(r.opened(QStringLiteral("changing")));
        QTRY_VERIFY(r.messages().contains(QStringLiteral("2 pictures were added")));
        QVERIFY(r.messages().contains(QStringLiteral("one was removed")));
        QCOMPARE(r.window.document()->dataset().samples.size(), std::size_t(16));
        r.find<QPushButton>("messageAction")->click();
        QTRY_COMPARE(r.window.document()->dataset().samples.size(), std::size_t(17));
    }
    void movedFolderIsFound() {
        const QString root = pictures("moving");
        QString project;
        {
            Running r;
            r.window.openPath(root);
            QTRY_VERIFY(r.opened(QStringLiteral("moving")));
            project = QString::fromStdString(r.window.document()->project().path());
        }
        const QString now = m_folder.filePath(QStringLiteral("moved away"));
        QVERIFY(QDir().rename(root, now));
        Running r;
        r.window.openPath(project);
        QTRY_VERIFY(r.opened(QStringLiteral("moving")));
        QTRY_VERIFY(r.messages().contains(QStringLiteral("is not there")));
        Dialogs::scriptPath(now);
        r.find<QPushButton>("messageAction")->click();
        QTRY_COMPARE(QString::fromStdString(r.window.document()->dataset().root), now);
    }
    void secondWindowReadsOnly() {
        const QString root = pictures("shared");
        Running first;
        first.window.openPath(root);
        QTRY_VERIFY(first.opened(QStringLiteral("shared")));
        Running second;
        second.window.openPath(root);
        QTRY_VERIFY(second.opened(QStringLiteral("shared")));
        QVERIFY(second.window.document()->project().readOnly());
        QTRY_VERIFY(second.messages().contains(QStringLiteral("open in another window")));
        QVERIFY(!second.find<QPushButton>("primaryButton")->isEnabled());
        QVERIFY(!first.window.document()->project().readOnly());
    }
    void undoNamesWhatItDoes() {
        const QString root = pictures("undoing");
        Running r;
        r.window.openPath(root);
        QTRY_VERIFY(r.opened(QStringLiteral("undoing")));
        auto* undo = r.find<QAction>("undoAction");
        QVERIFY(!undo->isEnabled());
        ProjectDocument* document = r.window.document();
        const ClassId bees = document->dataset().classes[1].id;
        const SampleId first = document->dataset().samples[0].id;
        QVERIFY(document->setLabel({first}, bees));
        QVERIFY(undo->isEnabled());
        QVERIFY(undo->text().contains(QStringLiteral("bees")));
        undo->trigger();
        QVERIFY(document->dataset().samples[0].label != bees);
        QVERIFY(r.find<QAction>("redoAction")->isEnabled());
    }
    void themesFollow() {
        Running r;
        r.find<QAction>("themeDark")->trigger();
        QTRY_VERIFY(r.window.palette().color(QPalette::Window).lightness() < 100);
        r.find<QAction>("themeLight")->trigger();
        QTRY_VERIFY(r.window.palette().color(QPalette::Window).lightness() > 200);
    }
    void anotherLanguageMakesTheWindowAnew() {
        const QString root = pictures("speaks");
        Running r;
        r.window.openPath(root);
        QTRY_VERIFY(r.opened(QStringLiteral("speaks")));
        QTimer::singleShot(0, &r.window,
                           [&r] { r.find<QAction>("language_zh_CN")->trigger(); });
        QCOMPARE(QApplication::exec(), MainWindow::kMakeAnew);
        QCOMPARE(r.settings.language(), QStringLiteral("zh_CN"));
        // What the next window opens.
        QVERIFY(r.window.projectPath().endsWith(QStringLiteral("speaks.graft")));
        r.settings.setLanguage({});
    }
    void recentProjectsShowStateAndPicture() {
        const QString root = pictures("seen");
        {
            Running r;
            r.window.openPath(root);
            QTRY_VERIFY(r.opened(QStringLiteral("seen")));
        }
        Running r;
        auto* list = r.find<QListWidget>("recentList");
        QListWidgetItem* item = list->item(0);
        QVERIFY2(item->text().contains(QStringLiteral("2 classes, 16 pictures")),
                 qPrintable(item->text()));
        const auto blue = [item, list] {
            const QImage image = item->icon().pixmap(list->iconSize()).toImage();
            return image.pixelColor(image.rect().center()).saturation();
        };
        QTRY_VERIFY(blue() > 60);  // the picture, which is coloured, in place of the grey square
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
