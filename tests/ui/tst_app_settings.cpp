// Settings survive a restart, and no damage to their file stops the start.
#include "ui/bridge/app_settings.h"

#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft::ui;

class TestAppSettings : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    QString file(const char* name) const { return m_folder.filePath(QLatin1String(name)); }
    static QByteArray read(const QString& path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static void write(const QString& path, const QByteArray& bytes) {
        QFile out(path);
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(bytes);
    }

 private Q_SLOTS:
    void remembers() {
        const QString path = file("remember.ini");
        const QString project = file("a.graft");
        write(project, "x");
        {
            AppSettings settings(path);
            QSignalSpy changed(&settings, &AppSettings::themeChanged);
            settings.setTheme(ThemeChoice::Dark);
            QCOMPARE(changed.count(), 1);
            settings.setBytes(QStringLiteral("window/geometry"), QByteArray("\0\1\2", 3));
            settings.setNumber(QStringLiteral("n"), 42);
            settings.addRecent({project, QStringLiteral("/pictures"), QStringLiteral("new"),
                                QStringLiteral("Run 3"), 93, 5, 300, QStringLiteral("/p.png")});
            settings.addRecent({file("gone.graft"), {}, {}});
            settings.setLanguage(QStringLiteral("zh_CN"));
        }
        const AppSettings settings(path);
        QCOMPARE(settings.theme(), ThemeChoice::Dark);
        QCOMPARE(settings.bytes(QStringLiteral("window/geometry")), QByteArray("\0\1\2", 3));
        QCOMPARE(settings.number(QStringLiteral("n"), 7, 0, 100), 42);
        QCOMPARE(settings.number(QStringLiteral("n"), 7, 0, 10), 7);
        QCOMPARE(settings.recent().size(), 1);  // the one that is gone is not offered
        const RecentProject kept = settings.recent().first();
        QCOMPARE(kept.state, QStringLiteral("new"));
        QCOMPARE(kept.run, QStringLiteral("Run 3"));
        QCOMPARE(kept.number, 93);
        QCOMPARE(kept.classes, 5);
        QCOMPARE(kept.pictures, 300);
        QCOMPARE(kept.picture, QStringLiteral("/p.png"));
        QCOMPARE(settings.language(), QStringLiteral("zh_CN"));
    }
    void recentOrder() {
        AppSettings settings(file("order.ini"));
        for (int i = 0; i < 14; ++i) {
            const QString path = file("p") + QString::number(i);
            write(path, "x");
            settings.addRecent({path, {}, {}});
        }
        settings.addRecent({file("p9"), {}, QStringLiteral("again")});
        const auto list = settings.recent();
        QCOMPARE(list.size(), 10);
        QCOMPARE(list[0].path, file("p9"));
        QCOMPARE(list[1].path, file("p13"));
        settings.removeRecent(file("p13"));
        QCOMPARE(settings.recent()[0].path, file("p9"));
        QCOMPARE(settings.recent()[1].path, file("p12"));
    }
    void damaged() {
        const QString path = file("damaged.ini");
        write(path, QByteArray("\x89PNG\r\n\0\0garbage", 16));
        AppSettings settings(path);
        QVERIFY(!settings.damagedFile().isEmpty());
        QVERIFY(read(settings.damagedFile()).startsWith("\x89PNG"));  // kept aside
        QCOMPARE(settings.theme(), ThemeChoice::System);
        settings.setTheme(ThemeChoice::Light);
    }
    void mutated() {
        const QString path = file("whole.ini");
        const QString project = file("m.graft");
        write(project, "x");
        {
            AppSettings settings(path);
            settings.setTheme(ThemeChoice::Light);
            settings.addRecent({project, QStringLiteral("/pictures"), QStringLiteral("ö%1")});
            settings.setBytes(QStringLiteral("window/geometry"), QByteArray(60, 'g'));
        }
        const QByteArray whole = read(path);
        QVERIFY(whole.size() > 100);
        QRandomGenerator random(7);
        for (int i = 0; i < 120; ++i) {
            QByteArray bytes = whole;
            for (int k = 0; k <= i % 8; ++k) {
                bytes[random.bounded(int(bytes.size()))] = char(random.bounded(256));
            }
            if (i % 3 == 0) {
                bytes.truncate(random.bounded(int(bytes.size())));
            }
            const QString copy = file("mutated.ini");
            write(copy, bytes);
            AppSettings settings(copy);  // must neither crash nor hang
            settings.recent();
            settings.bytes(QStringLiteral("window/geometry"));
            settings.setTheme(ThemeChoice::Dark);
            QCOMPARE(settings.theme(), ThemeChoice::Dark);
        }
    }
};

QTEST_MAIN(TestAppSettings)
#include "tst_app_settings.moc"
