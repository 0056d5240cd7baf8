#include "ui/pages/main_menu.h"

#include "ui/bridge/core_texts.h"
#include "ui/bridge/language.h"
#include "ui/models/texts.h"
#include "ui/pages/help.h"
#include "ui/widgets/sidebar.h"

#include <QActionGroup>
#include <QFileInfo>
#include <QMenu>

namespace graft::ui {

namespace {

/// A name in a menu: its '&' is no mnemonic.
QString plain(QString text) {
    return text.replace(QLatin1Char('&'), QLatin1String("&&"));
}

QAction* add(QMenu* menu, const char* objectName, const QString& text, const QKeySequence& keys) {
    QAction* action = menu->addAction(text);
    action->setObjectName(QLatin1String(objectName));
    action->setShortcut(keys);
    return action;
}

}  // namespace

MainMenu::MainMenu(ProjectDocument* document, RunBridge* run, AppSettings* settings,
                   QWidget* parent)
    : QMenuBar(parent), m_document(document), m_run(run), m_settings(settings) {
    buildFile();
    buildEdit();
    buildView();
    buildRun();
    buildHelp();
    connect(document, &ProjectDocument::opened, this, &MainMenu::update);
    connect(document, &ProjectDocument::undoChanged, this, &MainMenu::update);
    connect(run, &RunBridge::started, this, &MainMenu::update);
    connect(run, &RunBridge::finished, this, &MainMenu::update);
    connect(run, &RunBridge::eventArrived, this, &MainMenu::update);
    connect(settings, &AppSettings::recentChanged, this, &MainMenu::fillRecent);
    fillRecent();
    update();
}

void MainMenu::buildFile() {
    QMenu* menu = addMenu(tr("&File"));
    connect(add(menu, "openFolderAction", tr("&Open folder…"), QKeySequence::Open),
            &QAction::triggered, this, &MainMenu::openFolder);
    connect(add(menu, "openProjectAction", tr("Open &project…"),
                QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)),
            &QAction::triggered, this, &MainMenu::openProject);
    connect(add(menu, "trySampleAction", tr("&Try a sample"), {}), &QAction::triggered, this,
            &MainMenu::trySample);
    m_recent = menu->addMenu(tr("&Recent projects"));
    menu->addSeparator();
    m_rescan = add(menu, "rescanAction", tr("&Look for changes in the folder"),
                   QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_R));
    connect(m_rescan, &QAction::triggered, this, &MainMenu::rescan);
    m_findFolder = add(menu, "findFolderAction", tr("&Find the moved folder…"), {});
    connect(m_findFolder, &QAction::triggered, this, &MainMenu::findFolder);
    m_close = add(menu, "closeProjectAction", tr("&Close project"), QKeySequence::Close);
    connect(m_close, &QAction::triggered, this, &MainMenu::closeProject);
    menu->addSeparator();
    connect(add(menu, "quitAction", tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q)),
            &QAction::triggered, this, &MainMenu::quit);
}

void MainMenu::buildEdit() {
    QMenu* menu = addMenu(tr("&Edit"));
    m_undo = add(menu, "undoAction", tr("&Undo"), QKeySequence::Undo);
    m_redo = add(menu, "redoAction", tr("&Redo"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z));
    connect(m_undo, &QAction::triggered, m_document, &ProjectDocument::undo);
    connect(m_redo, &QAction::triggered, m_document, &ProjectDocument::redo);
}

void MainMenu::buildView() {
    QMenu* menu = addMenu(tr("&View"));
    for (int place = 0; place < 6; ++place) {
        QAction* action = menu->addAction(Sidebar::placeName(place));
        action->setShortcut(QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + place)));
        connect(action, &QAction::triggered, this, [this, place] { Q_EMIT goToPlace(place); });
        m_places << action;
    }
    menu->addSeparator();
    QMenu* theme = menu->addMenu(tr("&Theme"));
    auto* group = new QActionGroup(theme);
    const auto choice = [&](const char* name, const QString& text, ThemeChoice value) {
        QAction* action = theme->addAction(text);
        action->setObjectName(QLatin1String(name));
        action->setCheckable(true);
        action->setChecked(m_settings->theme() == value);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, value] { m_settings->setTheme(value); });
    };
    choice("themeSystem", tr("As the &desktop"), ThemeChoice::System);
    choice("themeLight", tr("&Light"), ThemeChoice::Light);
    choice("themeDark", tr("D&ark"), ThemeChoice::Dark);
    buildLanguages(menu);
}

