#include "ui/pages/evaluation_tables.h"

#include "ui/models/texts.h"
#include "ui/widgets/matrix_view.h"

#include <QHeaderView>
#include <QLabel>
#include <QStandardItemModel>
#include <QTableView>
#include <QVBoxLayout>

#include <cmath>

namespace graft::ui {

EvaluationTables::EvaluationTables(QWidget* parent)
    : QTabWidget(parent),
      m_matrix(new MatrixView),
      m_scores(new QStandardItemModel(this)),
      m_scoreView(new QTableView) {
    setObjectName(QStringLiteral("evaluationTabs"));
    setDocumentMode(true);
    setMinimumWidth(280);
    m_matrix->setObjectName(QStringLiteral("confusionMatrix"));
    m_matrix->setToolTip(tr("Click a number to see its pictures"));
    auto* matrixPage = new QWidget;
    auto* column = new QVBoxLayout(matrixPage);
    column->setContentsMargins(0, 4, 0, 0);
    auto* hint = new QLabel(tr("Rows: what it is. Columns: what the network says."));
    hint->setWordWrap(true);
    column->addWidget(hint);
    column->addWidget(m_matrix, 1);
    addTab(matrixPage, tr("Confusions"));
    m_scoreView->setTabKeyNavigation(false);
    m_scoreView->setObjectName(QStringLiteral("classTable"));
    m_scoreView->setAccessibleName(tr("Figures of each class"));
    m_scoreView->setModel(m_scores);
    m_scoreView->setSortingEnabled(true);
    m_scoreView->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_scoreView->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_scoreView->setAlternatingRowColors(true);
    m_scoreView->verticalHeader()->hide();
    addTab(m_scoreView, tr("Classes"));
    connect(m_matrix, &MatrixView::cellChosen, this, &EvaluationTables::cellChosen);
    connect(m_matrix, &MatrixView::choiceCleared, this, &EvaluationTables::choiceCleared);
}

void EvaluationTables::showEvaluation(const Evaluation& evaluation) {
    QStringList names;
    for (const ClassScores& scores : evaluation.perClass) {
        names << Texts::from(scores.name);
    }
    m_matrix->setMatrix(evaluation.confusion, names);
    showScores(evaluation);
}

void EvaluationTables::clearEvaluation() {
    m_scores->clear();
    m_matrix->setMatrix({}, {});
}

void EvaluationTables::clearChoice() {
    m_matrix->clearChoice();
}

void EvaluationTables::showScores(const Evaluation& evaluation) {
    m_scores->clear();
    m_scores->setHorizontalHeaderLabels(
        {tr("Class"), tr("Pictures"), tr("Precision"), tr("Recall"), tr("F1")});
    for (const ClassScores& scores : evaluation.perClass) {
        QList<QStandardItem*> row;
        row << new QStandardItem(Texts::from(scores.name));
        row << new QStandardItem;
        row.back()->setData(qlonglong(scores.support), Qt::DisplayRole);
        for (const double share : {scores.precision, scores.recall, scores.f1}) {
            auto* item = new QStandardItem;
            // A number, so that sorting is by value, rounded to what is worth reading.
            item->setData(std::round(share * 1000) / 10, Qt::DisplayRole);
            item->setToolTip(Texts::percent(share, 2));
            row << item;
        }
        for (int i = 1; i < row.size(); ++i) {
            row[i]->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        }
        m_scores->appendRow(row);
    }
    for (int column = 2; column < 5; ++column) {
        m_scores->horizontalHeaderItem(column)->setText(
            tr("%1 (%)").arg(m_scores->horizontalHeaderItem(column)->text()));
    }
    m_scoreView->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_scoreView->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_scoreView->sortByColumn(3, Qt::AscendingOrder);
}

}  // namespace graft::ui
