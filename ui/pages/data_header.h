// DataHeader: the two rows above the pictures of the Data page: what there is, what is odd, the
// filters and the size of the pictures. Separate because it is most of the page's controls and
// none of its work. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/models/sample_model.h"

#include <QWidget>

class QComboBox;
class QHBoxLayout;
class QLabel;
class QSlider;
class QToolButton;

namespace graft::ui {

class DataHeader : public QWidget {
    Q_OBJECT
 public:
    explicit DataHeader(ProjectDocument* document, QWidget* parent = nullptr);

    /// Split and state as chosen; the class is not a matter of this header.
    SampleFilter filter() const;
    /// Takes no part in filterChanged().
    void setFilter(const SampleFilter& filter);
    bool problemsShown() const;
    void setProblemsShown(bool on);
    void setPictureSide(int side);
    void setSelectionCount(int count);
    /// Counts and buttons for the data as it is now.
    void refresh();

 Q_SIGNALS:
    void filterChanged();
    void problemsToggled(bool on);
    void detailsToggled(bool on);
    void splitRequested();
    void pictureSideChanged(int side);

 private:
    void buildCounts(QHBoxLayout* row);
    void buildFilters(QHBoxLayout* row);

    ProjectDocument* m_document;
    QLabel* m_summary;
    QLabel* m_shares;
    QToolButton* m_problems;
    QToolButton* m_split;
    QToolButton* m_details;
    QComboBox* m_splitFilter;
    QComboBox* m_showFilter;
    QSlider* m_size;
    QLabel* m_selection;
};

}  // namespace graft::ui