void MainMenu::buildLanguages(QMenu* menu) {
    QMenu* languages = menu->addMenu(tr("&Language"));
    auto* group = new QActionGroup(languages);
    const auto choice = [&](const QString& code, const QString& text) {
        QAction* action = languages->addAction(text);
        action->setObjectName(QStringLiteral("language_") + code);
        action->setCheckable(true);
        action->setChecked(m_settings->language() == code);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, code] { m_settings->setLanguage(code); });
    };
    choice({}, tr("As the &system"));
    for (const QString& code : Language::codes()) {
        choice(code, Language::nativeName(code));
    }
}

void MainMenu::buildRun() {
    QMenu* menu = addMenu(tr("&Run"));
    m_train = add(menu, "trainAction", tr("&Train"), QKeySequence(Qt::Key_F5));
    m_pause = add(menu, "pauseAction", tr("&Pause"), QKeySequence(Qt::Key_F6));
    m_stop = add(menu, "stopAction", tr("&Stop"), QKeySequence(Qt::SHIFT | Qt::Key_F5));
    connect(m_train, &QAction::triggered, this, &MainMenu::train);
    connect(m_pause, &QAction::triggered, this, [this] {
        m_run->snapshot().state == RunState::Paused ? m_run->resume() : m_run->pause();
    });
    connect(m_stop, &QAction::triggered, m_run, &RunBridge::stop);
}

void MainMenu::buildHelp() {
    QMenu* menu = addMenu(tr("&Help"));
    connect(add(menu, "shortcutsAction", tr("&Keys"), QKeySequence(Qt::Key_F1)),
            &QAction::triggered, this, [this] { showShortcuts(window()); });
    connect(add(menu, "aboutAction", tr("&About Graft"), {}), &QAction::triggered, this,
            [this] { showAbout(window()); });
}

void MainMenu::update() {
    const bool open = m_document->isOpen();
    const bool writable = m_document->isWritable();
    const bool active = m_run->isActive();
    const auto named = [](const QString& verb, const std::string& what) {
        return what.empty() ? verb
                            : verb + QStringLiteral(": ") + plain(CoreTexts::tr(what));
    };
    m_undo->setEnabled(writable && m_document->project().canUndo());
    m_redo->setEnabled(writable && m_document->project().canRedo());
    m_undo->setText(named(tr("&Undo"), open ? m_document->project().undoText() : ""));
    m_redo->setText(named(tr("&Redo"), open ? m_document->project().redoText() : ""));
    m_rescan->setEnabled(writable);
    m_findFolder->setEnabled(writable);
    m_close->setEnabled(open);
    for (QAction* place : m_places) {
        place->setEnabled(open);
    }
    m_train->setEnabled(writable && !active);
    m_stop->setEnabled(active);
    m_pause->setEnabled(active);
    m_pause->setText(active && m_run->snapshot().state == RunState::Paused ? tr("R&esume")
                                                                           : tr("&Pause"));
}

void MainMenu::fillRecent() {
    m_recent->clear();
    for (const RecentProject& project : m_settings->recent()) {
        QAction* action = m_recent->addAction(plain(QFileInfo(project.path).completeBaseName() +
                                                    QStringLiteral(" – ") + Texts::recent(project)));
        action->setToolTip(project.path);
        connect(action, &QAction::triggered, this,
                [this, path = project.path] { Q_EMIT openRecent(path); });
    }
    m_recent->setEnabled(!m_recent->isEmpty());
}

}  // namespace graft::ui
