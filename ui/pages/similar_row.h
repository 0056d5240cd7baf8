// SimilarRow: the training pictures that look most like a picture to a run's model, in a row of small
// pictures with their classes. Goes below whatever shows the picture itself. Thread: GUI.
#pragma once

#include "core/train/similar_pictures.h"
#include "ui/bridge/job_bridge.h"
#include "ui/bridge/project_document.h"

#include <QWidget>

#include <vector>

class QLabel;

namespace graft::ui {

class SimilarRow : public QWidget {
    Q_OBJECT
 public:
    explicit SimilarRow(ProjectDocument* document, QWidget* parent = nullptr);
    ~SimilarRow() override;

    /// Asks the run's best model; a question under way is dropped.
    void showFor(RunId run, const ImageRef& picture);
    void clear();

 private:
    void take(const Result<std::vector<SimilarPicture>>& similar);
    void showPictures();

    ProjectDocument* m_document;
    QLabel* m_title;
    struct Place {
        QLabel* picture;
        QLabel* caption;
        ImageRef ref;
    };
    std::vector<Place> m_places;
    int m_count = 0;  ///< places in use
    JobBridge m_job;
};

}  // namespace graft::ui
