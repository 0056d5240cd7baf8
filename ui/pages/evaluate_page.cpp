#include "ui/pages/evaluate_page.h"

#include "core/base/atomic_file.h"
#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/run_list_model.h"
#include "ui/models/texts.h"
#include "ui/pages/evaluation_csv.h"
#include "ui/pages/evaluation_pictures.h"
#include "ui/pages/evaluation_summary.h"
#include "ui/pages/evaluation_tables.h"
#include "ui/pages/similar_row.h"
#include "ui/pages/try_panel.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/empty_panel.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QShortcut>
#include <QSplitter>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

namespace {

const QString kRunNote = QStringLiteral("run");

/// The summary beside it takes all the room it can get.
void showWhole(QComboBox* box, int mostLetters = 100) {
    const QFontMetrics font(box->font());
    int widest = 0;
    for (int i = 0; i < box->count(); ++i) {
        widest = std::max(widest, font.horizontalAdvance(box->itemText(i)));
    }
    box->setMinimumWidth(std::min(widest, mostLetters * font.averageCharWidth()) +
                         3 * font.height());
}

}  // namespace

EvaluatePage::EvaluatePage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_runs(new RunListModel(document, this)),
      m_stack(new QStackedLayout(this)),
      m_empty(new EmptyPanel),
      m_runBox(new QComboBox),
      m_splitBox(new QComboBox),
      m_evaluate(new QPushButton(tr("Check a&gain"))),
      m_save(new QPushButton(tr("Sa&ve table…"))),
      m_cancel(new QPushButton(tr("Cancel"))),
      m_progress(new QProgressBar),
      m_summary(new EvaluationSummary),
      m_tables(new EvaluationTables),
      m_pictures(new EvaluationPictures(document)),
      m_try(new TryPanel([this] { return checkpoint(); })) {
    setObjectName(QStringLiteral("evaluatePage"));
    auto* similar = new SimilarRow(document);
    m_try->addBelow(similar);
    connect(m_try, &TryPanel::tried, this, [this, similar](const QString& path) {
        similar->showFor(chosenRun(), {path.toStdString(), -1});
    });
    m_tables->addTab(m_try, tr("Try it"));
    m_tables->setTabToolTip(m_tables->indexOf(m_try), tr("Ask the model about a picture of your own"));
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(m_tables);
    splitter->addWidget(m_pictures);
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 3);
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(10, 8, 10, 6);
    column->addWidget(buildHeadline());
    column->addWidget(splitter, 1);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(body);
    connectParts();
    refillRuns();
    refillSplits();
    clear();
}

EvaluatePage::~EvaluatePage() = default;

QWidget* EvaluatePage::buildHeadline() {
    m_runBox->setObjectName(QStringLiteral("evaluateRunBox"));
    m_runBox->setAccessibleName(tr("Run"));
    m_runBox->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_splitBox->setObjectName(QStringLiteral("evaluateSplitBox"));
    m_splitBox->setAccessibleName(tr("Pictures to check on"));
    m_splitBox->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_evaluate->setObjectName(QStringLiteral("evaluateButton"));
    m_evaluate->setToolTip(tr("Measure the model on the pictures as they are labelled now"));
    m_save->setObjectName(QStringLiteral("saveEvaluationButton"));
    m_save->setToolTip(tr("Every picture with its class, the answer and all probabilities (CSV)"));
    m_cancel->setObjectName(QStringLiteral("cancelEvaluationButton"));
    m_progress->setObjectName(QStringLiteral("evaluationProgress"));
    m_progress->setAccessibleName(tr("Progress of the check"));
    auto* choice = new QHBoxLayout;
    choice->addWidget(m_runBox);
    choice->addWidget(m_splitBox);
    choice->addWidget(m_evaluate);
    choice->addWidget(m_save);
    auto* busy = new QHBoxLayout;
    busy->addWidget(m_progress, 1);
    busy->addWidget(m_cancel);
    auto* right = new QVBoxLayout;
    right->setSpacing(2);
    right->addLayout(choice);
    right->addLayout(busy);
    right->addStretch();
    auto* headline = new QWidget;
    auto* row = new QHBoxLayout(headline);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(m_summary, 1);
    row->addLayout(right);
    return headline;
}

