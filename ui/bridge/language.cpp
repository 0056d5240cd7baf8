#include "ui/bridge/language.h"

#include <QApplication>
#include <QFont>
#include <QFontInfo>
#include <QLibraryInfo>
#include <QTranslator>

#include <memory>
#include <vector>

// Resources of a static library are only there when they are asked for, from outside a namespace.
static void initTranslations() {
    Q_INIT_RESOURCE(translations);
}

namespace graft::ui {

namespace {

const QString kEnglish = QStringLiteral("en");
const QString kChinese = QStringLiteral("zh_CN");

struct Installed {
    QString code = kEnglish;
    std::vector<std::unique_ptr<QTranslator>> translators;
    QLocale systemLocale = QLocale::system();
    QFont systemFont = QApplication::font();
};

Installed& installed() {
    static Installed now;
    return now;
}

void install(const QString& file, const QString& folder) {
    auto translator = std::make_unique<QTranslator>();
    if (translator->load(file, folder)) {
        QCoreApplication::installTranslator(translator.get());
        installed().translators.push_back(std::move(translator));
    }
}

/// One Chinese character has several regional forms: without a name in front, the fallback may be a
/// Japanese font.
void chooseFonts(const QString& code) {
    QFont font = installed().systemFont;
    if (code == kChinese) {
        // The system's font by its real name: behind "Sans Serif" the first real name would win, and
        // a Chinese font's letters are so wide on average that whatever is measured in them grows.
        font.setFamilies({QFontInfo(font).family(), QStringLiteral("Noto Sans CJK SC"),
                          QStringLiteral("WenQuanYi Micro Hei")});
    }
    QApplication::setFont(font);
}

}  // namespace

QStringList Language::codes() {
    return {kEnglish, kChinese};
}

QString Language::nativeName(const QString& code) {
    return code == kChinese ? QStringLiteral("简体中文") : QStringLiteral("English");
}

QString Language::effective(const QString& setting, const QStringList& uiLanguages) {
    if (codes().contains(setting)) {
        return setting;
    }
    for (const QString& wanted : uiLanguages) {
        const QLocale locale(wanted);
        if (locale.language() == QLocale::English) {
            return kEnglish;
        }
        // Traditional Chinese is another script, which Graft does not have.
        if (locale.language() == QLocale::Chinese &&
            locale.script() == QLocale::SimplifiedChineseScript) {
            return kChinese;
        }
    }
    return kEnglish;
}

void Language::apply(const QString& setting) {
    Installed& now = installed();
    now.translators.clear();  // a translator that is deleted is no longer installed
    now.code = effective(setting, now.systemLocale.uiLanguages());
    const QLocale own(now.code);
    QLocale::setDefault(own.language() == now.systemLocale.language() ? now.systemLocale : own);
    chooseFonts(now.code);
    initTranslations();
    if (now.code != kEnglish) {
        install(QStringLiteral("qtbase_") + now.code,
                QLibraryInfo::path(QLibraryInfo::TranslationsPath));
    }
    // English too: its forms of one and many.
    install(QStringLiteral("graft_") + now.code, QStringLiteral(":/translations"));
}

QString Language::current() {
    return installed().code;
}

}  // namespace graft::ui
