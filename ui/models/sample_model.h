// SampleModel: the pictures of the open project that pass the filter, as rows for an ImageGrid.
// A row is a position in Dataset::samples, found once per change of data or filter, so that
// 100,000 pictures cost a few milliseconds. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"

#include <QAbstractListModel>

#include <optional>

namespace graft::ui {

struct SampleFilter {
    enum class Show { All, Usable, LeftOut, Damaged, Duplicates, Unlabelled };
    std::optional<ClassId> label;  ///< 0: those without a class
    std::optional<Split> split;
    Show show = Show::All;
    bool operator==(const SampleFilter&) const = default;

    /// For a note in the project; what cannot be understood shows everything.
    QString toText() const;
    static SampleFilter fromText(const QString& text);
};

class SampleModel : public QAbstractListModel {
    Q_OBJECT
 public:
    explicit SampleModel(ProjectDocument* document, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    const SampleFilter& filter() const { return m_filter; }
    void setFilter(const SampleFilter& filter);
    /// -1 when it is filtered out.
    int rowOf(SampleId id) const;
    const Sample* sampleAt(int row) const;

 Q_SIGNALS:
    void rowsChanged();  ///< after a reset or when only values changed

 private:
    void dataChangedInDocument();
    std::vector<int> filtered() const;
    QString className(ClassId id) const;

    ProjectDocument* m_document;
    SampleFilter m_filter;
    std::vector<int> m_rows;  ///< positions in Dataset::samples, ascending
};

}  // namespace graft::ui
