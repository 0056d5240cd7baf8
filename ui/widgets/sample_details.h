// SampleDetails: one picture and the facts about its file, the foldable right side of the Data
// page. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/widgets/image_view.h"

#include <QWidget>

class QLabel;

namespace graft::ui {

class SampleDetails : public QWidget {
    Q_OBJECT
 public:
    explicit SampleDetails(ProjectDocument* document, QWidget* parent = nullptr);

    void showSample(SampleId sample);  ///< the facts; 0 clears
    ImageView* view() const { return m_view; }

 private:
    ProjectDocument* m_document;
    ImageView* m_view;
    QLabel* m_facts;
};

}  // namespace graft::ui
