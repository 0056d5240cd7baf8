#include "ui/models/problem_model.h"

#include "ui/bridge/core_texts.h"

namespace graft::ui {

ProblemModel::ProblemModel(ProjectDocument* document, QObject* parent)
    : QAbstractTableModel(parent), m_document(document) {
    m_count = int(document->dataset().problems.size());
    connect(document, &ProjectDocument::dataChanged, this, [this] {
        beginResetModel();
        m_count = int(m_document->dataset().problems.size());
        endResetModel();
    });
}

int ProblemModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : m_count;
}

int ProblemModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ProblemModel::data(const QModelIndex& index, int role) const {
    const auto& problems = m_document->dataset().problems;
    if (!index.isValid() || index.row() >= int(problems.size())) {
        return {};
    }
    const Problem& problem = problems[std::size_t(index.row())];
    switch (role) {
        case Qt::DisplayRole:
            return index.column() == FileColumn ? QString::fromStdString(problem.path)
                                                : CoreTexts::tr(problem.message);
        case Qt::ToolTipRole:
            return QString::fromStdString(problem.path) + QLatin1Char('\n') +
                   CoreTexts::tr(problem.message);
        case kSampleIdRole:
            return qlonglong(problem.sample);
        default:
            return {};
    }
}

QVariant ProblemModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    return section == FileColumn ? tr("File") : tr("What is odd about it");
}

}  // namespace graft::ui
