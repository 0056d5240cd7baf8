// Page: what the main window knows of each of its places. Pages never know each other; they ask
// to go somewhere by PageId. Thread: GUI.
#pragma once

#include "core/base/result.h"

#include <QString>
#include <QWidget>

namespace graft::ui {

enum class PageId { Start = -1, Data = 0, Augment, Model, Train, Evaluate, Export };

class Page : public QWidget {
    Q_OBJECT
  public:
    using QWidget::QWidget;

    /// The one primary button, bottom right, names the next step. Empty: hidden.
    virtual QString primaryText() const { return {}; }
    virtual bool primaryEnabled() const { return true; }
    virtual void primaryAction() {}
    /// Called when the page comes into view.
    virtual void activated() {}
    /// True if the page has a use of its own for a file that was dropped on the window; else it is
    /// opened.
    virtual bool takeDropped(const QString&) { return false; }

  Q_SIGNALS:
    void primaryChanged();  ///< primaryText or primaryEnabled may differ now
    void goTo(graft::ui::PageId page);
    /// An inline bar above the page: what happened and what to do. Never a modal box.
    void showError(const graft::Error& error);
    void showNotice(const QString& text);
};

}  // namespace graft::ui
