#include "ui/pages/evaluation_summary.h"

#include "ui/models/texts.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace graft::ui {

EvaluationSummary::EvaluationSummary(QWidget* parent)
    : QWidget(parent),
      m_big(new QLabel),
      m_caption(new QLabel),
      m_averages(new QLabel),
      m_note(new QLabel) {
    m_big->setObjectName(QStringLiteral("evaluationAccuracy"));
    QFont big = m_big->font();
    big.setPointSizeF(big.pointSizeF() * 2.2);
    big.setBold(true);
    m_big->setFont(big);
    m_caption->setObjectName(QStringLiteral("evaluationCaption"));
    m_caption->setToolTip(
        tr("The 95 % interval by Wilson's score: with other pictures of the same "
           "kind the accuracy would lie within it in 95 of 100 cases."));
    m_averages->setObjectName(QStringLiteral("evaluationAverages"));
    m_note->setObjectName(QStringLiteral("evaluationNote"));
    for (QLabel* label : {m_caption, m_averages, m_note}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    auto* texts = new QVBoxLayout;
    texts->setSpacing(0);
    texts->addWidget(m_caption);
    texts->addWidget(m_averages);
    auto* row = new QHBoxLayout;
    row->addWidget(m_big);
    row->addSpacing(4);
    row->addLayout(texts, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addLayout(row);
    column->addWidget(m_note);
    showText({});
    setNote({});
}

void EvaluationSummary::showEvaluation(const Evaluation& evaluation) {
    m_big->setVisible(true);
    m_averages->setVisible(true);
    m_big->setText(Texts::percent(evaluation.accuracy));
    m_big->setAccessibleName(tr("Accuracy %1").arg(Texts::percent(evaluation.accuracy)));
    m_caption->setText(tr("right: %1 of %2 %3 (%4)")
                           .arg(Texts::count(evaluation.correct), Texts::count(evaluation.count),
                                Texts::split(evaluation.split),
                                Texts::percentRange(evaluation.ci95[0], evaluation.ci95[1])));
    m_averages->setText(tr("Mean of the classes: %1 are found, %2 of the answers are right.")
                            .arg(Texts::percent(evaluation.macro[1]),
                                 Texts::percent(evaluation.macro[0])));
    const auto triple = [](const std::array<double, 3>& v) {
        return tr("precision %1, recall %2, F1 %3")
            .arg(Texts::percent(v[0]), Texts::percent(v[1]), Texts::percent(v[2]));
    };
    m_averages->setToolTip(
        tr("Macro: %1; mean over classes, each counts the same. Weighted: %2; by the number of "
           "pictures. Precision: of what is called a class, the share that is it. Recall: of a "
           "class, the share that is found. F1: their harmonic mean.")
            .arg(triple(evaluation.macro), triple(evaluation.weighted)));
}

void EvaluationSummary::showText(const QString& text) {
    m_big->setVisible(false);
    m_averages->setVisible(false);
    m_caption->setText(text);
}

void EvaluationSummary::setNote(const QString& note) {
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

}  // namespace graft::ui
