#include "ui/models/prediction_model.h"

#include "ui/bridge/project_document.h"
#include "ui/models/image_roles.h"
#include "ui/models/texts.h"

#include <algorithm>

namespace graft::ui {

float confidenceOf(const SamplePrediction& prediction) {
    const auto at = std::size_t(prediction.predicted);
    return prediction.predicted >= 0 && at < prediction.probabilities.size()
               ? prediction.probabilities[at]
               : 0;
}

PredictionModel::PredictionModel(ProjectDocument* document, QObject* parent)
    : QAbstractListModel(parent), m_document(document) {
    connect(document, &ProjectDocument::dataChanged, this, [this] {
        if (!m_rows.empty()) {
            Q_EMIT dataChanged(index(0), index(rowCount() - 1));
        }
    });
}

void PredictionModel::setEvaluation(const Evaluation& evaluation) {
    m_evaluation = evaluation;
    rebuild();
}

void PredictionModel::clear() {
    setEvaluation({});
}

void PredictionModel::setFilter(const PredictionFilter& filter) {
    m_filter = filter;
    rebuild();
}

void PredictionModel::rebuild() {
    beginResetModel();
    m_rows.clear();
    using Show = PredictionFilter::Show;
    const bool cell = m_filter.truth || m_filter.predicted;
    const auto& all = m_evaluation.predictions;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const SamplePrediction& p = all[i];
        const bool right = p.truth == p.predicted;
        const bool shown =
            cell ? (!m_filter.truth || p.truth == *m_filter.truth) &&
                       (!m_filter.predicted || p.predicted == *m_filter.predicted)
                 : m_filter.show == Show::All || (m_filter.show == Show::Right) == right;
        if (shown && p.predicted >= 0) {
            m_rows.push_back(i);
        }
    }
    // Mistakes first, the surest on top; below them what is right, the least sure on top.
    std::stable_sort(m_rows.begin(), m_rows.end(), [&all](std::size_t a, std::size_t b) {
        const bool rightA = all[a].truth == all[a].predicted;
        const bool rightB = all[b].truth == all[b].predicted;
        if (rightA != rightB) {
            return rightB;
        }
        return rightA ? confidenceOf(all[a]) < confidenceOf(all[b])
                      : confidenceOf(all[a]) > confidenceOf(all[b]);
    });
    endResetModel();
}

const SamplePrediction* PredictionModel::predictionAt(int row) const {
    return row >= 0 && row < int(m_rows.size())
               ? &m_evaluation.predictions[m_rows[std::size_t(row)]]
               : nullptr;
}

QString PredictionModel::className(int position) const {
    return position >= 0 && position < int(m_evaluation.perClass.size())
               ? Texts::from(m_evaluation.perClass[std::size_t(position)].name)
               : tr("unknown");
}

int PredictionModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

QString PredictionModel::caption(const SamplePrediction& p) const {
    const Sample* sample = m_document->dataset().findSample(p.sample);
    const ClassId judged = p.truth >= 0 && p.truth < int(m_evaluation.perClass.size())
                               ? m_evaluation.perClass[std::size_t(p.truth)].id
                               : 0;
    if (sample && sample->excluded) {
        return tr("left out now");
    }
    if (sample && sample->label != judged) {
        const int now = m_document->dataset().classIndex(sample->label);
        return now < 0
                   ? tr("no class now")
                   : tr("moved to %1")
                         .arg(Texts::from(m_document->dataset().classes[std::size_t(now)].name));
    }
    const QString answer =
        tr("%1 %2").arg(className(p.predicted), Texts::percent(confidenceOf(p), 0));
    return p.truth == p.predicted ? answer : tr("%1\nsaid %2").arg(className(p.truth), answer);
}

QString PredictionModel::describe(const SamplePrediction& p) const {
    const QString sure = Texts::percent(confidenceOf(p));
    return p.truth == p.predicted
               ? tr("Right: it is %1, and the network is %2 sure.").arg(className(p.truth), sure)
               : tr("Mistake: it is %1, but the network says %2 and is %3 sure.")
                     .arg(className(p.truth), className(p.predicted), sure);
}

QVariant PredictionModel::data(const QModelIndex& index, int role) const {
    const SamplePrediction* p = index.isValid() ? predictionAt(index.row()) : nullptr;
    if (!p) {
        return {};
    }
    const Sample* sample = m_document->dataset().findSample(p->sample);
    switch (role) {
        case Qt::DisplayRole:
            return caption(*p);
        case Qt::ToolTipRole:
            return sample ? describe(*p) + QLatin1Char('\n') + Texts::from(sample->path)
                          : describe(*p);
        case Qt::AccessibleTextRole:
            return describe(*p);
        case ImageRoles::PathRole:
            return sample ? Texts::from(m_document->dataset().absolutePath(*sample)) : QString();
        case ImageRoles::IndexRole:
            return sample ? sample->index : -1;
        case ImageRoles::SampleIdRole:
            return qlonglong(p->sample);
        case ImageRoles::BadgesRole:
            return int(p->truth == p->predicted ? ImageRoles::RightBadge : ImageRoles::WrongBadge) |
                   int(sample && sample->excluded ? ImageRoles::ExcludedBadge
                                                  : ImageRoles::NoBadge);
        default:
            return {};
    }
}

}  // namespace graft::ui
