#include "ui/pages/evaluate_page.h"

#include "core/base/atomic_file.h"
#include "core/engine/engine.h"
#include "ui/models/prediction_model.h"
#include "ui/models/run_list_model.h"
#include "ui/models/texts.h"
#include "ui/pages/evaluation_csv.h"
#include "ui/pages/evaluation_summary.h"
#include "ui/pages/evaluation_tables.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/empty_panel.h"
#include "ui/widgets/image_grid.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

namespace {

const QString kRunNote = QStringLiteral("run");

}  // namespace

EvaluatePage::EvaluatePage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_runs(new RunListModel(document, this)),
      m_predictions(new PredictionModel(document, this)),
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
      m_showBox(new QComboBox),
      m_clearCell(new QPushButton(tr("Whole matrix"))),
      m_grid(new ImageGrid),
      m_moveTo(new QComboBox),
      m_move(new QPushButton(tr("&Move"))),
      m_exclude(new QPushButton(tr("&Leave out"))) {
    setObjectName(QStringLiteral("evaluatePage"));
    auto* splitter = new QSplitter(Qt::Horizontal);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(m_tables);
    splitter->addWidget(buildGrid());
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
    refillClasses();
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

QWidget* EvaluatePage::buildGrid() {
    m_showBox->setObjectName(QStringLiteral("showBox"));
    m_showBox->setAccessibleName(tr("Which pictures are shown"));
    using Show = PredictionFilter::Show;
    m_showBox->addItem(tr("Mistakes"), int(Show::Mistakes));
    m_showBox->addItem(tr("All pictures"), int(Show::All));
    m_showBox->addItem(tr("Right answers"), int(Show::Right));
    m_clearCell->setObjectName(QStringLiteral("clearCellButton"));
    m_clearCell->setToolTip(tr("Ends the choice of one number of the matrix"));
    m_grid->setObjectName(QStringLiteral("mistakeGrid"));
    m_grid->setAccessibleName(tr("Pictures with the answers of the network"));
    m_grid->setModel(m_predictions);
    m_grid->setMinimumWidth(240);
    m_grid->setCaptionLines(2);
    m_moveTo->setObjectName(QStringLiteral("moveToBox"));
    m_moveTo->setAccessibleName(tr("Class to move the chosen pictures to"));
    m_move->setObjectName(QStringLiteral("moveButton"));
    m_move->setToolTip(tr("Give the chosen pictures this class; undo with Ctrl+Z"));
    m_exclude->setObjectName(QStringLiteral("excludeButton"));
    m_exclude->setToolTip(tr("Do not use the chosen pictures any more; undo with Ctrl+Z"));
    auto* top = new QHBoxLayout;
    top->addWidget(m_showBox);
    top->addWidget(m_clearCell);
    top->addStretch();
    auto* bottom = new QHBoxLayout;
    bottom->addWidget(new QLabel(tr("Wrong label? Move to")));
    bottom->addWidget(m_moveTo, 1);
    bottom->addWidget(m_move);
    bottom->addWidget(m_exclude);
    auto* side = new QWidget;
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(4, 0, 0, 0);
    column->addLayout(top);
    column->addWidget(m_grid, 1);
    column->addLayout(bottom);
    return side;
}

void EvaluatePage::connectParts() {
    connect(m_empty, &EmptyPanel::buttonClicked, this, [this] {
        Q_EMIT goTo(m_document->dataset().samples.empty() ? PageId::Data : PageId::Train);
    });
    connect(m_document, &ProjectDocument::opened, this, [this] {
        m_job.cancelQuietly();
        clear();
    });
    connect(m_document, &ProjectDocument::dataChanged, this, [this] {
        refillClasses();
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
        PredictionFilter filter = m_predictions->filter();
        filter.truth = truth;
        filter.predicted = predicted;
        m_predictions->setFilter(filter);
        m_clearCell->setVisible(true);
    });
    connect(m_tables, &EvaluationTables::choiceCleared, this, &EvaluatePage::refilter);
    connect(m_showBox, &QComboBox::activated, this, &EvaluatePage::refilter);
    connect(m_clearCell, &QPushButton::clicked, this, &EvaluatePage::refilter);
    connect(m_grid, &ImageGrid::selectionCountChanged, this, [this] { refreshState(); });
    connect(m_move, &QPushButton::clicked, this, &EvaluatePage::moveSelected);
    connect(m_exclude, &QPushButton::clicked, this, &EvaluatePage::excludeSelected);
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
            m_runBox->addItem(run.bestIsQuick() ? tr("%1 (quick model)").arg(Texts::from(run.name))
                                                : Texts::from(run.name),
                              qlonglong(run.id));
        }
    }
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
    // The summary beside it takes all the room it can get.
    int widest = 0;
    for (int i = 0; i < m_splitBox->count(); ++i) {
        widest = std::max(widest, fontMetrics().horizontalAdvance(m_splitBox->itemText(i)));
    }
    m_splitBox->setMinimumWidth(widest + 3 * fontMetrics().height());
}

