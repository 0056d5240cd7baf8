// The window in its other language: nothing is left in English, by accident or by a change in core.
// The files of translations are compared with what lupdate finds in the sources, the list of core's
// texts with what core's sources put together.
#include "core/data/augment_spec.h"
#include "core/nn/catalog.h"
#include "core/train/cost_forecast.h"
#include "core/train/train_options.h"
#include "tests/support/source_texts.h"
#include "tests/ui/ui_fixtures.h"
#include "ui/bridge/core_texts.h"
#include "ui/bridge/language.h"
#include "ui/pages/main_window.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QXmlStreamReader>

using namespace graft;
using namespace graft::ui;

namespace {

struct Message {
    QString context, source, comment, translation;
    QStringList forms;  ///< of one and many
    bool finished = true;
};

QList<Message> readTs(const QString& path) {
    QList<Message> all;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return all;
    }
    QXmlStreamReader xml(&file);
    QString context;
    Message message;
    while (!xml.atEnd()) {
        if (xml.readNext() == QXmlStreamReader::EndElement &&
            xml.name() == QLatin1String("message")) {
            all << message;
        }
        if (!xml.isStartElement()) {
            continue;
        }
        const QString tag = xml.name().toString();
        if (tag == QLatin1String("name")) {
            context = xml.readElementText();
        } else if (tag == QLatin1String("message")) {
            message = {};
            message.context = context;
        } else if (tag == QLatin1String("source")) {
            message.source = xml.readElementText();
        } else if (tag == QLatin1String("comment")) {
            message.comment = xml.readElementText();
        } else if (tag == QLatin1String("numerusform")) {
            message.forms << xml.readElementText();
        } else if (tag == QLatin1String("translation")) {
            message.finished = !xml.attributes().hasAttribute(QLatin1String("type"));
            if (message.finished && message.source.contains(QLatin1String("%n"))) {
                continue;  // its forms follow
            }
            message.translation = xml.readElementText(QXmlStreamReader::IncludeChildElements);
        }
    }
    return all;
}

QString tsFile(const QString& code) {
    return QStringLiteral(GRAFT_SOURCE_DIR "/resources/translations/graft_%1.ts").arg(code);
}

QStringList pieces(QString pattern) {
    static const QRegularExpression place(QStringLiteral("%[1-9]"));
    QStringList found;
    for (const QString& piece : pattern.split(place)) {
        if (!piece.trimmed().isEmpty()) {
            found << piece.trimmed();
        }
    }
    return found;
}

/// Where whatever has several words is shown, not only whole sentences.
const QStringList kTalkative = {
    QStringLiteral("train/train_options"), QStringLiteral("train/cost_forecast"),
    QStringLiteral("train/train_messages"), QStringLiteral("train/run_report"),
    QStringLiteral("train/trainer"), QStringLiteral("train/train_run"),
    QStringLiteral("train/run_features"),
    QStringLiteral("train/run_cost"), QStringLiteral("train/evaluation_job"),
    QStringLiteral("data/augment_spec"), QStringLiteral("data/importers/"),
    QStringLiteral("nn/layer_tree"), QStringLiteral("nn/families/"),
    QStringLiteral("project/project_edits"), QStringLiteral("deploy/package"),
    QStringLiteral("deploy/predictor")};

/// The model card is a file in English; the rest is the inside of error details.
const QStringList kSilent = {QStringLiteral("deploy/model_card"), QStringLiteral("engine/pretrain"),
                             QStringLiteral("nn/fast/")};

bool isName(const QString& text) {
    static const QRegularExpression known(
        QStringLiteral("Net|NeXt|Swin|Vision Transformer|Inception v3|VGG-|Graft nano|first row: "));
    return known.match(text).hasMatch() &&
           !text.contains(QRegularExpression(QStringLiteral("\\b(?!v3|nano|first|row)[a-z]{2,}")));
}

