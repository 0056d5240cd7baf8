#include "ui/widgets/answer_bars.h"

#include "ui/models/texts.h"

#include <QGridLayout>
#include <QLabel>
#include <QProgressBar>

namespace graft::ui {

namespace {

constexpr int kFine = 1000;

}  // namespace

AnswerBars::AnswerBars(int rows, QWidget* parent) : QWidget(parent), m_rest(new QLabel(this)) {
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setColumnStretch(1, 1);
    for (int i = 0; i < rows; ++i) {
        const Row row{new QLabel(this), new QProgressBar(this), new QLabel(this)};
        row.name->setObjectName(QStringLiteral("answerName%1").arg(i));
        row.name->setTextFormat(Qt::PlainText);
        row.bar->setObjectName(QStringLiteral("answerBar%1").arg(i));
        row.bar->setRange(0, kFine);
        row.bar->setTextVisible(false);
        row.figure->setObjectName(QStringLiteral("answerFigure%1").arg(i));
        row.figure->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        grid->addWidget(row.name, i, 0);
        grid->addWidget(row.bar, i, 1);
        grid->addWidget(row.figure, i, 2);
        m_rows << row;
    }
    grid->addWidget(m_rest, rows, 0, 1, 3);
    setAnswers({});
}

void AnswerBars::setAnswers(const QList<Answer>& answers) {
    for (int i = 0; i < m_rows.size(); ++i) {
        const Row& row = m_rows[i];
        const bool used = i < answers.size();
        row.name->setVisible(used);
        row.bar->setVisible(used);
        row.figure->setVisible(used);
        if (!used) {
            continue;
        }
        const Answer& answer = answers[i];
        const int most = fontMetrics().averageCharWidth() * 24;
        row.name->setText(fontMetrics().elidedText(answer.name, Qt::ElideMiddle, most));
        row.name->setToolTip(answer.name);
        row.bar->setValue(int(answer.probability * kFine));
        row.figure->setText(Texts::percent(answer.probability));
        const QString whole = tr("%1: %2").arg(answer.name, row.figure->text());
        row.bar->setAccessibleName(whole);
        row.bar->setToolTip(whole);
        QFont font = this->font();
        font.setBold(i == 0);
        row.name->setFont(font);
        row.figure->setFont(font);
    }
    const auto more = answers.size() - m_rows.size();
    double rest = 0;
    for (auto i = m_rows.size(); i < answers.size(); ++i) {
        rest += answers[i].probability;
    }
    m_rest->setVisible(more > 0);
    m_rest->setText(tr("%n other class(es): %1", nullptr, int(more)).arg(Texts::percent(rest)));
}

}  // namespace graft::ui
