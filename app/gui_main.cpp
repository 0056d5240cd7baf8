// The window of Graft: sets libraries, theme and settings up and opens what the command line names.
#include "core/engine/engine.h"
#include "ui/bridge/app_settings.h"
#include "ui/bridge/desktop_theme.h"
#include "ui/bridge/heartbeat.h"
#include "ui/bridge/language.h"
#include "ui/pages/main_window.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QCommandLineParser>

#include <memory>

int main(int argc, char** argv) {
    graft::engine::initialize();
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(
        Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QCoreApplication::setApplicationName(QStringLiteral("Graft"));
    QCoreApplication::setApplicationVersion(QStringLiteral(GRAFT_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("graft"));
    const QApplication app(argc, argv);
    graft::ui::AppSettings settings;
    graft::ui::Language::apply(settings.language());

    QCommandLineParser parser;
    parser.setApplicationDescription(QCoreApplication::translate(
        "main",
        "Graft teaches a trained network your own kinds of pictures, in a window.\n"
        "Without a window, the program graft-cli does the same."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(
        QStringLiteral("path"),
        QCoreApplication::translate("main", "A folder of pictures or a .graft project to open."),
        QStringLiteral("[path]"));
    parser.process(app);

    graft::ui::Theme::apply(settings.theme());
    const graft::ui::DesktopTheme desktop;
    QObject::connect(&desktop, &graft::ui::DesktopTheme::changed, &settings, [&] {
        graft::ui::Theme::setDesktopDark(desktop.dark());
        graft::ui::Theme::apply(settings.theme());
    });
    const graft::ui::Heartbeat heartbeat(qEnvironmentVariable("GRAFT_HEARTBEAT"));
    QString path = parser.positionalArguments().value(0);
    int code = 0;
    do {
        graft::ui::Language::apply(settings.language());
        graft::ui::MainWindow window(&settings);
        window.show();
        if (!path.isEmpty()) {
            window.openPath(path);
        }
        code = QApplication::exec();
        path = window.projectPath();
    } while (code == graft::ui::MainWindow::kMakeAnew);
    return code;
}
