// SampleActions: what can be done to the chosen pictures of the Data page, by key and by menu: move
// to a class, leave out, use for another part. Each is made at once and can be undone. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"

#include <QObject>

#include <functional>
#include <vector>

class QAction;
class QKeySequence;

namespace graft::ui {

class ImageGrid;
class ImageView;

class SampleActions : public QObject {
    Q_OBJECT
 public:
    /// Those chosen in `grid`, or its current one while `large` shows that. Takes none of the three.
    SampleActions(ProjectDocument* document, ImageGrid* grid, ImageView* large,
                  QObject* parent = nullptr);

    /// After another project was opened or this one changed.
    void refresh();

 Q_SIGNALS:
    void largeToggled();  ///< the picture is to be shown large, or no longer

 private:
    QAction* addKey(const QKeySequence& keys, const QString& text,
                    const std::function<void()>& run);
    void showMenu(const QPoint& at);
    std::vector<SampleId> targets() const;
    void move(ClassId label);
    void toggleExcluded();
    void use(Split split);

    ProjectDocument* m_document;
    ImageGrid* m_grid;
    ImageView* m_large;
    std::vector<QAction*> m_editing;  ///< those that change the project
};

}  // namespace graft::ui
