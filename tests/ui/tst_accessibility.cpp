// Every page, as someone sees it who has no mouse, no good eyes, a small screen, or a language with
// long words: the walk by Tab, names for screen readers, contrast, and nothing clipped.
#include "run_fixtures.h"

#include "ui/bridge/language.h"
#include "ui/pages/main_window.h"
#include "ui/widgets/matrix_view.h"
#include "ui/widgets/theme.h"

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QAccessible>
#include <QApplication>
#include <QButtonGroup>
#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QTranslator>

using namespace graft;
using namespace graft::ui;

namespace {

/// Every text of the program 40 % longer, in the way of a language with long words.
class LongWords : public QTranslator {
 public:
    QString translate(const char*, const char* source, const char*, int) const override {
        QString text = QString::fromUtf8(source);
        // Not what is code, a format or a single sign.
        if (text.size() < 3 || text.contains(QLatin1Char('<')) || !text[0].isLetter() ||
            text.contains(QLatin1String("yyyy")) || text.startsWith(QLatin1String("Ctrl"))) {
            return text;
        }
        const QString mark = text.endsWith(QChar(0x2026)) ? text.right(1) : QString();
        text.chop(mark.size());
        return text + QString((text.size() * 2 + 4) / 5, QLatin1Char('n')) + mark;
    }
    bool isEmpty() const override { return false; }
};

QString nameOf(const QWidget* widget) {
    QString name = QString::fromLatin1(widget->metaObject()->className()) + QLatin1Char(' ') +
                   widget->objectName();
    if (const auto* label = qobject_cast<const QLabel*>(widget)) {
        name += QStringLiteral(" \"%1\"").arg(label->text().left(60));
    } else if (const auto* button = qobject_cast<const QAbstractButton*>(widget)) {
        name += QStringLiteral(" \"%1\"").arg(button->text());
    }
    for (const QWidget* p = widget->parentWidget(); p; p = p->parentWidget()) {
        if (!p->objectName().isEmpty() && !p->objectName().startsWith(QLatin1String("qt_"))) {
            return name + QStringLiteral(" in ") + p->objectName();
        }
    }
    return name;
}

/// Contrast of the text as it is drawn: of what there is most of in the picture (the background)
/// to what differs most from it.
double drawnContrast(const QImage& picture) {
    QMap<QRgb, int> counts;
    for (int y = 0; y < picture.height(); ++y) {
        for (int x = 0; x < picture.width(); ++x) {
            ++counts[picture.pixel(x, y)];
        }
    }
    QRgb back = 0;
    int most = 0;
    for (auto it = counts.begin(); it != counts.end(); ++it) {
        if (it.value() > most) {
            most = it.value();
            back = it.key();
        }
    }
    double best = 1;
    for (auto it = counts.begin(); it != counts.end(); ++it) {
        best = std::max(best, Theme::contrast(QColor(back), QColor(it.key())));
    }
    return best;
}

bool isInside(const QWidget* widget, const char* className) {
    for (; widget; widget = widget->parentWidget()) {
        if (widget->inherits(className)) {
            return true;
        }
    }
    return false;
}

/// What a person can reach with Tab, parts inside of Qt's own widgets apart.
QList<QWidget*> stops(QWidget* root) {
    QList<QWidget*> found;
    for (QWidget* widget : root->findChildren<QWidget*>()) {
        const bool part = widget->objectName().startsWith(QLatin1String("qt_")) ||
                          isInside(widget->parentWidget(), "QAbstractSpinBox") ||
                          isInside(widget->parentWidget(), "QComboBox") ||
                          isInside(widget->parentWidget(), "QMenuBar") ||
                          isInside(widget->parentWidget(), "QMenu") ||
                          isInside(widget->parentWidget(), "QHeaderView");
        if (!part && widget->isVisible() && widget->isEnabled() && !widget->focusProxy() &&
            (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus) {
            found << widget;
        }
    }
    return found;
}

}  // namespace

class TestAccessibility : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    QString m_project;