void EvaluatePage::connectParts() {
    connect(m_empty, &EmptyPanel::buttonClicked, this, [this] {
        Q_EMIT goTo(m_document->dataset().samples.empty() ? PageId::Data : PageId::Train);
    });
    connect(m_document, &ProjectDocument::opened, this, [this] {
        m_job.cancelQuietly();
        m_try->clear();
        clear();
    });
    connect(m_document, &ProjectDocument::dataChanged, this, [this] {
        refillSplits();
        refreshNote();
        refreshState();
    });
    connect(m_runs, &RunListModel::runsReloaded, this, [this] {
        refillRuns();
        refreshState();
    });
    connect(m_runs, &RunListModel::failed, this, &Page::showError);
    connect(m_run, &RunBridge::finished, this, [this] {
        if (isVisible()) {
            activated();
        }
    });
    connect(m_runBox, &QComboBox::activated, this, [this] {
        m_document->setNote(kRunNote, QString::number(chosenRun()));
        load();
        m_try->modelChanged();
    });
    connect(m_splitBox, &QComboBox::activated, this, &EvaluatePage::load);
    connect(m_evaluate, &QPushButton::clicked, this, &EvaluatePage::evaluate);
    connect(m_save, &QPushButton::clicked, this, &EvaluatePage::saveCsv);
    connect(m_cancel, &QPushButton::clicked, &m_job, &JobBridge::cancel);
    connect(&m_job, &JobBridge::activeChanged, this, &EvaluatePage::refreshState);
    connect(&m_job, &JobBridge::progressChanged, this, [this](const Progress::State& state) {
        m_progress->setMaximum(int(state.total));
        m_progress->setValue(int(state.done));
    });
    connect(m_tables, &EvaluationTables::cellChosen, this, [this](int truth, int predicted) {
        m_pictures->showCell(truth, predicted);
    });
    connect(m_tables, &EvaluationTables::choiceCleared, m_pictures,
            &EvaluationPictures::showWhole);
    connect(m_pictures, &EvaluationPictures::cellCleared, m_tables,
            &EvaluationTables::clearChoice);
    auto* paste = new QShortcut(QKeySequence::Paste, this);
    paste->setContext(Qt::WidgetWithChildrenShortcut);
    connect(paste, &QShortcut::activated, this, [this] {
        if (m_stack->currentIndex() == 1) {
            m_tables->setCurrentWidget(m_try);
            m_try->paste();
        }
    });
}

QString EvaluatePage::primaryText() const {
    return tr("Export…");
}

bool EvaluatePage::primaryEnabled() const {
    return m_runs->newestWithModel() != 0;
}

void EvaluatePage::primaryAction() {
    Q_EMIT goTo(PageId::Export);
}

void EvaluatePage::activated() {
    refillRuns();
    const RunId noted = m_document->note(kRunNote).toLongLong();
    const int at = m_runBox->findData(qlonglong(noted));
    if (at >= 0) {
        m_runBox->setCurrentIndex(at);
    }
    refreshState();
    if (!m_job.isActive()) {
        load();
    }
}

bool EvaluatePage::takeDropped(const QString& path) {
    if (m_stack->currentIndex() != 1 || !TryPanel::takes(path)) {
        return false;
    }
    m_tables->setCurrentWidget(m_try);
    m_try->tryFile(path);
    return true;
}

Result<std::string> EvaluatePage::checkpoint() const {
    if (!m_document->isOpen() || chosenRun() == 0) {
        return Error{ErrorCode::NotFound, tr("Train a model first.").toStdString(), {}, {}};
    }
    return engine::runCheckpoint(m_document->project(), chosenRun());
}

RunId EvaluatePage::chosenRun() const {
    return m_runBox->currentData().toLongLong();
}

Split EvaluatePage::chosenSplit() const {
    return Split(m_splitBox->currentData().toInt());
}

void EvaluatePage::refillRuns() {
    const RunId before = chosenRun();
    m_runBox->clear();
    for (const RunRecord& run : m_runs->runs()) {
        if (run.hasModel() || run.state == RunState::Finished) {
            m_runBox->addItem(run.bestIsQuick() ? tr("%1 (quick model)").arg(CoreTexts::tr(run.name))
                                                : CoreTexts::tr(run.name),
                              qlonglong(run.id));
        }
    }
    constexpr int kReadable = 24;  // names of runs may be of any length
    showWhole(m_runBox, kReadable);
    const int at = m_runBox->findData(qlonglong(before ? before : m_runs->newestWithModel()));
    m_runBox->setCurrentIndex(std::max(at, m_runBox->count() > 0 ? 0 : -1));
    Q_EMIT primaryChanged();
}

