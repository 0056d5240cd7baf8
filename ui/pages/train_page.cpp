#include "ui/pages/train_page.h"

#include "ui/models/run_list_model.h"
#include "ui/models/texts.h"
#include "ui/pages/run_headline.h"
#include "ui/pages/run_plots.h"
#include "ui/pages/train_side.h"
#include "ui/widgets/curve_plot.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/empty_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QSplitter>
#include <QStackedLayout>
#include <QTime>
#include <QTreeView>
#include <QVBoxLayout>

#include <cmath>

namespace graft::ui {

namespace {

const QString kRunNote = QStringLiteral("run");  // which run the pages after this one look at

bool canGoOn(RunState state) {
    return state == RunState::Stopped || state == RunState::Failed ||
           state == RunState::Interrupted || state == RunState::Created;
}

}  // namespace

TrainPage::TrainPage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_stack(new QStackedLayout(this)),
      m_empty(new EmptyPanel),
      m_headline(new RunHeadline(run)),
      m_plots(new RunPlots),
      m_side(new TrainSide(document, run)),
      m_runs(new RunListModel(document, this)),
      m_runView(new QTreeView),
      m_resumeRun(new QPushButton(tr("Go &on"))),
      m_renameRun(new QPushButton(tr("Re&name"))),
      m_removeRun(new QPushButton(tr("Remo&ve"))) {
    setObjectName(QStringLiteral("trainPage"));
    m_empty->setText(tr("Add pictures first; training starts from them."), tr("Go to Data"));
    auto* across = new QSplitter(Qt::Horizontal);
    across->setChildrenCollapsible(false);
    across->addWidget(m_plots);
    across->addWidget(m_side);
    across->setStretchFactor(0, 1);
    auto* down = new QSplitter(Qt::Vertical);
    down->addWidget(across);
    down->addWidget(buildRuns());
    down->setStretchFactor(0, 1);
    down->setSizes({560, 110});
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(10, 8, 10, 6);
    column->addWidget(m_headline);
    column->addWidget(down, 1);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(body);
    connectDocument();
    connectRun();
    connectRuns();
    documentOpened();
}

TrainPage::~TrainPage() = default;

QWidget* TrainPage::buildRuns() {
    m_runView->setObjectName(QStringLiteral("runList"));
    m_runView->setAccessibleName(tr("Runs of this project"));
    m_runView->setModel(m_runs);
    m_runView->setRootIsDecorated(false);
    m_runView->setUniformRowHeights(true);
    m_runView->setAlternatingRowColors(true);
    m_runView->setSelectionMode(QAbstractItemView::SingleSelection);
    m_runView->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_runView->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_runView->header()->setSectionResizeMode(RunListModel::NameColumn, QHeaderView::Stretch);
    m_runView->header()->setStretchLastSection(false);
    m_runView->setMinimumHeight(fontMetrics().height() * 4);
    m_resumeRun->setObjectName(QStringLiteral("resumeRunButton"));
    m_resumeRun->setToolTip(tr("Go on with this run from its last checkpoint"));
    m_renameRun->setObjectName(QStringLiteral("renameRunButton"));
    m_removeRun->setObjectName(QStringLiteral("removeRunButton"));
    m_removeRun->setToolTip(tr("Take this run out of the list; its files stay on the disk"));
    auto* buttons = new QVBoxLayout;
    buttons->setSpacing(4);
    buttons->addWidget(m_resumeRun);
    buttons->addWidget(m_renameRun);
    buttons->addWidget(m_removeRun);
    buttons->addStretch();
    auto* runs = new QWidget;
    auto* row = new QHBoxLayout(runs);
    row->setContentsMargins(0, 4, 0, 0);
    row->addWidget(m_runView, 1);
    row->addLayout(buttons);
    return runs;
}

void TrainPage::connectDocument() {
    connect(m_empty, &EmptyPanel::buttonClicked, this, [this] { Q_EMIT goTo(PageId::Data); });
    connect(m_document, &ProjectDocument::opened, this, &TrainPage::documentOpened);
    connect(m_document, &ProjectDocument::dataChanged, this, [this] {
        m_stack->setCurrentIndex(hasData() ? 1 : 0);
        Q_EMIT primaryChanged();
    });
    connect(m_side, &TrainSide::failed, this, &Page::showError);
    connect(m_side, &TrainSide::goTo, this, &Page::goTo);
    connect(m_plots, &RunPlots::saveFailed, this, [this](const QString& sentence) {
        Q_EMIT showError({ErrorCode::Io, sentence.toStdString(), {}, {}});
    });
    connect(m_plots, &RunPlots::savedTo, this,
            [this](const QString& path) { Q_EMIT showNotice(tr("Saved %1.").arg(path)); });
}

void TrainPage::connectRun() {
    connect(m_run, &RunBridge::started, this, &TrainPage::runStarted);
    connect(m_run, &RunBridge::finished, this, &TrainPage::runFinished);
    connect(m_run, &RunBridge::metricsAdded, this, &TrainPage::metricsAdded);
    connect(m_run, &RunBridge::eventArrived, this, &TrainPage::eventArrived);
    connect(m_run, &RunBridge::snapshotChanged, this, &TrainPage::snapshotChanged);
}

void TrainPage::connectRuns() {
    connect(m_runs, &RunListModel::failed, this, &Page::showError);
    connect(m_runs, &RunListModel::overlayChanged, this, &TrainPage::refreshOverlays);
    connect(m_runs, &RunListModel::runsReloaded, this, [this] {
        refreshRunButtons();
        refreshHeadline();
        Q_EMIT primaryChanged();
    });
    connect(m_runView->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &TrainPage::selectionMoved);
    connect(m_resumeRun, &QPushButton::clicked, this, [this] { m_run->resumeStored(m_shown); });
    connect(m_renameRun, &QPushButton::clicked, this,
            [this] { m_runView->edit(m_runs->index(m_runs->rowOf(m_shown), 0)); });
    connect(m_removeRun, &QPushButton::clicked, this, &TrainPage::removeRun);
}

bool TrainPage::hasData() const {
    return m_document->isOpen() && !m_document->dataset().samples.empty();
}

bool TrainPage::shownIsLive() const {
    return m_shown != 0 && m_shown == m_live;
}

QString TrainPage::primaryText() const {
    return m_run->isActive() || m_runs->newestFinished() ? tr("Export…") : tr("Train");
}

bool TrainPage::primaryEnabled() const {
    return hasData() && (!m_run->isActive() || m_runs->newestWithModel());
}

void TrainPage::primaryAction() {
    if (m_run->isActive() || m_runs->newestFinished()) {
        Q_EMIT goTo(PageId::Export);
    } else {
        m_run->start();
    }
}

void TrainPage::activated() {
    m_side->refreshCache();
    refreshHeadline();
}

void TrainPage::documentOpened() {
    m_stack->setCurrentIndex(hasData() ? 1 : 0);
    m_plots->clear();
    m_overlays.clear();
    m_shown = 0;
    m_live = 0;
    m_liveCurves.reset(0);
    m_liveLog.clear();
    m_side->documentOpened();
    if (m_document->isOpen()) {
        const RunId noted = m_document->note(kRunNote).toLongLong();
        showRun(m_runs->find(noted)      ? noted
                : m_runs->runs().empty() ? 0
                                         : m_runs->runs().front().id);
    }
    refreshHeadline();
    refreshRunButtons();
    Q_EMIT primaryChanged();
}

void TrainPage::runStarted(RunId run) {
    m_live = run;
    m_runs->setLive(run);
    m_headline->runStarted();
    m_liveLog = readLog(run);
    m_liveCurves = readCurves(run);
    m_side->runStarted();
    m_overlays.erase(run);
    showRun(run);
    m_plots->setCurrentIndex(0);
    Q_EMIT primaryChanged();
}

void TrainPage::runFinished(RunId run, RunState state) {
    m_side->runFinished(state);
    refreshHeadline();
    refreshRunButtons();
    Q_EMIT primaryChanged();
    const RunRecord* record = m_runs->find(run);
    if (state != RunState::Finished || !record || record->bestAccuracy < 0) {
        return;
    }
    m_document->setNote(kRunNote, QString::number(run));
    if (isVisible()) {
        Q_EMIT showNotice(tr("Model ready: %1 right on %2 validation pictures.")
                              .arg(Texts::percent(record->bestAccuracy, 0),
                                   Texts::count(record->validationCount)));
    }
}

void TrainPage::metricsAdded(const std::vector<MetricRow>& rows) {
    const TrainSnapshot now = m_run->snapshot();
    if (now.epochCount > 0) {
        m_liveCurves.setStepsPerEpoch(double(now.stepCount) / double(now.epochCount));
    }
    m_liveCurves.append(rows);
    if (shownIsLive()) {
        m_plots->showRun(m_liveCurves);
    }
}

void TrainPage::eventArrived(const TrainEvent& event) {
    if (event.kind == TrainEvent::Kind::EditApplied) {
        m_liveCurves.addEdit(event.edit);
        if (shownIsLive()) {
            m_plots->showRun(m_liveCurves);
        }
    } else if (event.kind == TrainEvent::Kind::EditRejected ||
               event.kind == TrainEvent::Kind::Failed) {
        Q_EMIT showError(event.error);
    }
    const QString sentence = Texts::event(event);
    if (!sentence.isEmpty()) {
        const QString line = QTime::currentTime().toString(QStringLiteral("HH:mm:ss  ")) + sentence;
        m_liveLog << line;
        if (shownIsLive()) {
            m_plots->appendLog(line);
        }
    }
}

void TrainPage::snapshotChanged(const TrainSnapshot&) {
    if (isVisible()) {
        refreshHeadline();
    }
}

void TrainPage::selectionMoved() {
    const RunRecord* record = m_runs->at(m_runView->currentIndex().row());
    if (!m_following && record && record->id != m_shown) {
        showRun(record->id);
        m_document->setNote(kRunNote, QString::number(record->id));
    }
}

void TrainPage::showRun(RunId run) {
    m_shown = run;
    m_plots->clear();
    if (shownIsLive()) {
        m_plots->showRun(m_liveCurves);
        m_plots->setLog(m_liveLog);
    } else if (run) {
        m_shownCurves = readCurves(run);
        m_plots->showRun(m_shownCurves);
        m_plots->setLog(readLog(run));
    }
    m_following = true;
    const int row = m_runs->rowOf(run);
    m_runView->setCurrentIndex(row < 0 ? QModelIndex() : m_runs->index(row, 0));
    m_following = false;
    refreshOverlays();
    refreshHeadline();
    refreshRunButtons();
}

RunCurves TrainPage::readCurves(RunId run) {
    RunCurves curves;
    curves.reset(0);
    const Result<RunStore> store = m_document->project().runStore(run);
    if (!store) {
        Q_EMIT showError(store.error());
        return curves;
    }
    if (const auto rows = store->metrics()) {
        curves.append(*rows);
    }
    if (const RunRecord* record = m_runs->find(run); record && record->epochsDone == 0) {
        // No epoch is done, so its length is known from the data only.
        const double pictures = double(m_document->dataset().countInSplit(Split::Train));
        curves.setStepsPerEpoch(
            std::max(1.0, std::ceil(pictures / std::max(1, record->options.batchSize))));
    }
    if (const auto edits = store->edits()) {
        for (const EditRecord& edit : *edits) {
            curves.addEdit(edit);
        }
    }
    return curves;
}

QStringList TrainPage::readLog(RunId run) {
    QStringList lines;
    const Result<RunRecord> record = m_document->project().run(run);
    if (!record) {
        return lines;
    }
    lines
        << tr("%1  %2 was made.").arg(Texts::localTime(record->created), Texts::from(record->name));
    const Result<RunStore> store = m_document->project().runStore(run);
    if (store) {
        if (const auto edits = store->edits()) {
            for (const EditRecord& edit : *edits) {
                TrainEvent event;
                event.kind = TrainEvent::Kind::EditApplied;
                event.edit = edit;
                lines << Texts::localTime(edit.time) + QStringLiteral("  ") + Texts::event(event);
            }
        }
    }
    if (!record->message.empty()) {
        lines << Texts::localTime(record->finished) + QStringLiteral("  ") +
                     Texts::state(record->state) + QStringLiteral(": ") +
                     Texts::from(record->message);
    }
    return lines;
}

void TrainPage::refreshOverlays() {
    QStringList keys;
    int slot = 0;
    for (const RunId id : m_runs->overlaid()) {
        if (id == m_shown) {
            continue;
        }
        const QString key = QStringLiteral("run%1").arg(id);
        keys << key;
        const bool live = id == m_live;
        if (!live && !m_overlays.contains(id)) {
            m_overlays[id] = readCurves(id);
        }
        m_plots->showOverlay(key, Texts::from(m_runs->find(id)->name),
                             live ? m_liveCurves : m_overlays[id], slot++);
    }
    m_plots->keepOverlays(keys);
}

void TrainPage::refreshHeadline() {
    m_headline->refresh(m_runs->find(m_shown), shownIsLive(), m_runs->newestFinished() != 0);
}

void TrainPage::refreshRunButtons() {
    const RunRecord* record = m_runs->find(m_shown);
    const bool writable = m_document->isWritable();
    const bool live = record && m_run->isActive() && record->id == m_run->runId();
    m_resumeRun->setEnabled(writable && record && !m_run->isActive() && canGoOn(record->state));
    m_renameRun->setEnabled(writable && record);
    m_removeRun->setEnabled(writable && record && !live);
}

void TrainPage::removeRun() {
    const RunRecord* record = m_runs->find(m_shown);
    if (!record ||
        Dialogs::ask(this,
                     tr("Take %1 out of the list? Its checkpoints stay on the disk, but the list "
                        "will not show it again.")
                         .arg(Texts::from(record->name)),
                     {tr("Remove"), tr("Keep")}) != 0) {
        return;
    }
    const Status removed = m_document->project().removeRun(record->id);
    if (!removed) {
        Q_EMIT showError(removed.error());
        return;
    }
    m_shown = 0;
    m_document->announceRuns();
    showRun(m_runs->runs().empty() ? 0 : m_runs->runs().front().id);
}

}  // namespace graft::ui
