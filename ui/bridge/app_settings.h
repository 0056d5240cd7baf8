// AppSettings: what the program remembers between starts apart from projects: theme, language,
// recent projects, window geometry. A damaged file is put aside and never stops the start.
// Thread: GUI.
#pragma once

#include <QByteArray>
#include <QList>
#include <QObject>
#include <QString>

#include <memory>

class QSettings;

namespace graft::ui {

enum class ThemeChoice { System, Light, Dark };

struct RecentProject {
    QString path;    ///< of the .graft file
    QString source;  ///< folder of pictures it was made from
    /// How it stands, without words of a language: "finished", "failed", "stopped" (its newest run)
    /// or "" (no run yet). Texts::recent() makes a sentence of it.
    QString state = {};
    QString run = {};  ///< name of that run
    int number = 0;   ///< finished: per cent right; else the epochs that are done
    int classes = 0;
    int pictures = 0;
    QString picture = {};  ///< path of one of its pictures
};

class AppSettings : public QObject {
    Q_OBJECT
 public:
    /// `file` "" is the user's own settings file.
    explicit AppSettings(const QString& file = {}, QObject* parent = nullptr);
    ~AppSettings() override;

    ThemeChoice theme() const;
    void setTheme(ThemeChoice choice);
    /// A code of Language::codes(), "" as the system.
    QString language() const;
    void setLanguage(const QString& code);

    /// Newest first, at most ten, those that are gone from the disk left out.
    QList<RecentProject> recent() const;
    void addRecent(const RecentProject& project);  ///< to the front; replaces the same path
    void removeRecent(const QString& path);

    /// Window geometry, splitter positions: opaque bytes by name.
    QByteArray bytes(const QString& key) const;
    void setBytes(const QString& key, const QByteArray& value);
    int number(const QString& key, int otherwise, int min, int max) const;
    void setNumber(const QString& key, int value);
    QString text(const QString& key) const;
    void setText(const QString& key, const QString& value);

    /// "" or where a damaged settings file was put aside at start.
    QString damagedFile() const { return m_damagedFile; }

 Q_SIGNALS:
    void themeChanged(graft::ui::ThemeChoice choice);
    void languageChanged();
    void recentChanged();

 private:
    std::unique_ptr<QSettings> m_settings;
    QString m_damagedFile;
};

}  // namespace graft::ui