bool isShown(const QString& file, const QString& text) {
    static const QRegularExpression several(QStringLiteral("[A-Za-z].* .*[A-Za-z]"));
    static const QRegularExpression sentence(QStringLiteral("^[\"“]?(%1|[A-Z]).*[.:?]$"),
                                             QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression other(
        QStringLiteral("\\b(SELECT|INSERT|UPDATE|DELETE|PRAGMA)\\b|%[.slz]|: file |: file type "));
    const auto in = [&file](const QStringList& list) {
        return std::any_of(list.begin(), list.end(),
                           [&file](const QString& start) { return file.startsWith(start); });
    };
    QString bare = text;
    bare.remove(QRegularExpression(QStringLiteral("%[1-9]")));
    return several.match(bare).hasMatch() && !other.match(text).hasMatch() && !isName(text) &&
           !in(kSilent) && (sentence.match(text).hasMatch() || in(kTalkative));
}

QMap<QString, QStringList> coreTexts() {
    QMap<QString, QStringList> all;
    const QString root = QStringLiteral(GRAFT_SOURCE_DIR "/core");
    QDirIterator files(root, {QStringLiteral("*.cpp"), QStringLiteral("*.h")}, QDir::Files,
                       QDirIterator::Subdirectories);
    while (files.hasNext()) {
        QFile file(files.next());
        if (file.open(QIODevice::ReadOnly)) {
            all[QDir(root).relativeFilePath(file.fileName())] =
                test::SourceTexts::of(QString::fromUtf8(file.readAll()));
        }
    }
    return all;
}

/// What a person reads of a widget and its actions.
QStringList readable(QWidget* root) {
    QStringList all;
    for (QWidget* widget : root->findChildren<QWidget*>()) {
        all << widget->toolTip() << widget->accessibleName() << widget->windowTitle();
        if (const auto* label = qobject_cast<QLabel*>(widget)) {
            all << label->text();
        } else if (const auto* button = qobject_cast<QAbstractButton*>(widget)) {
            all << button->text();
        } else if (const auto* box = qobject_cast<QComboBox*>(widget)) {
            for (int i = 0; i < box->count(); ++i) {
                all << box->itemText(i);
            }
        } else if (const auto* menu = qobject_cast<QMenu*>(widget)) {
            all << menu->title();
        }
        for (const QAction* action : widget->actions()) {
            all << action->text() << action->toolTip();
        }
    }
    return all;
}

}  // namespace

class TestTranslations : public QObject {
    Q_OBJECT
 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void cleanup() { Language::apply(QStringLiteral("en")); }

    void readerOfSources() {
        using test::SourceTexts;
        QCOMPARE(SourceTexts::of(QStringLiteral("f(path + \" was \" \"not found.\", 3); // \"no\"")),
                 QStringList{QStringLiteral("%1 was not found.")});
        QCOMPARE(SourceTexts::of(QStringLiteral("return \"a \\\"\" + name(x, \"in\") + '\\'' + y + \"b\";")),
                 (QStringList{QStringLiteral("in"), QStringLiteral("a \"%1b")}));
        QCOMPARE(SourceTexts::of(QStringLiteral("x ? \"one\" : \"two \" + std::to_string(1'000)")),
                 (QStringList{QStringLiteral("one"), QStringLiteral("two %1")}));
    }

