#include "ui/pages/main_window.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/bridge/thumbnail_service.h"
#include "ui/pages/augment_page.h"
#include "ui/pages/data_page.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/export_page.h"
#include "ui/pages/main_menu.h"
#include "ui/pages/model_page.h"
#include "ui/pages/path_pickers.h"
#include "ui/pages/place_states.h"
#include "ui/pages/start_page.h"
#include "ui/pages/train_page.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/drop_overlay.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/primary_button.h"
#include "ui/widgets/sidebar.h"
#include "ui/widgets/status_line.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QCloseEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QShortcut>
#include <QStackedWidget>

namespace graft::ui {

namespace {

const QString kPageNote = QStringLiteral("page");
const QString kGeometryKey = QStringLiteral("window/geometry");
const QString kDataLayoutKey = QStringLiteral("window/dataLayout");

}  // namespace

MainWindow::MainWindow(AppSettings* settings, QWidget* parent)
    : QMainWindow(parent),
      m_settings(settings),
      m_run(&m_document),
      m_opener(&m_document, settings),
      m_menu(new MainMenu(&m_document, &m_run, settings, this)),
      m_sidebar(new Sidebar),
      m_messages(new MessageBar),
      m_stack(new QStackedWidget),
      m_primary(new PrimaryButton),
      m_status(new StatusLine(&m_document, &m_run)),
      m_overlay(new DropOverlay(this)) {
    setMenuBar(m_menu);
    connect(m_overlay, &DropOverlay::dropped, this, [this](const QString& path) {
        if (!m_pages[m_current]->takeDropped(path)) {
            openPath(path);
        }
    });
    buildFrame();
    buildPages();
    connectMenu();
    connectOpener();
    connectRun();
    connect(&m_document, &ProjectDocument::opened, this, &MainWindow::projectOpened);
    connect(&m_document, &ProjectDocument::failed, m_messages, &MessageBar::showError);
    const auto places = [this] { updatePlaces(*m_sidebar, m_document, m_run); };
    connect(&m_document, &ProjectDocument::dataChanged, this,
            [this] { updateDataPlace(*m_sidebar, m_document); });
    connect(&m_document, &ProjectDocument::runsChanged, this, places);
    places();
    m_status->setDeviceText(CoreTexts::tr(engine::deviceText()));
    restoreWindow();
    updateTitle();
    showPage(PageId::Start);
    if (!settings->damagedFile().isEmpty()) {
        m_messages->showNotice(tr("The settings file was damaged. Graft starts with its defaults; "
                                  "the old file is kept as %1.")
                                   .arg(settings->damagedFile()));
    }
}

MainWindow::~MainWindow() {
    // Pages and menu look at the members, which would be gone before Qt deletes its children.
    delete takeCentralWidget();
    delete m_menu;
}

void MainWindow::buildFrame() {
    auto* centre = new QWidget(this);
    auto* row = new QHBoxLayout(centre);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(m_sidebar);
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(m_messages);
    column->addWidget(m_stack, 1);
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(10, 2, 12, 8);
    bottom->addStretch(1);
    m_primary->setObjectName(QStringLiteral("primaryButton"));
    m_primary->setToolTip(tr("The next step (Ctrl+Return)"));
    bottom->addWidget(m_primary);
    column->addLayout(bottom);
    row->addLayout(column, 1);

    auto* outer = new QWidget(this);
    auto* all = new QVBoxLayout(outer);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(centre, 1);
    all->addWidget(m_status);
    setCentralWidget(outer);

    connect(m_sidebar, &Sidebar::chosen, this, &MainWindow::goToPlace);
    connect(m_primary, &QPushButton::clicked, this,
            [this] { m_pages[m_current]->primaryAction(); });
    for (const Qt::Key key : {Qt::Key_Return, Qt::Key_Enter}) {
        auto* shortcut = new QShortcut(QKeySequence(Qt::CTRL | key), this);
        connect(shortcut, &QShortcut::activated, m_primary, &QPushButton::click);
    }
    connect(m_status, &StatusLine::runClicked, this, [this] { showPage(PageId::Train); });
}

void MainWindow::buildPages() {
    m_start = new StartPage(&m_opener, m_settings);
    m_data = new DataPage(&m_document, &m_run);
    addPage(PageId::Start, m_start);
    addPage(PageId::Data, m_data);
    addPage(PageId::Augment, new AugmentPage(&m_document, &m_run));
    addPage(PageId::Model, new ModelPage(&m_document, &m_run));
    addPage(PageId::Train, new TrainPage(&m_document, &m_run));
    addPage(PageId::Evaluate, new EvaluatePage(&m_document, &m_run));
    addPage(PageId::Export, new ExportPage(&m_document, &m_run));
    connect(m_start, &StartPage::openFolderClicked, this, &MainWindow::pickFolder);
    connect(m_start, &StartPage::openProjectClicked, this, &MainWindow::pickProject);
    connect(m_start, &StartPage::trySampleClicked, &m_opener, &ProjectOpener::openSample);
    connect(m_start, &StartPage::projectChosen, this, &MainWindow::openPath);
}

void MainWindow::addPage(PageId id, Page* page) {
    // On a small screen a page scrolls instead of being clipped.
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(page);
    m_stack->addWidget(scroll);
    m_pages[id] = page;
    connect(page, &Page::primaryChanged, this, &MainWindow::updatePrimary);
    connect(page, &Page::goTo, this, &MainWindow::showPage);
    connect(page, &Page::showError, m_messages, &MessageBar::showError);
    connect(page, &Page::showNotice, m_messages, &MessageBar::showNotice);
}

void MainWindow::connectMenu() {
    connect(m_menu, &MainMenu::openFolder, this, &MainWindow::pickFolder);
    connect(m_menu, &MainMenu::openProject, this, &MainWindow::pickProject);
    connect(m_menu, &MainMenu::trySample, this,
            [this] { afterRun(tr("open the sample"), [this] { m_opener.openSample(); }); });
    connect(m_menu, &MainMenu::openRecent, this, &MainWindow::openPath);
    connect(m_menu, &MainMenu::rescan, &m_opener, &ProjectOpener::rescan);
    connect(m_menu, &MainMenu::findFolder, this, &MainWindow::pickMovedFolder);
    connect(m_menu, &MainMenu::closeProject, this, [this] {
        afterRun(tr("close the project"), [this] {
            m_opener.remember();
            m_document.setProject(nullptr);
        });
    });
    connect(m_menu, &MainMenu::quit, this, &QWidget::close);
    connect(m_menu, &MainMenu::train, this, [this] {
        if (!m_opener.busy()) {
            m_run.start();
            showPage(PageId::Train);
        }
    });
    connect(m_menu, &MainMenu::goToPlace, this, &MainWindow::goToPlace);
    connect(m_settings, &AppSettings::themeChanged, this,
            [](ThemeChoice choice) { Theme::apply(choice); });
    connect(m_settings, &AppSettings::languageChanged, this, &MainWindow::changeLanguage);
}

void MainWindow::connectOpener() {
    connect(&m_opener, &ProjectOpener::failed, m_messages, &MessageBar::showError);
    connect(&m_opener, &ProjectOpener::notice, m_messages, &MessageBar::showNotice);
    connect(&m_opener, &ProjectOpener::filesChanged, this,
            [] { ThumbnailService::shared()->clear(); });
    connect(&m_opener, &ProjectOpener::busyChanged, this, [this] {
        if (m_opener.busy()) {
            m_messages->clear();
            showPage(PageId::Start);
        } else if (m_current == PageId::Start) {
            showLastPage();  // cancelled or failed: back to what is still open
        }
    });
    connect(&m_opener, &ProjectOpener::changesFound, this, [this](const QString& sentence) {
        if (m_document.isWritable()) {
            m_messages->show(QStringLiteral("changesMessage"), Theme::Tone::Neutral, sentence,
                             {{tr("&Rescan"), [this] { m_opener.applyChanges(); }}});
        }
    });
    connect(&m_opener, &ProjectOpener::rootMissing, this, [this](const QString& root) {
        std::vector<MessageBar::Action> actions;
        if (m_document.isWritable()) {
            actions.push_back({tr("&Find the folder…"), [this] { pickMovedFolder(); }});
        }
        m_messages->show(QStringLiteral("missingMessage"), Theme::Tone::Warning,
                         tr("The folder %1 is not there. Labels and runs are safe in the project; "
                            "the pictures cannot be shown or trained on until it is found.")
                             .arg(root),
                         actions);
    });
}

void MainWindow::connectRun() {
    connect(&m_run, &RunBridge::failed, m_messages, &MessageBar::showError);
    connect(&m_run, &RunBridge::finished, this, &MainWindow::runEnded);
    connect(&m_run, &RunBridge::started, this, [this] {
        m_messages->hide(QStringLiteral("runMessage"));
        updatePlaces(*m_sidebar, m_document, m_run);
    });
    connect(&m_run, &RunBridge::eventArrived, this, [this](const TrainEvent& event) {
        if (event.kind == TrainEvent::Kind::Paused && !event.error.message.empty()) {
            m_messages->showError(event.error);
        }
    });
}

void MainWindow::runEnded(RunId run, RunState state) {
    updatePlaces(*m_sidebar, m_document, m_run);
    m_opener.remember();
    m_status->setActivity({});
    if (const auto action = std::exchange(m_afterRun, nullptr)) {
        action();
        return;
    }
    const auto record =
        m_document.isOpen() ? m_document.project().run(run) : Result<RunRecord>(Error{});
    if (!record || m_current == PageId::Train) {
        return;
    }
    QApplication::alert(this);  // marks the window in the task bar if it is not in front
    const QString name = CoreTexts::tr(record->name);
    const std::vector<MessageBar::Action> show = {
        {tr("&Show it"), [this] { showPage(PageId::Train); }}};
    if (state == RunState::Finished) {
        m_messages->show(QStringLiteral("runMessage"), Theme::Tone::Good,
                         tr("%1 is ready: %2 % right on pictures it had not seen.")
                             .arg(name)
                             .arg(record->bestAccuracy * 100, 0, 'f', 1),
                         show);
    } else if (state == RunState::Failed) {
        m_messages->show(
            QStringLiteral("runMessage"), Theme::Tone::Bad,
            tr("%1 ended early: %2").arg(name, CoreTexts::tr(record->message)), show);
    }
}

void MainWindow::showPage(PageId page) {
    if (page != PageId::Start && !m_document.isOpen()) {
        return;
    }
    m_current = page;
    m_stack->setCurrentIndex(int(page) + 1);
    m_sidebar->setCurrent(int(page));
    updatePrimary();
    m_pages[page]->activated();
    storePlace();
}

void MainWindow::goToPlace(int place) {
    if (m_opener.busy()) {
        m_sidebar->setCurrent(int(m_current));  // another project is about to open
    } else {
        showPage(PageId(place));
    }
}

void MainWindow::updatePrimary() {
    const Page* page = m_pages[m_current];
    m_primary->setText(page->primaryText());
    m_primary->setEnabled(page->primaryEnabled());
    m_primary->setVisible(!page->primaryText().isEmpty());
}

void MainWindow::updateTitle() {
    setWindowTitle(m_document.isOpen()
                       ? tr("%1 – Graft").arg(QString::fromStdString(m_document.project().name()))
                       : tr("Graft"));
}

void MainWindow::projectOpened() {
    m_messages->clear();
    updateTitle();
    showLastPage();
}

void MainWindow::showLastPage() {
    bool known = false;
    const int page = m_document.note(kPageNote).toInt(&known);
    m_current = PageId::Start;
    showPage(!m_document.isOpen()                              ? PageId::Start
             : known && page >= 0 && page < m_sidebar->count() ? PageId(page)
                                                               : PageId::Data);
}

void MainWindow::storePlace() {
    const QString page = QString::number(int(m_current));
    if (m_current != PageId::Start && m_document.isOpen() && m_document.note(kPageNote) != page) {
        m_document.setNote(kPageNote, page);
    }
}

void MainWindow::afterRun(const QString& question, const std::function<void()>& action) {
    if (!m_run.isActive()) {
        action();
        return;
    }
    const QString text =
        tr("A training is under way. Save and stop it, and %1? It can go on later.").arg(question);
    if (Dialogs::ask(this, text, {tr("Stop the training"), tr("Keep training")}) == 0) {
        m_afterRun = action;
        m_status->setActivity(tr("Saving the training…"));
        m_run.stop();
    }
}

void MainWindow::openPath(const QString& path) {
    afterRun(tr("open %1").arg(QFileInfo(path).fileName()), [this, path] {
        m_opener.remember();
        m_opener.openPath(path);
    });
}

QString MainWindow::projectPath() const {
    return m_document.isOpen() ? QString::fromStdString(m_document.project().path()) : QString();
}

void MainWindow::pickFolder() {
    if (const QString folder = PathPickers::picturesFolder(this, *m_settings); !folder.isEmpty()) {
        openPath(folder);
    }
}

void MainWindow::pickProject() {
    if (const QString file = PathPickers::projectFile(this); !file.isEmpty()) {
        openPath(file);
    }
}

void MainWindow::pickMovedFolder() {
    if (const QString folder = PathPickers::movedFolder(this); !folder.isEmpty()) {
        m_opener.relink(folder);
    }
}

void MainWindow::changeLanguage() {
    if (m_run.isActive() || m_opener.busy()) {
        m_messages->showNotice(tr("The other language is used from the next start of Graft, so that "
                                  "what is under way goes on."));
        return;
    }
    storeWindow();
    m_opener.remember();
    QCoreApplication::exit(kMakeAnew);
}

void MainWindow::restoreWindow() {
    const QSize frame(8, style()->pixelMetric(QStyle::PM_TitleBarHeight) + 16);
    resize(QSize(1200, 760).boundedTo(screen()->availableSize() - frame));
    restoreGeometry(m_settings->bytes(kGeometryKey));
    m_data->restoreLayoutState(m_settings->bytes(kDataLayoutKey));
}

void MainWindow::storeWindow() {
    m_settings->setBytes(kGeometryKey, saveGeometry());
    m_settings->setBytes(kDataLayoutKey, m_data->layoutState());
}

void MainWindow::closeEvent(QCloseEvent* event) {
    storeWindow();
    if (!m_run.isActive()) {
        m_opener.remember();
        m_opener.cancel();
        event->accept();
        return;
    }
    // The run saves first; the window stays alive and closes when it is told.
    event->ignore();
    m_afterRun = [this] { close(); };
    m_status->setActivity(tr("Saving the training before closing…"));
    m_run.stop();
}

}  // namespace graft::ui