void EvaluatePage::refillSplits() {
    const QVariant before = m_splitBox->currentData();
    m_splitBox->clear();
    for (const Split split : {Split::Test, Split::Validation, Split::Train}) {
        const std::int64_t count = m_document->dataset().countInSplit(split);
        if (count > 0) {
            m_splitBox->addItem(tr("%1 %2").arg(Texts::count(count), Texts::split(split)),
                                int(split));
        }
    }
    const int at = m_splitBox->findData(before);
    m_splitBox->setCurrentIndex(at >= 0 ? at : m_splitBox->count() > 0 ? 0 : -1);
    showWhole(m_splitBox);
}

void EvaluatePage::refreshState() {
    const bool any = m_runBox->count() > 0;
    const bool data = m_document->isOpen() && !m_document->dataset().samples.empty();
    m_stack->setCurrentIndex(any && data ? 1 : 0);
    m_empty->setText(!data ? tr("Add pictures first; a trained model is checked on some of them.")
                     : m_run->isActive()
                         ? tr("The first results can be looked at after the first round.")
                         : tr("Train a model first; its mistakes are shown here."),
                     data ? tr("Go to Train") : tr("Go to Data"));
    const bool busy = m_job.isActive();
    m_progress->setVisible(busy);
    m_cancel->setVisible(busy);
    m_evaluate->setEnabled(any && !busy);
    m_save->setEnabled(!busy && m_pictures->evaluation().count > 0);
}

void EvaluatePage::load() {
    const RunId run = chosenRun();
    const Split split = chosenSplit();
    if (run == 0 || split == Split::None || !m_document->isOpen()) {
        clear();
        return;
    }
    m_job.cancelQuietly();
    const RunRecord* record = m_runs->find(run);
    if (const Result<RunStore> store = m_document->project().runStore(run); store && record) {
        const auto stored = store->evaluation(split);
        const bool current =
            stored && *stored && (!record->hasModel() || (*stored)->epoch == record->bestEpoch);
        if (current) {
            showEvaluation(**stored);
            return;
        }
    }
    evaluate();
}

void EvaluatePage::evaluate() {
    if (!m_document->isOpen() || chosenRun() == 0) {
        return;
    }
    Result<std::unique_ptr<Job<Evaluation>>> job =
        engine::startEvaluation(m_document->project(), chosenRun(), chosenSplit());
    if (!job) {
        clear();
        Q_EMIT showError(job.error());
        return;
    }
    m_summary->showText(tr("Looking at the pictures …"));
    m_pictures->setEmptyText(tr("The pictures appear here when the check is done."));
    m_progress->setMaximum(0);
    auto holder = std::make_shared<std::unique_ptr<Job<Evaluation>>>(std::move(*job));
    m_job.run<Evaluation>([holder] { return std::move(*holder); },
                          [this](Result<Evaluation> evaluation) {
                              if (evaluation) {
                                  showEvaluation(*evaluation);
                              } else {
                                  clear();
                                  if (evaluation.error().code != ErrorCode::Cancelled) {
                                      Q_EMIT showError(evaluation.error());
                                  }
                              }
                              refreshState();
                          });
}

void EvaluatePage::showEvaluation(const Evaluation& evaluation) {
    m_pictures->showEvaluation(evaluation);
    m_tables->showEvaluation(evaluation);
    m_summary->showEvaluation(evaluation);
    refreshNote();
    refreshState();
}

void EvaluatePage::clear() {
    m_pictures->clearEvaluation();
    m_tables->clearEvaluation();
    m_summary->showText({});
    refreshNote();
    refreshState();
}

void EvaluatePage::refreshNote() {
    const Evaluation& evaluation = m_pictures->evaluation();
    QStringList notes;
    if (evaluation.count > 0 && m_document->isOpen()) {
        if (!evaluation.note.empty()) {
            notes << CoreTexts::tr(evaluation.note);
        }
        if (!evaluation.problems.empty()) {
            notes << tr("%n picture(s) could not be read and are not counted.", nullptr,
                        int(evaluation.problems.size()));
        }
        if (m_pictures->labelsChanged()) {
            notes << tr("Labels changed since this check; check again for the present figures.");
        }
    }
    m_summary->setNote(notes.join(QLatin1Char(' ')));
}

void EvaluatePage::saveCsv() {
    QString path = Dialogs::pickSaveFile(this, tr("Save the table"), {}, tr("Table (*.csv)"));
    if (path.isEmpty()) {
        return;
    }
    if (QFileInfo(path).suffix().isEmpty()) {
        path += QStringLiteral(".csv");
    }
    const std::string text = evaluationCsv(m_pictures->evaluation(), m_document->dataset());
    const Status written = writeFileAtomically(path.toStdString(), text);
    if (written) {
        Q_EMIT showNotice(tr("Saved %1.").arg(path));
    } else {
        Q_EMIT showError(written.error());
    }
}

}  // namespace graft::ui