    void everyTextOfCoreIsListed() {
        const QStringList patterns = CoreTexts::patterns();
        const auto listed = [&patterns](const QString& text) {
            return patterns.contains(text.trimmed()) ||
                   std::any_of(patterns.begin(), patterns.end(), [&](const QString& pattern) {
                       const QStringList parts = pieces(text);
                       return std::all_of(parts.begin(), parts.end(), [&](const QString& part) {
                           return pattern.contains(part);
                       });
                   });
        };
        QStringList missing;
        int seen = 0;
        const auto all = coreTexts();
        for (auto file = all.begin(); file != all.end(); ++file) {
            for (const QString& text : file.value()) {
                if (isShown(file.key(), text.trimmed())) {
                    ++seen;
                    if (!listed(text)) {
                        missing << file.key() + QStringLiteral(": ") + text;
                    }
                }
            }
        }
        QVERIFY2(seen > 400, qPrintable(QString::number(seen)));
        QVERIFY2(missing.isEmpty(), qPrintable(QStringLiteral("missing in core_texts_list.inc:\n") +
                                               missing.join(QLatin1Char('\n'))));
    }
    void nothingListedIsGone() {
        QString sources = QString::fromUtf8(
            [] { QFile f(QStringLiteral(GRAFT_SOURCE_DIR "/resources/weights.json"));
                 return f.open(QIODevice::ReadOnly) ? f.readAll() : QByteArray(); }());
        const auto all = coreTexts();
        for (const QStringList& texts : all) {
            sources += texts.join(QLatin1Char('\n')) + QLatin1Char('\n');
        }
        // Whole patterns may be put together from several literals: most of what stands beside each
        // other in a pattern has to do so in the sources.
        QStringList gone;
        for (const QString& pattern : CoreTexts::patterns()) {
            int triples = 0, found = 0;
            bool words = true;
            for (const QString& piece : pieces(pattern)) {
                const QStringList parts = piece.split(QLatin1Char(' '), Qt::SkipEmptyParts);
                for (qsizetype i = 0; i + 2 < parts.size(); ++i) {
                    ++triples;
                    found += sources.contains(parts.mid(i, 3).join(QLatin1Char(' '))) ? 1 : 0;
                }
                for (QString word : parts) {
                    word.remove(QRegularExpression(QStringLiteral("^[^A-Za-z]+|[^A-Za-z]+$")));
                    words = words && sources.contains(word, Qt::CaseInsensitive);
                }
            }
            if (triples > 1 ? 2 * found < triples : !words) {
                gone << pattern;
            }
        }
        QVERIFY2(gone.isEmpty(), qPrintable(gone.join(QLatin1Char('\n'))));
    }
    void everyOptionIsTranslated() {
        Language::apply(QStringLiteral("zh_CN"));
        QStringList missing;
        const auto check = [&missing](const std::string& text) {
            static const QStringList same = {QStringLiteral("AdamW"), QStringLiteral("MB"),
                                             QStringLiteral("px"), QStringLiteral("°")};
            const QString english = QString::fromStdString(text);
            if (!english.isEmpty() && CoreTexts::tr(english) == english &&
                !same.contains(english) && !isName(english)) {
                missing << english;
            }
        };
        const auto checkInfo = [&check](const FieldInfo& info) {
            check(info.label);
            check(info.help);
            check(info.group);
            for (const std::string& label : info.choiceLabels) {
                check(label);
            }
        };
        for (const auto& row : trainFields().rows()) {
            checkInfo(row.info);
        }
        for (const auto& row : augmentFields().rows()) {
            checkInfo(row.info);
        }
        for (const BackboneInfo& info : backboneCatalog()) {
            check(info.summary);
        }
        QVERIFY2(missing.isEmpty(), qPrintable(missing.join(QLatin1Char('\n'))));
    }

