// The Data page by its real widgets: keys move and leave out pictures, filters, undo, problems.
#include "ui_fixtures.h"

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/pages/data_page.h"
#include "ui/widgets/class_panel.h"
#include "ui/widgets/image_grid.h"
#include "ui/widgets/image_view.h"

#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>
#include <QTreeView>

using namespace graft;
using namespace graft::ui;

class TestDataPage : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_projects = 0;

    struct Window {
        ProjectDocument document;
        RunBridge run{&document};
        DataPage page{&document, &run};
        ImageGrid* grid = page.findChild<ImageGrid*>(QStringLiteral("sampleGrid"));
        const Sample& sample(int row) const {
            return *document.dataset().findSample(
                grid->model()->index(row, 0).data(ImageRoles::SampleIdRole).toLongLong());
        }
        template <class T>
        T* find(const char* name) const {
            return page.findChild<T*>(QLatin1String(name));
        }
    };
    std::unique_ptr<Window> open() {
        auto window = std::make_unique<Window>();
        const QString path = m_folder.filePath(QStringLiteral("p%1.graft").arg(++m_projects));
        window->document.setProject(
            test::makeProject(path, m_folder.filePath(QStringLiteral("pictures"))));
        window->page.resize(1000, 640);
        window->page.show();
        QApplication::setActiveWindow(&window->page);
        window->page.activated();
        return QTest::qWaitForWindowActive(&window->page) ? std::move(window) : nullptr;
    }
    static void select(Window& w, int row) {
        w.grid->setCurrentIndex(w.grid->model()->index(row, 0));
    }

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void initTestCase() {
        const QString root = m_folder.filePath(QStringLiteral("pictures"));
        test::writeFolder(root, {QStringLiteral("ants"), QStringLiteral("bees")}, 12);
        QFile gif(root + QStringLiteral("/ants/x.gif"));
        QVERIFY(gif.open(QIODevice::WriteOnly));
        gif.write("GIF89a\1\0\1\0\0\0\0;");
    }

    void keysMoveLeaveOutAndUndo() {
        const auto w = open();
        QVERIFY(w);
        const ClassId ants = w->document.dataset().classes[0].id;
        const ClassId bees = w->document.dataset().classes[1].id;
        select(*w, 0);
        QCOMPARE(w->sample(0).label, ants);
        QTest::keyClick(w->grid, Qt::Key_2);
        QCOMPARE(w->sample(0).label, bees);
        QCOMPARE(w->grid->currentIndex().row(), 0);  // stays where it was
        QTest::keyClick(w->grid, Qt::Key_9);         // no ninth class: nothing happens
        QCOMPARE(w->sample(0).label, bees);
        QTest::keyClick(w->grid, Qt::Key_X);
        QVERIFY(w->sample(0).excluded);
        QTest::keyClick(w->grid, Qt::Key_X);
        QVERIFY(!w->sample(0).excluded);
        QVERIFY(w->document.undo());
        QVERIFY(w->sample(0).excluded);
        QVERIFY(w->document.undo());
        QVERIFY(w->document.undo());
        QCOMPARE(w->sample(0).label, ants);
        QVERIFY(w->document.redo());
        QCOMPARE(w->sample(0).label, bees);
    }
    void manyAtOnce() {
        const auto w = open();
        QVERIFY(w);
        w->grid->selectAll();
        QTest::keyClick(w->grid, Qt::Key_X);
        for (const Sample& sample : w->document.dataset().samples) {
            QVERIFY(sample.excluded || sample.damaged);
        }
        QCOMPARE(w->find<QLabel>("selectionLabel")->text(), QStringLiteral("24 selected"));
        QVERIFY(w->document.undo());
        QVERIFY(w->sample(0).usable());
    }
    void filtersAndKeepsPlace() {
        const auto w = open();
        QVERIFY(w);
        auto* classes = w->page.findChild<ClassPanel*>();
        classes->choose(w->document.dataset().classes[0].id);
        QCOMPARE(w->grid->model()->rowCount(), 12);
        select(*w, 5);
        const SampleId next = w->sample(6).id;
        QTest::keyClick(w->grid, Qt::Key_2);  // moves out of the filter
        QCOMPARE(w->grid->model()->rowCount(), 11);
        QCOMPARE(w->grid->currentSample(), next);  // the next picture takes its place
        auto* split = w->find<QComboBox>("splitFilter");
        split->setCurrentIndex(split->findData(int(Split::Validation)));
        for (int row = 0; row < w->grid->model()->rowCount(); ++row) {
            QCOMPARE(w->sample(row).split, Split::Validation);
        }
        QVERIFY(w->grid->model()->rowCount() > 0);
    }
    void spaceShowsLarge() {
        const auto w = open();
        QVERIFY(w);
        auto* large = w->find<ImageView>("largeView");
        select(*w, 3);
        QTest::keyClick(w->grid, Qt::Key_Space);
        QVERIFY(large->isVisible());
        QTRY_VERIFY(large->hasImage());
        QTest::keyClick(large, Qt::Key_Right);
        QCOMPARE(w->grid->currentIndex().row(), 4);
        const ClassId bees = w->document.dataset().classes[1].id;
        QTest::keyClick(large, Qt::Key_2);  // labels from the large view too
        QCOMPARE(w->sample(4).label, bees);
        QTest::keyClick(large, Qt::Key_Escape);
        QVERIFY(w->grid->isVisible());
        QVERIFY(w->grid->hasFocus());
    }
    void problems() {
        const auto w = open();
        QVERIFY(w);
        auto* button = w->find<QToolButton>("problemsButton");
        QVERIFY(button->isVisible());
        QTest::mouseClick(button, Qt::LeftButton);
        auto* list = w->find<QTreeView>("problemList");
        QVERIFY(list->isVisible());
        QCOMPARE(list->model()->rowCount(), 1);
        QVERIFY(!list->model()->index(0, 1).data().toString().isEmpty());
    }
    void classesInPlace() {
        const auto w = open();
        QVERIFY(w);
        QTest::mouseClick(w->find<QToolButton>("addClassButton"), Qt::LeftButton);
        QCOMPARE(w->document.dataset().classes.size(), std::size_t(3));
        auto* panel = w->page.findChild<ClassPanel*>();
        auto* editor = panel->list()->findChild<QLineEdit*>();
        QVERIFY(editor);  // open for its name at once
        editor->setText(QStringLiteral("wasps"));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(w->document.dataset().classes[2].name, std::string("wasps"));
        QTest::mouseClick(w->find<QToolButton>("removeClassButton"), Qt::LeftButton);
        QCOMPARE(w->document.dataset().classes.size(), std::size_t(2));
        QVERIFY(w->document.undo());
        QCOMPARE(w->document.dataset().classes[2].name, std::string("wasps"));
    }
    void changeSplit() {
        const auto w = open();
        QVERIFY(w);
        const auto before = w->document.dataset().countInSplit(Split::Validation);
        QTest::mouseClick(w->find<QToolButton>("changeSplitButton"), Qt::LeftButton);
        auto* dialog = w->find<QDialog>("splitDialog");
        QVERIFY(dialog);
        dialog->findChild<QSpinBox*>(QStringLiteral("validationShare"))->setValue(50);
        QTest::mouseClick(dialog->findChild<QPushButton*>(QStringLiteral("splitAgainButton")),
                          Qt::LeftButton);
        QCOMPARE(w->document.dataset().countInSplit(Split::Validation), 12);
        QVERIFY(before != 12);
        QVERIFY(w->document.undo());
        QCOMPARE(w->document.dataset().countInSplit(Split::Validation), before);
    }
    void readOnlyIsReadOnly() {
        const QString path = m_folder.filePath(QStringLiteral("ro.graft"));
        QVERIFY(test::makeProject(path, m_folder.filePath(QStringLiteral("pictures"))));
        auto project = Project::open(path.toStdString(), Project::Mode::ReadOnly);
        QVERIFY(project);
        const auto w = open();
        QVERIFY(w);
        w->document.setProject(std::move(*project));
        select(*w, 0);
        const ClassId before = w->sample(0).label;
        QTest::keyClick(w->grid, Qt::Key_2);
        QTest::keyClick(w->grid, Qt::Key_X);
        QCOMPARE(w->sample(0).label, before);
        QVERIFY(!w->sample(0).excluded);
        QVERIFY(!w->find<QToolButton>("addClassButton")->isEnabled());
        QVERIFY(!w->page.primaryEnabled());
        QTest::keyClick(w->grid, Qt::Key_Space);  // looking is allowed
        QVERIFY(w->find<ImageView>("largeView")->isVisible());
    }
    void filterIsThereAfterARestart() {
        QString path;
        {
            const auto w = open();
            QVERIFY(w);
            path = QString::fromStdString(w->document.project().path());
            auto* split = w->find<QComboBox>("splitFilter");
            split->setCurrentIndex(split->findData(int(Split::Validation)));
            w->page.findChild<ClassPanel*>()->choose(w->document.dataset().classes[1].id);
        }
        Window again;
        auto project = Project::open(path.toStdString(), Project::Mode::ReadWrite);
        QVERIFY(project.ok());
        const std::int64_t bees = (*project)->dataset().classes[1].id;
        again.document.setProject(std::move(*project));
        QCOMPARE(again.find<QComboBox>("splitFilter")->currentData().toInt(),
                 int(Split::Validation));
        QCOMPARE(again.page.findChild<ClassPanel*>()->currentClass(), qlonglong(bees));
        QVERIFY(again.grid->model()->rowCount() > 0);
        for (int row = 0; row < again.grid->model()->rowCount(); ++row) {
            QCOMPARE(again.sample(row).split, Split::Validation);
            QCOMPARE(again.sample(row).label, bees);
        }
        // Another project does not take it over.
        again.document.setProject(test::makeProject(
            m_folder.filePath(QStringLiteral("other.graft")),
            m_folder.filePath(QStringLiteral("pictures"))));
        QCOMPARE(again.find<QComboBox>("splitFilter")->currentIndex(), 0);
        QCOMPARE(again.grid->model()->rowCount(), 24);
    }
    void emptyFilterOffersEverything() {
        const auto w = open();
        QVERIFY(w);
        auto* show = w->find<QComboBox>("showFilter");
        show->setCurrentIndex(show->findData(int(SampleFilter::Show::Damaged)));
        auto* button = w->find<QPushButton>("emptyButton");
        QVERIFY(button->isVisible());
        QTest::mouseClick(button, Qt::LeftButton);
        QVERIFY(w->grid->isVisible());
        QCOMPARE(w->grid->model()->rowCount(), 24);
    }
};

QTEST_MAIN(TestDataPage)
#include "tst_data_page.moc"