void EvaluatePage::refillClasses() {
    const QVariant before = m_moveTo->currentData();
    m_moveTo->clear();
    for (const ClassInfo& info : m_document->dataset().classes) {
        m_moveTo->addItem(Texts::from(info.name), qlonglong(info.id));
    }
    m_moveTo->setCurrentIndex(std::max(0, m_moveTo->findData(before)));
}

void EvaluatePage::refreshState() {
    const bool any = m_runBox->count() > 0;
    const bool data = m_document->isOpen() && !m_document->dataset().samples.empty();
    m_stack->setCurrentIndex(any && data ? 1 : 0);
    m_empty->setText(!data ? tr("Add pictures first; a trained model is checked on some of them.")
                     : m_run->isActive()
                         ? tr("The first results can be looked at after the first epoch.")
                         : tr("Train a model first; its mistakes are shown here."),
                     data ? tr("Go to Train") : tr("Go to Data"));
    const bool busy = m_job.isActive();
    m_progress->setVisible(busy);
    m_cancel->setVisible(busy);
    m_evaluate->setEnabled(any && !busy);
    m_save->setEnabled(!busy && m_predictions->evaluation().count > 0);
    const bool writable = data && !m_document->project().readOnly();
    const bool chosen = writable && !m_grid->selectedSamples().empty();
    m_move->setEnabled(chosen);
    m_exclude->setEnabled(chosen);
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
    m_grid->setEmptyText(tr("The pictures appear here when the check is done."));
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
    m_predictions->setEvaluation(evaluation);
    m_tables->showEvaluation(evaluation);
    refilter();
    m_summary->showEvaluation(evaluation);
    const std::int64_t wrong = evaluation.count - evaluation.correct;
    m_grid->setEmptyText(wrong == 0 ? tr("No mistakes: every picture was recognised.")
                                    : tr("No picture fits this choice."));
    refreshNote();
    refreshState();
}

void EvaluatePage::clear() {
    m_predictions->clear();
    m_tables->clearEvaluation();
    m_summary->showText({});
    m_clearCell->setVisible(false);
    refreshNote();
    refreshState();
}

void EvaluatePage::refilter() {
    PredictionFilter filter;
    filter.show = PredictionFilter::Show(m_showBox->currentData().toInt());
    m_predictions->setFilter(filter);
    m_tables->clearChoice();
    m_clearCell->setVisible(false);
}

bool EvaluatePage::labelsChanged() const {
    const Evaluation& evaluation = m_predictions->evaluation();
    for (const SamplePrediction& p : evaluation.predictions) {
        const Sample* sample = m_document->dataset().findSample(p.sample);
        const bool known = p.truth >= 0 && p.truth < int(evaluation.perClass.size());
        if (!sample || sample->excluded || sample->split != evaluation.split ||
            (known && sample->label != evaluation.perClass[std::size_t(p.truth)].id)) {
            return true;
        }
    }
    return false;
}

void EvaluatePage::refreshNote() {
    const Evaluation& evaluation = m_predictions->evaluation();
    QStringList notes;
    if (evaluation.count > 0 && m_document->isOpen()) {
        if (!evaluation.note.empty()) {
            notes << Texts::from(evaluation.note);
        }
        if (!evaluation.problems.empty()) {
            notes << tr("%n picture(s) could not be read and are not counted.", nullptr,
                        int(evaluation.problems.size()));
        }
        if (labelsChanged()) {
            notes << tr("Labels changed since this check; check again for the present figures.");
        }
    }
    m_summary->setNote(notes.join(QLatin1Char(' ')));
}

void EvaluatePage::moveSelected() {
    m_document->setLabel(m_grid->selectedSamples(), m_moveTo->currentData().toLongLong());
}

void EvaluatePage::excludeSelected() {
    m_document->setExcluded(m_grid->selectedSamples(), true);
}

void EvaluatePage::saveCsv() {
    QString path = Dialogs::pickSaveFile(this, tr("Save the table"), {}, tr("Table (*.csv)"));
    if (path.isEmpty()) {
        return;
    }
    if (QFileInfo(path).suffix().isEmpty()) {
        path += QStringLiteral(".csv");
    }
    const std::string text = evaluationCsv(m_predictions->evaluation(), m_document->dataset());
    const Status written = writeFileAtomically(path.toStdString(), text);
    if (written) {
        Q_EMIT showNotice(tr("Saved %1.").arg(path));
    } else {
        Q_EMIT showError(written.error());
    }
}

}  // namespace graft::ui