    struct Opened {
        AppSettings settings;
        MainWindow window;
        Opened(const QString& ini, const QString& project, QSize size)
            : settings(ini), window(&settings) {
            window.show();
            window.resize(size);
            if (!project.isEmpty()) {
                window.openPath(project);
            }
        }
    };
    std::unique_ptr<Opened> open(bool withProject, QSize size = {1366, 720}) {
        auto opened = std::make_unique<Opened>(m_folder.filePath(QStringLiteral("settings.ini")),
                                               withProject ? m_project : QString(), size);
        if (!QTest::qWaitFor([&] {
                return opened->window.document()->isOpen() == withProject &&
                       !opened->window.opener()->busy();
            }, 20'000)) {
            return nullptr;
        }
        QApplication::setActiveWindow(&opened->window);
        return opened;
    }
    /// Calls `check` with the name of each page on the screen, the start page without a project.
    template <class F>
    void onEveryPage(QSize size, F check) {
        if (auto start = open(false, size)) {
            QCoreApplication::processEvents();
            check(&start->window, QStringLiteral("Start"));
        } else {
            QFAIL("no start page");
        }
        auto opened = open(true, size);
        QVERIFY(opened);
        for (int place = 0; place < 6; ++place) {
            opened->window.showPage(PageId(place));
            opened->window.resize(size);
            // Layouts settle, jobs that fill the page end.
            for (int i = 0; i < 20; ++i) {
                QCoreApplication::processEvents();
            }
            check(&opened->window, QStringLiteral("page %1").arg(place + 1));
        }
    }

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void initTestCase() {
        const QString pictures = m_folder.filePath(QStringLiteral("pictures"));
        test::writeFolder(pictures, {QStringLiteral("ant"), QStringLiteral("bee"),
                                     QStringLiteral("cat")}, 12);
        m_project = m_folder.filePath(QStringLiteral("walk.graft"));
        auto project = test::makeProject(m_project, pictures);
        QVERIFY(project);
        const RunId run = test::addRun(*project, "Run 1", 3, RunState::Finished);
        QVERIFY(run);
        const Evaluation evaluation = test::makeEvaluation(project->dataset(), 3);
        QVERIFY(project->runStore(run)->setEvaluation(evaluation).ok());
    }
    void cleanup() {
        Theme::apply(ThemeChoice::Light);
        Language::apply(QStringLiteral("en"));
    }

    void tabReachesEverythingAndComesBack_data() {
        QTest::addColumn<bool>("back");
        QTest::newRow("Tab") << false;
        QTest::newRow("Shift+Tab") << true;
    }
    void tabReachesEverythingAndComesBack() {
        QFETCH(bool, back);
        QStringList wrong;
        onEveryPage({1366, 720}, [&](QWidget* window, const QString& page) {
            QList<QWidget*> wanted = stops(window);
            // Of buttons of which one is down, Tab reaches that one and arrows the others.
            wanted.removeIf([](const QWidget* widget) {
                const auto* button = qobject_cast<const QAbstractButton*>(widget);
                const bool group = button && (button->autoExclusive() ||
                                              (button->group() && button->group()->exclusive()));
                return group && button->isCheckable() && !button->isChecked();
            });
            if (wanted.size() < 3) {
                wrong << page + QStringLiteral(": hardly anything to reach");
                return;
            }
            wanted.first()->setFocus();
            QList<QWidget*> seen;
            QWidget* first = QApplication::focusWidget();
            // Within a table Tab goes from cell to cell, which may take many steps.
            for (int step = 0; step < 400; ++step) {
                QWidget* now = QApplication::focusWidget();
                if (!now || (now == first && step > 0 && seen.size() > 1)) {
                    break;
                }
                if (!seen.contains(now)) {
                    seen << now;
                }
                QTest::keyClick(now, back ? Qt::Key_Backtab : Qt::Key_Tab);
            }
            if (QApplication::focusWidget() != first) {
                wrong << page + QStringLiteral(": no way out of ") +
                             (QApplication::focusWidget() ? nameOf(QApplication::focusWidget())
                                                          : QStringLiteral("nothing"));
            }
            for (QWidget* widget : wanted) {
                const bool reached = std::any_of(seen.begin(), seen.end(), [&](QWidget* other) {
                    return other == widget || widget->isAncestorOf(other);
                });
                if (!reached) {
                    wrong << page + QStringLiteral(": not reached: ") + nameOf(widget);
                }
            }
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(QLatin1Char('\n'))));
    }

    void everythingHasAName() {
        QStringList nameless;
        onEveryPage({1366, 720}, [&](QWidget* window, const QString& page) {
            for (QWidget* widget : stops(window)) {
                const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
                if (!face || face->text(QAccessible::Name).trimmed().isEmpty()) {
                    nameless << page + QStringLiteral(": ") + nameOf(widget);
                } else if (face->role() == QAccessible::NoRole) {
                    nameless << page + QStringLiteral(": no role: ") + nameOf(widget);
                }
            }
        });
        nameless.removeDuplicates();
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(QLatin1Char('\n'))));
    }

    void everyShortcutIsThereOnce() {
        auto opened = open(true);
        QVERIFY(opened);
        QMap<QString, QStringList> keys;
        for (const QAction* action : opened->window.findChildren<QAction*>()) {
            for (const QKeySequence& key : action->shortcuts()) {
                if (action->shortcutContext() == Qt::WindowShortcut) {
                    keys[key.toString()] << action->text();
                }
            }
        }
        for (int place = 1; place <= 6; ++place) {
            QVERIFY(keys.contains(QStringLiteral("Ctrl+%1").arg(place)));
        }
        QVERIFY(keys.contains(QStringLiteral("F1")));
        for (auto key = keys.begin(); key != keys.end(); ++key) {
            QVERIFY2(key->size() == 1, qPrintable(key.key() + QStringLiteral(": ") +
                                                  key->join(QStringLiteral(", "))));
        }
    }

    void textsHaveContrast_data() {
        QTest::addColumn<ThemeChoice>("theme");
        QTest::newRow("light") << ThemeChoice::Light;
        QTest::newRow("dark") << ThemeChoice::Dark;
    }
    void textsHaveContrast() {
        QFETCH(ThemeChoice, theme);
        Theme::apply(theme);
        QStringList faint;
        int checked = 0;
        onEveryPage({1366, 720}, [&](QWidget* window, const QString& page) {
            const QImage screen = window->grab().toImage();
            for (QWidget* widget : window->findChildren<QWidget*>()) {
                const auto* label = qobject_cast<QLabel*>(widget);
                const auto* button = qobject_cast<QAbstractButton*>(widget);
                const bool text = (label && !label->text().isEmpty()) ||
                                  (button && !button->text().isEmpty());
                const bool whole = widget->visibleRegion().boundingRect() == widget->rect();
                if (!text || !widget->isVisible() || !widget->isEnabled() || !whole) {
                    continue;
                }
                ++checked;
                // Without its frame, which may be darker than the text.
                const int frame = button ? 4 : 0;
                const QRect inside = QRect(widget->mapTo(window, QPoint()), widget->size())
                                         .adjusted(frame, frame, -frame, -frame);
                const double ratio = drawnContrast(screen.copy(inside));
                if (ratio < 4.5) {
                    faint << QStringLiteral("%1: %2: %3")
                                 .arg(page)
                                 .arg(ratio, 0, 'f', 2)
                                 .arg(nameOf(widget));
                }
            }
        });
        QVERIFY(checked > 100);
        QVERIFY2(faint.isEmpty(), qPrintable(faint.join(QLatin1Char('\n'))));
    }
    void numbersOfTheMatrixHaveContrast_data() { textsHaveContrast_data(); }
    void numbersOfTheMatrixHaveContrast() {
        QFETCH(ThemeChoice, theme);
        Theme::apply(theme);
        auto opened = open(true);
        QVERIFY(opened);
        opened->window.showPage(PageId::Evaluate);
        auto* matrix = opened->window.findChild<MatrixView*>(QStringLiteral("confusionMatrix"));
        QVERIFY(matrix);
        QTRY_COMPARE(matrix->model()->rowCount(), 3);
        const QImage screen = matrix->viewport()->grab().toImage();
        int checked = 0;
        for (int row = 0; row < 3; ++row) {
            for (int column = 0; column < 3; ++column) {
                const QRect cell = matrix->visualRect(matrix->model()->index(row, column));
                if (matrix->model()->index(row, column).data().toString().isEmpty() ||
                    !screen.rect().contains(cell)) {
                    continue;
                }
                ++checked;
                const QColor back = screen.pixelColor(cell.left() + 3, cell.top() + 3);
                double best = 1;
                for (int y = cell.top() + 3; y < cell.bottom() - 2; ++y) {
                    for (int x = cell.left() + 3; x < cell.right() - 2; ++x) {
                        best = std::max(best, Theme::contrast(back, screen.pixelColor(x, y)));
                    }
                }
                QVERIFY2(best >= 4.5, qPrintable(QStringLiteral("%1,%2: %3").arg(row).arg(column)
                                                     .arg(best)));
            }
        }
        QVERIFY(checked >= 6);
    }

    void nothingIsClipped_data() {
        QTest::addColumn<QSize>("size");
        QTest::addColumn<QString>("words");
        const QSize small(1366, 720);   // 1366 x 768 with a panel
        const QSize twice(960, 500);    // 1920 x 1080 at 200 %
        for (const char* words : {"en", "zh_CN", "long"}) {
            QTest::addRow("1366 x 768, %s", words) << small << QString::fromLatin1(words);
            QTest::addRow("1080p at 200 %%, %s", words) << twice << QString::fromLatin1(words);
        }
    }
    /// No label or button is smaller than it asks to be, in either direction.
    void nothingIsClipped() {
        QFETCH(QSize, size);
        QFETCH(QString, words);
        LongWords longWords;
        if (words == QLatin1String("long")) {
            QCoreApplication::installTranslator(&longWords);
        } else {
            Language::apply(words);
        }
        QStringList clipped;
        int checked = 0;
        onEveryPage(size, [&](QWidget* window, const QString& page) {
            for (QWidget* widget : window->findChildren<QWidget*>()) {
                const auto* label = qobject_cast<QLabel*>(widget);
                const auto* button = qobject_cast<QAbstractButton*>(widget);
                const auto* box = qobject_cast<QComboBox*>(widget);
                const bool text = (label && !label->text().isEmpty()) ||
                                  (button && !button->text().isEmpty()) || box;
                if (!text || !widget->isVisible() ||
                    isInside(widget->parentWidget(), "QAbstractSpinBox") ||
                    isInside(widget, "QMenu") || isInside(widget, "QToolTip") ||
                    widget->objectName().startsWith(QLatin1String("qt_"))) {
                    continue;
                }
                ++checked;
                QSize wanted = widget->sizeHint();
                if (widget->sizePolicy().hasHeightForWidth() && widget->heightForWidth(1) >= 0) {
                    wanted = QSize(0, widget->heightForWidth(widget->width()));
                }
                if (box && box->minimumContentsLength() > 0) {
                    wanted.setWidth(box->minimumSizeHint().width());
                }
                if (widget->width() < wanted.width() || widget->height() < wanted.height()) {
                    clipped << QStringLiteral("%1: %2 x %3 instead of %4 x %5: %6")
                                   .arg(page)
                                   .arg(widget->width())
                                   .arg(widget->height())
                                   .arg(wanted.width())
                                   .arg(wanted.height())
                                   .arg(nameOf(widget));
                }
            }
            if (window->width() > size.width() || window->height() > size.height()) {
                clipped << QStringLiteral("%1: the window needs %2 x %3")
                               .arg(page)
                               .arg(window->width())
                               .arg(window->height());
            }
        });
        QCoreApplication::removeTranslator(&longWords);
        QVERIFY(checked > 100);
        QVERIFY2(clipped.isEmpty(), qPrintable(clipped.join(QLatin1Char('\n'))));
    }
};

QTEST_MAIN(TestAccessibility)
#include "tst_accessibility.moc"
