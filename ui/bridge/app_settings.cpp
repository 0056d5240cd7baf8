#include "ui/bridge/app_settings.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>

namespace graft::ui {

namespace {

constexpr int kRecentCount = 10;

QString defaultFile() {
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation);
    QDir().mkpath(folder);
    return folder + QStringLiteral("/settings.ini");
}

/// QSettings reads most garbage without a word; a text file without NUL bytes and with at least a
/// section or nothing at all is what it writes itself.
bool looksDamaged(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return false;
    }
    const QByteArray head = file.read(4096).trimmed();
    return !head.isEmpty() && (head.contains('\0') || !head.startsWith('['));
}

QString putAside(const QString& path) {
    const QString aside = path + QStringLiteral(".damaged");
    QFile::remove(aside);
    return QFile::rename(path, aside) ? aside : QString();
}

}  // namespace

AppSettings::AppSettings(const QString& file, QObject* parent) : QObject(parent) {
    const QString path = file.isEmpty() ? defaultFile() : file;
    if (looksDamaged(path)) {
        m_damagedFile = putAside(path);
    }
    m_settings = std::make_unique<QSettings>(path, QSettings::IniFormat);
    if (m_settings->status() == QSettings::FormatError) {
        m_settings.reset();
        m_damagedFile = putAside(path);
        m_settings = std::make_unique<QSettings>(path, QSettings::IniFormat);
    }
}

AppSettings::~AppSettings() = default;

ThemeChoice AppSettings::theme() const {
    const QString name = text(QStringLiteral("window/theme"));
    return name == QLatin1String("light")  ? ThemeChoice::Light
           : name == QLatin1String("dark") ? ThemeChoice::Dark
                                           : ThemeChoice::System;
}

void AppSettings::setTheme(ThemeChoice choice) {
    setText(QStringLiteral("window/theme"), choice == ThemeChoice::Light  ? QStringLiteral("light")
                                            : choice == ThemeChoice::Dark ? QStringLiteral("dark")
                                                                          : QString());
    Q_EMIT themeChanged(choice);
}

QString AppSettings::language() const {
    return text(QStringLiteral("window/language"));
}

void AppSettings::setLanguage(const QString& code) {
    setText(QStringLiteral("window/language"), code);
    Q_EMIT languageChanged();
}

QList<RecentProject> AppSettings::recent() const {
    QList<RecentProject> list;
    const int count = m_settings->beginReadArray(QStringLiteral("recent"));
    for (int i = 0; i < std::min(count, kRecentCount); ++i) {
        m_settings->setArrayIndex(i);
        const auto text = [this](const char* key) {
            return m_settings->value(QLatin1String(key)).toString();
        };
        const RecentProject project{text("path"),           text("source"),
                                    text("state"),          text("run"),
                                    text("number").toInt(), text("classes").toInt(),
                                    text("pictures").toInt(), text("picture")};
        if (QFileInfo(project.path).isFile()) {
            list << project;
        }
    }
    m_settings->endArray();
    return list;
}

void AppSettings::addRecent(const RecentProject& project) {
    QList<RecentProject> list = recent();
    list.removeIf([&](const RecentProject& other) { return other.path == project.path; });
    list.prepend(project);
    m_settings->remove(QStringLiteral("recent"));
    m_settings->beginWriteArray(QStringLiteral("recent"));
    for (int i = 0; i < std::min(int(list.size()), kRecentCount); ++i) {
        m_settings->setArrayIndex(i);
        const RecentProject& kept = list[i];
        m_settings->setValue(QStringLiteral("path"), kept.path);
        m_settings->setValue(QStringLiteral("source"), kept.source);
        m_settings->setValue(QStringLiteral("state"), kept.state);
        m_settings->setValue(QStringLiteral("run"), kept.run);
        m_settings->setValue(QStringLiteral("number"), kept.number);
        m_settings->setValue(QStringLiteral("classes"), kept.classes);
        m_settings->setValue(QStringLiteral("pictures"), kept.pictures);
        m_settings->setValue(QStringLiteral("picture"), kept.picture);
    }
    m_settings->endArray();
    Q_EMIT recentChanged();
}

void AppSettings::removeRecent(const QString& path) {
    const QList<RecentProject> list = recent();
    m_settings->remove(QStringLiteral("recent"));
    for (auto it = list.rbegin(); it != list.rend(); ++it) {
        if (it->path != path) {
            addRecent(*it);
        }
    }
    Q_EMIT recentChanged();
}

QByteArray AppSettings::bytes(const QString& key) const {
    return QByteArray::fromBase64(m_settings->value(key).toString().toLatin1());
}

void AppSettings::setBytes(const QString& key, const QByteArray& value) {
    m_settings->setValue(key, QString::fromLatin1(value.toBase64()));
}

int AppSettings::number(const QString& key, int otherwise, int min, int max) const {
    bool ok = false;
    const int value = m_settings->value(key).toString().toInt(&ok);
    return ok && value >= min && value <= max ? value : otherwise;
}

void AppSettings::setNumber(const QString& key, int value) {
    m_settings->setValue(key, QString::number(value));
}

QString AppSettings::text(const QString& key) const {
    return m_settings->value(key).toString();
}

void AppSettings::setText(const QString& key, const QString& value) {
    m_settings->setValue(key, value);
}

}  // namespace graft::ui
