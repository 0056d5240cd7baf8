// DesktopTheme: whether the desktop is dark, and when that changes, by the settings portal that
// desktops of today answer on the session bus. Without one nothing is known. Thread: GUI.
#pragma once

#include <QDBusVariant>
#include <QObject>

#include <optional>

namespace graft::ui {

class DesktopTheme : public QObject {
    Q_OBJECT
 public:
    explicit DesktopTheme(QObject* parent = nullptr);

    /// Nothing where the desktop did not say (yet).
    std::optional<bool> dark() const { return m_dark; }

 Q_SIGNALS:
    void changed();

 private Q_SLOTS:
    void settingChanged(const QString& group, const QString& key, const QDBusVariant& value);

 private:
    void take(const QVariant& value);

    std::optional<bool> m_dark;
};

}  // namespace graft::ui
