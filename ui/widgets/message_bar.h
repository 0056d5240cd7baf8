// MessageBar: what happened and what to do, in a line over the page instead of a modal box. Holds
// several at most; the newest of a topic replaces the older. Thread: GUI.
#pragma once

#include "core/base/result.h"
#include "ui/widgets/theme.h"

#include <QWidget>

#include <functional>
#include <vector>

class QVBoxLayout;

namespace graft::ui {

class MessageBar : public QWidget {
    Q_OBJECT
 public:
    struct Action {
        QString text;
        std::function<void()> run;  ///< the message closes after it
    };

    explicit MessageBar(QWidget* parent = nullptr);

    /// `topic` names the message for tests (object name) and for hide(); one per topic.
    void show(const QString& topic, Theme::Tone tone, const QString& text,
              const std::vector<Action>& actions = {}, const QString& detail = {});
    void showError(const Error& error);
    /// Goes away by itself after a while.
    void showNotice(const QString& text);
    void hide(const QString& topic);
    void clear();
    /// Texts of the messages now shown.
    QStringList texts() const;

 private:
    void retire(QWidget* row);

    QVBoxLayout* m_column;
};

}  // namespace graft::ui
