#include "ui/pages/evaluation_pictures.h"

#include "ui/models/prediction_model.h"
#include "ui/models/texts.h"
#include "ui/widgets/image_grid.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

EvaluationPictures::EvaluationPictures(ProjectDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_predictions(new PredictionModel(document, this)),
      m_showBox(new QComboBox),
      m_cellText(new QLabel),
      m_clearCell(new QPushButton(tr("Whole matrix"))),
      m_grid(new ImageGrid),
      m_moveTo(new QComboBox),
      m_move(new QPushButton(tr("&Move"))),
      m_exclude(new QPushButton(tr("&Leave out"))) {
    m_showBox->setObjectName(QStringLiteral("showBox"));
    m_showBox->setAccessibleName(tr("Which pictures are shown"));
    using Show = PredictionFilter::Show;
    m_showBox->addItem(tr("Mistakes"), int(Show::Mistakes));
    m_showBox->addItem(tr("All pictures"), int(Show::All));
    m_showBox->addItem(tr("Right answers"), int(Show::Right));
    m_cellText->setObjectName(QStringLiteral("cellText"));
    m_cellText->setTextFormat(Qt::PlainText);
    m_cellText->setWordWrap(true);
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
    top->addWidget(m_cellText, 1);
    top->addStretch();
    auto* bottom = new QHBoxLayout;
    bottom->addWidget(new QLabel(tr("Wrong label? Move to")));
    bottom->addWidget(m_moveTo, 1);
    bottom->addWidget(m_move);
    bottom->addWidget(m_exclude);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(4, 0, 0, 0);
    column->addLayout(top);
    column->addWidget(m_grid, 1);
    column->addLayout(bottom);
    connectParts();
    refillClasses();
    clearEvaluation();
}

void EvaluationPictures::connectParts() {
    connect(m_document, &ProjectDocument::dataChanged, this, [this] {
        refillClasses();
        refreshState();
    });
    const auto whole = [this] {
        showWhole();
        Q_EMIT cellCleared();
    };
    connect(m_showBox, &QComboBox::activated, this, whole);
    connect(m_clearCell, &QPushButton::clicked, this, whole);
    connect(m_grid, &ImageGrid::selectionCountChanged, this, [this] { refreshState(); });
    connect(m_move, &QPushButton::clicked, this, [this] {
        m_document->setLabel(m_grid->selectedSamples(), m_moveTo->currentData().toLongLong());
    });
    connect(m_exclude, &QPushButton::clicked, this,
            [this] { m_document->setExcluded(m_grid->selectedSamples(), true); });
}

void EvaluationPictures::showEvaluation(const Evaluation& evaluation) {
    m_predictions->setEvaluation(evaluation);
    showWhole();
    const std::int64_t wrong = evaluation.count - evaluation.correct;
    m_grid->setEmptyText(wrong == 0 ? tr("No mistakes: every picture was recognised.")
                                    : tr("No picture fits this choice."));
    refreshState();
}

void EvaluationPictures::clearEvaluation() {
    m_predictions->clear();
    setCellShown(false);
    refreshState();
}

const Evaluation& EvaluationPictures::evaluation() const {
    return m_predictions->evaluation();
}

void EvaluationPictures::showCell(int truth, int predicted) {
    PredictionFilter filter = m_predictions->filter();
    filter.truth = truth;
    filter.predicted = predicted;
    m_predictions->setFilter(filter);
    const auto name = [this](int position) {
        return Texts::from(evaluation().perClass[std::size_t(position)].name);
    };
    m_cellText->setText(tr("It is %1, the network says %2").arg(name(truth), name(predicted)));
    setCellShown(true);
}

void EvaluationPictures::setEmptyText(const QString& text) {
    m_grid->setEmptyText(text);
}

void EvaluationPictures::showWhole() {
    PredictionFilter filter;
    filter.show = PredictionFilter::Show(m_showBox->currentData().toInt());
    m_predictions->setFilter(filter);
    setCellShown(false);
}

void EvaluationPictures::setCellShown(bool on) {
    m_showBox->setVisible(!on);
    m_cellText->setVisible(on);
    m_clearCell->setVisible(on);
}

void EvaluationPictures::refreshState() {
    const bool writable = m_document->isWritable() && !m_document->dataset().samples.empty();
    const bool chosen = writable && !m_grid->selectedSamples().empty();
    m_move->setEnabled(chosen);
    m_exclude->setEnabled(chosen);
}

void EvaluationPictures::refillClasses() {
    const QVariant before = m_moveTo->currentData();
    m_moveTo->clear();
    for (const ClassInfo& info : m_document->dataset().classes) {
        m_moveTo->addItem(Texts::from(info.name), qlonglong(info.id));
    }
    m_moveTo->setCurrentIndex(std::max(0, m_moveTo->findData(before)));
}

bool EvaluationPictures::labelsChanged() const {
    const Evaluation& seen = evaluation();
    for (const SamplePrediction& p : seen.predictions) {
        const Sample* sample = m_document->dataset().findSample(p.sample);
        const bool known = p.truth >= 0 && p.truth < int(seen.perClass.size());
        if (!sample || sample->excluded || sample->split != seen.split ||
            (known && sample->label != seen.perClass[std::size_t(p.truth)].id)) {
            return true;
        }
    }
    return false;
}

}  // namespace graft::ui
