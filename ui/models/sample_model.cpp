#include "ui/models/sample_model.h"

#include "ui/models/image_roles.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace graft::ui {

QString SampleFilter::toText() const {
    return QStringLiteral("%1 %2 %3")
        .arg(split ? int(*split) : -1)
        .arg(int(show))
        .arg(label ? qlonglong(*label) : -1);
}

SampleFilter SampleFilter::fromText(const QString& text) {
    SampleFilter filter;
    const QStringList parts = text.split(QLatin1Char(' '));
    if (parts.size() != 3) {
        return filter;
    }
    if (const int split = parts[0].toInt(); split >= 0 && split <= int(Split::Test)) {
        filter.split = Split(split);
    }
    if (const int show = parts[1].toInt(); show >= 0 && show <= int(Show::Unlabelled)) {
        filter.show = Show(show);
    }
    if (const qlonglong label = parts[2].toLongLong(); label >= 0) {
        filter.label = label;
    }
    return filter;
}

SampleModel::SampleModel(ProjectDocument* document, QObject* parent)
    : QAbstractListModel(parent), m_document(document) {
    connect(document, &ProjectDocument::dataChanged, this, &SampleModel::dataChangedInDocument);
    m_rows = filtered();
}

int SampleModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(m_rows.size());
}

const Sample* SampleModel::sampleAt(int row) const {
    const auto& samples = m_document->dataset().samples;
    if (row < 0 || row >= int(m_rows.size()) || m_rows[std::size_t(row)] >= int(samples.size())) {
        return nullptr;
    }
    return &samples[std::size_t(m_rows[std::size_t(row)])];
}

QString SampleModel::className(ClassId id) const {
    const Dataset& data = m_document->dataset();
    const int at = data.classIndex(id);
    return at < 0 ? tr("no class") : QString::fromStdString(data.classes[std::size_t(at)].name);
}

QVariant SampleModel::data(const QModelIndex& index, int role) const {
    const Sample* sample = index.isValid() ? sampleAt(index.row()) : nullptr;
    if (!sample) {
        return {};
    }
    switch (role) {
        case Qt::DisplayRole:
            return className(sample->label);
        case Qt::ToolTipRole:
            return QString::fromStdString(sample->path);
        case Qt::AccessibleTextRole:
            return tr("%1, class %2")
                .arg(QString::fromStdString(sample->path), className(sample->label));
        case ImageRoles::PathRole:
            return QString::fromStdString(m_document->dataset().absolutePath(*sample));
        case ImageRoles::IndexRole:
            return sample->index;
        case ImageRoles::SampleIdRole:
            return qlonglong(sample->id);
        case ImageRoles::BadgesRole: {
            int badges = ImageRoles::NoBadge;
            badges |= sample->excluded ? ImageRoles::ExcludedBadge : 0;
            badges |= sample->damaged ? ImageRoles::DamagedBadge : 0;
            badges |= sample->split == Split::Train ? ImageRoles::TrainBadge : 0;
            badges |= sample->split == Split::Validation ? ImageRoles::ValidationBadge : 0;
            badges |= sample->split == Split::Test ? ImageRoles::TestBadge : 0;
            return badges;
        }
        default:
            return {};
    }
}

QHash<int, QByteArray> SampleModel::roleNames() const {
    auto names = QAbstractListModel::roleNames();
    names[ImageRoles::PathRole] = "path";
    names[ImageRoles::SampleIdRole] = "sampleId";
    return names;
}

void SampleModel::setFilter(const SampleFilter& filter) {
    if (filter == m_filter) {
        return;
    }
    beginResetModel();
    m_filter = filter;
    m_rows = filtered();
    endResetModel();
    Q_EMIT rowsChanged();
}

int SampleModel::rowOf(SampleId id) const {
    const auto& samples = m_document->dataset().samples;
    const auto it = std::lower_bound(
        m_rows.begin(), m_rows.end(), id,
        [&](int at, SampleId wanted) { return samples[std::size_t(at)].id < wanted; });
    return it != m_rows.end() && samples[std::size_t(*it)].id == id ? int(it - m_rows.begin()) : -1;
}

void SampleModel::dataChangedInDocument() {
    std::vector<int> rows = filtered();
    if (rows == m_rows) {
        // Only labels or marks differ: selection and place on the screen stay.
        if (!m_rows.empty()) {
            Q_EMIT dataChanged(index(0), index(int(m_rows.size()) - 1));
        }
    } else {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    Q_EMIT rowsChanged();
}

std::vector<int> SampleModel::filtered() const {
    const auto& samples = m_document->dataset().samples;
    std::vector<int> rows;
    rows.reserve(samples.size());
    using Show = SampleFilter::Show;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Sample& s = samples[i];
        const bool shown = m_filter.show == Show::All ||
                           (m_filter.show == Show::Usable && s.usable()) ||
                           (m_filter.show == Show::LeftOut && s.excluded) ||
                           (m_filter.show == Show::Damaged && s.damaged) ||
                           (m_filter.show == Show::Duplicates && s.group != 0) ||
                           (m_filter.show == Show::Unlabelled && s.label == 0);
        if (shown && (!m_filter.label || s.label == *m_filter.label) &&
            (!m_filter.split || s.split == *m_filter.split)) {
            rows.push_back(int(i));
        }
    }
    return rows;
}

}  // namespace graft::ui