    void filesAreUpToDate() {
        QTemporaryDir folder;
        const QString fresh = folder.filePath(QStringLiteral("fresh.ts"));
        QProcess lupdate;
        lupdate.setWorkingDirectory(QStringLiteral(GRAFT_SOURCE_DIR));
        lupdate.start(QStringLiteral(GRAFT_LUPDATE),
                      {QStringLiteral("-silent"), QStringLiteral("-locations"),
                       QStringLiteral("none"), QStringLiteral("-extensions"),
                       QStringLiteral("cpp,h,inc"), QStringLiteral("-I"), QStringLiteral("."),
                       QStringLiteral("ui"), QStringLiteral("app/gui_main.cpp"),
                       QStringLiteral("-ts"), fresh});
        QVERIFY(lupdate.waitForFinished(120'000));
        QCOMPARE(lupdate.exitCode(), 0);
        const auto keys = [](const QList<Message>& messages) {
            QSet<QString> set;
            for (const Message& m : messages) {
                set << m.context + QLatin1Char('|') + m.source + QLatin1Char('|') + m.comment;
            }
            return set;
        };
        const QSet<QString> wanted = keys(readTs(fresh));
        QVERIFY(wanted.size() > 1000);
        const QSet<QString> present = keys(readTs(tsFile(QStringLiteral("zh_CN"))));
        const QStringList lacking = (wanted - present).values();
        const QStringList old = (present - wanted).values();
        QVERIFY2(lacking.isEmpty(), qPrintable(QStringLiteral("run the target update_translations; lacking:\n") + lacking.join(QLatin1Char('\n'))));
        QVERIFY2(old.isEmpty(), qPrintable(QStringLiteral("no longer in the sources:\n") + old.join(QLatin1Char('\n'))));
    }
    void nothingIsUnfinished_data() {
        QTest::addColumn<QString>("code");
        for (const QString& code : Language::codes()) {
            QTest::newRow(qPrintable(code)) << code;
        }
    }
    void nothingIsUnfinished() {
        QFETCH(QString, code);
        const QList<Message> all = readTs(tsFile(code));
        QVERIFY(!all.isEmpty());
        QStringList open;
        for (const Message& m : all) {
            const bool empty = m.forms.isEmpty() ? m.translation.isEmpty() && m.source != QLatin1String(" ")
                                                 : m.forms.contains(QString());
            if (!m.finished || empty) {
                open << m.context + QStringLiteral(": ") + m.source;
            }
        }
        QVERIFY2(open.isEmpty(), qPrintable(QStringLiteral("%1 open:\n").arg(open.size()) + open.join(QLatin1Char('\n'))));
    }
    void placeholdersAgree() {
        static const QRegularExpression place(QStringLiteral("%(?:[1-9]|n)|<[^<>]+>|\n"));
        const auto places = [](const QString& text) {
            QStringList found;
            for (auto it = place.globalMatch(text); it.hasNext();) {
                found << it.next().captured();
            }
            found.removeDuplicates();
            found.sort();
            return found;
        };
        const auto mnemonics = [](QString text) {
            return text.remove(QStringLiteral("&&")).count(QRegularExpression(QStringLiteral("&\\w")));
        };
        QStringList wrong;
        for (const QString& code : Language::codes()) {
            for (const Message& m : readTs(tsFile(code))) {
                for (const QString& text : m.forms.isEmpty() ? QStringList{m.translation} : m.forms) {
                    if (places(text) != places(m.source) || mnemonics(text) != mnemonics(m.source) ||
                        text.endsWith(QChar(0x2026)) != m.source.endsWith(QChar(0x2026))) {
                        wrong << m.source + QStringLiteral(" -> ") + text;
                    }
                }
            }
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(QLatin1Char('\n'))));
    }

    void sentencesOfCore_data() {
        QTest::addColumn<QString>("english");
        QTest::addColumn<QString>("chinese");
        QTest::newRow("whole") << "All rounds done" << QStringLiteral("已完成全部轮次");
        QTest::newRow("with a path") << "/a b/c.png was not found."
                                     << QStringLiteral("找不到 /a b/c.png。");
        QTest::newRow("inner text")
            << "Training is paused: The disk is full: /d/x could not be written (3 MB free, at least "
               "9 MB needed). The previous version of the file is unchanged."
            << QStringLiteral("训练已暂停：磁盘已满：无法写入 /d/x（剩余 3 MB，至少需要 9 MB）。"
                              "该文件的上一个版本保持不变。");
        QTest::newRow("name") << "Run 12" << QStringLiteral("训练 12");
        QTest::newRow("a person's own words") << "my best one" << QStringLiteral("my best one");
        QTest::newRow("place in a name")
            << "Add class %2 of %1" << QStringLiteral("添加类别 %2 of %1");
        QTest::newRow("layer") << "Depthwise convolution 3x3, 32 channels"
                               << QStringLiteral("深度卷积 3x3，32 通道");
    }
    void sentencesOfCore() {
        QFETCH(QString, english);
        QFETCH(QString, chinese);
        QCOMPARE(CoreTexts::tr(english), english);
        Language::apply(QStringLiteral("zh_CN"));
        QCOMPARE(CoreTexts::tr(english), chinese);
    }

    void choiceOfLanguage() {
        const auto en = QStringLiteral("en");
        const auto zh = QStringLiteral("zh_CN");
        QCOMPARE(Language::effective({}, {QStringLiteral("zh-Hans-CN")}), zh);
        QCOMPARE(Language::effective({}, {QStringLiteral("zh-CN")}), zh);
        QCOMPARE(Language::effective({}, {QStringLiteral("zh-TW"), QStringLiteral("de-DE")}), en);
        QCOMPARE(Language::effective({}, {QStringLiteral("de-DE"), QStringLiteral("zh-CN")}), zh);
        QCOMPARE(Language::effective({}, {QStringLiteral("en-GB"), QStringLiteral("zh-CN")}), en);
        QCOMPARE(Language::effective(en, {QStringLiteral("zh-CN")}), en);
        QCOMPARE(Language::effective(zh, {QStringLiteral("en-US")}), zh);
        QCOMPARE(Language::effective(QStringLiteral("xx"), {QStringLiteral("zh-CN")}), zh);
        QCOMPARE(Language::effective({}, {}), en);
    }

    void lettersKeepTheirFont() {
        const QFontMetrics before((QApplication::font()));
        Language::apply(QStringLiteral("zh_CN"));
        const QFontMetrics chinese((QApplication::font()));
        QCOMPARE(chinese.averageCharWidth(), before.averageCharWidth());
        QCOMPARE(chinese.horizontalAdvance(QStringLiteral("Graft")),
                 before.horizontalAdvance(QStringLiteral("Graft")));
        Language::apply(QStringLiteral("en"));
        QCOMPARE(QFontMetrics(QApplication::font()).height(), before.height());
    }

    void oneAndMany() {
        Language::apply(QStringLiteral("en"));
        const auto text = [](int n) {
            return QCoreApplication::translate(
                "graft::ui::EvaluatePage", "%n picture(s) could not be read and are not counted.",
                nullptr, n);
        };
        QVERIFY2(text(1).startsWith(QLatin1String("1 picture could")), qPrintable(text(1)));
        QVERIFY2(text(2).startsWith(QLatin1String("2 pictures could")), qPrintable(text(2)));
    }

    void windowSpeaksChinese() {
        Language::apply(QStringLiteral("zh_CN"));
        QTemporaryDir folder;
        const QString pictures = folder.filePath(QStringLiteral("图片"));
        test::writeFolder(pictures, {QStringLiteral("甲"), QStringLiteral("乙")}, 6);
        AppSettings settings(folder.filePath(QStringLiteral("settings.ini")));
        MainWindow window(&settings);
        window.show();
        window.openPath(pictures);
        QTRY_VERIFY_WITH_TIMEOUT(window.document()->isOpen(), 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(!window.opener()->busy(), 20'000);
        // Several English words in a row, that are no names, keys or code.
        static const QRegularExpression markup(QStringLiteral("<code>.*?</code>|<[^>]*>|&\\w+;|\\S*[/_\\\\.]\\S*"));
        static const QRegularExpression english(QStringLiteral("\\b[a-z]{2,} [a-z]{2,}\\b"),
                                                QRegularExpression::CaseInsensitiveOption);
        QStringList left;
        for (int page = 0; page < 6; ++page) {
            window.showPage(PageId(page));
            for (QString text : readable(&window)) {
                const QString whole = text;
                text.remove(markup);
                if (english.match(text).hasMatch() && !isName(text)) {
                    left << whole;
                }
            }
        }
        left.removeDuplicates();
        QVERIFY2(left.isEmpty(), qPrintable(left.join(QLatin1Char('\n'))));
    }
};

QTEST_MAIN(TestTranslations)
#include "tst_translations.moc"
