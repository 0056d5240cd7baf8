// Whether the desktop is dark: asked of a portal that the test plays, on a bus of its own.
#include "ui/bridge/desktop_theme.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QProcess>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QtTest>

using namespace graft::ui;

/// As xdg-desktop-portal answers.
class Portal : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")
 public:
    uint scheme = 1;
    int asked = 0;

 public Q_SLOTS:
    QDBusVariant Read(const QString& group, const QString& key) {
        ++asked;
        const bool known = group == QLatin1String("org.freedesktop.appearance") &&
                           key == QLatin1String("color-scheme");
        return QDBusVariant(QVariant::fromValue(QDBusVariant(known ? scheme : 99u)));
    }
};

class TestDesktopTheme : public QObject {
    Q_OBJECT
    QProcess m_bus;
    Portal m_portal;

 private Q_SLOTS:
    void initTestCase() {
        const QString daemon = QStandardPaths::findExecutable(QStringLiteral("dbus-daemon"));
        if (daemon.isEmpty()) {
            QSKIP("dbus-daemon is not installed");
        }
        m_bus.start(daemon, {QStringLiteral("--session"), QStringLiteral("--nofork"),
                             QStringLiteral("--print-address")});
        QVERIFY(m_bus.waitForReadyRead(10'000));
        qputenv("DBUS_SESSION_BUS_ADDRESS", m_bus.readLine().trimmed());
        QDBusConnection bus = QDBusConnection::connectToBus(
            QString::fromLatin1(qgetenv("DBUS_SESSION_BUS_ADDRESS")), QStringLiteral("portal"));
        QVERIFY(bus.isConnected());
        QVERIFY(bus.registerObject(QStringLiteral("/org/freedesktop/portal/desktop"), &m_portal,
                                   QDBusConnection::ExportAllSlots));
        QVERIFY(bus.registerService(QStringLiteral("org.freedesktop.portal.Desktop")));
    }
    void cleanupTestCase() {
        m_bus.terminate();
        m_bus.waitForFinished(5'000);
    }
    void asksTheDesktop() {
        DesktopTheme desktop;
        QSignalSpy changed(&desktop, &DesktopTheme::changed);
        QTRY_COMPARE(changed.count(), 1);
        QCOMPARE(m_portal.asked, 1);
        QCOMPARE(desktop.dark(), std::optional<bool>(true));
    }
    void paletteFollows() {
        Theme::setDesktopDark(true);
        Theme::apply(ThemeChoice::System);
        QVERIFY(Theme::isDark(QApplication::palette()));
        Theme::apply(ThemeChoice::Light);  // the person's choice goes first
        QVERIFY(!Theme::isDark(QApplication::palette()));
        Theme::setDesktopDark(false);
        Theme::apply(ThemeChoice::System);
        QVERIFY(!Theme::isDark(QApplication::palette()));
        Theme::setDesktopDark({});
    }
};

QTEST_MAIN(TestDesktopTheme)
#include "tst_desktop_theme.moc"
