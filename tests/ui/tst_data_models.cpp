// The item models of the Data page, under QAbstractItemModelTester through every kind of change.
#include "ui_fixtures.h"

#include "ui/bridge/project_document.h"
#include "ui/models/class_model.h"
#include "ui/models/image_roles.h"
#include "ui/models/problem_model.h"
#include "ui/models/sample_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

using namespace graft;
using namespace graft::ui;

class TestDataModels : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_projects = 0;

    std::unique_ptr<Project> project() {
        return test::makeProject(m_folder.filePath(QStringLiteral("p%1.graft").arg(++m_projects)),
                                 m_folder.filePath(QStringLiteral("pictures")));
    }

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void initTestCase() {
        const QString root = m_folder.filePath(QStringLiteral("pictures"));
        test::writeFolder(
            root, {QStringLiteral("ants"), QStringLiteral("bees"), QStringLiteral("Käfer")}, 10);
        QFile gif(root + QStringLiteral("/ants/x.gif"));
        QVERIFY(gif.open(QIODevice::WriteOnly));
        gif.write("GIF89a\1\0\1\0\0\0\0;");
    }

    void underTester() {
        ProjectDocument document;
        SampleModel samples(&document);
        ClassModel classes(&document);
        ProblemModel problems(&document);
        const auto mode = QAbstractItemModelTester::FailureReportingMode::QtTest;
        QAbstractItemModelTester a(&samples, mode);
        QAbstractItemModelTester b(&classes, mode);
        QAbstractItemModelTester c(&problems, mode);
        QCOMPARE(samples.rowCount(), 0);
        auto made = project();
        QVERIFY(made);
        document.setProject(std::move(made));
        QCOMPARE(samples.rowCount(), 30);
        QCOMPARE(classes.rowCount(), 4);  // all, ants, bees, Käfer
        QCOMPARE(problems.rowCount(), 1);
        QVERIFY(problems.index(0, 0)
                    .data(Qt::DisplayRole)
                    .toString()
                    .contains(QStringLiteral("x.gif")));

        const SampleId first = document.dataset().samples.front().id;
        const QString before = samples.index(0).data(Qt::DisplayRole).toString();
        const std::vector<ClassInfo>& known = document.dataset().classes;
        const ClassId bees = std::find_if(known.begin(), known.end(), [](const ClassInfo& entry) {
                                 return entry.name == "bees";
                             })->id;
        QVERIFY(document.setLabel({first}, bees));
        QVERIFY(document.setExcluded({first}, true));
        QCOMPARE(samples.index(0).data(Qt::DisplayRole).toString(), QStringLiteral("bees"));
        QVERIFY(samples.index(0).data(ImageRoles::BadgesRole).toInt() & ImageRoles::ExcludedBadge);
        QVERIFY(document.addClass(QStringLiteral("wasps")));
        QCOMPARE(classes.rowCount(), 5);
        QVERIFY(document.removeClass(bees));
        QCOMPARE(classes.index(classes.rowCount() - 1).data(ClassModel::ClassIdRole).toLongLong(),
                 0);
        QVERIFY(document.undo());
        QVERIFY(document.undo());
        QVERIFY(document.undo());
        QVERIFY(document.undo());
        QCOMPARE(classes.rowCount(), 4);
        QCOMPARE(samples.index(0).data(Qt::DisplayRole).toString(), before);
        document.setProject(nullptr);
        QCOMPARE(samples.rowCount(), 0);
        QCOMPARE(problems.rowCount(), 0);
    }
    void filter() {
        ProjectDocument document;
        SampleModel samples(&document);
        document.setProject(project());
        const Dataset& data = document.dataset();
        SampleFilter filter;
        filter.label = data.classes[0].id;
        samples.setFilter(filter);
        QCOMPARE(samples.rowCount(), 10);
        filter.split = Split::Validation;
        samples.setFilter(filter);
        int expected = 0;
        for (const Sample& sample : data.samples) {
            expected += sample.label == data.classes[0].id && sample.split == Split::Validation;
        }
        QVERIFY(expected > 0 && expected < 10);
        QCOMPARE(samples.rowCount(), expected);
        const SampleId id = samples.sampleAt(0)->id;
        QCOMPARE(samples.rowOf(id), 0);
        QVERIFY(document.setExcluded({id}, true));
        filter = {};
        filter.show = SampleFilter::Show::LeftOut;
        samples.setFilter(filter);
        QCOMPARE(samples.rowCount(), 1);
        QCOMPARE(samples.sampleAt(0)->id, id);
        QSignalSpy reset(&samples, &QAbstractItemModel::modelReset);
        QVERIFY(document.undo());
        QCOMPARE(samples.rowCount(), 0);
        QCOMPARE(reset.count(), 1);
        QCOMPARE(samples.rowOf(id), -1);
    }
    void labelChangeKeepsRows() {
        ProjectDocument document;
        SampleModel samples(&document);
        document.setProject(project());
        QSignalSpy reset(&samples, &QAbstractItemModel::modelReset);
        QSignalSpy changed(&samples, &QAbstractItemModel::dataChanged);
        QVERIFY(document.setLabel({document.dataset().samples[0].id},
                                  document.dataset().classes[1].id));
        QCOMPARE(reset.count(), 0);
        QCOMPARE(changed.count(), 1);
    }
    void renameInPlace() {
        ProjectDocument document;
        ClassModel classes(&document);
        document.setProject(project());
        QVERIFY(!(classes.flags(classes.index(0)) & Qt::ItemIsEditable));
        QVERIFY(classes.flags(classes.index(1)) & Qt::ItemIsEditable);
        QVERIFY(classes.setData(classes.index(1), QStringLiteral("  Ameisen "), Qt::EditRole));
        QCOMPARE(document.dataset().classes[0].name, std::string("Ameisen"));
        QSignalSpy failed(&document, &ProjectDocument::failed);
        QVERIFY(!classes.setData(classes.index(1), QStringLiteral("bees"), Qt::EditRole));
        QCOMPARE(failed.count(), 1);  // two classes of one name: said, not done
        QVERIFY(!classes.setData(classes.index(1), QString(), Qt::EditRole));
    }
};

QTEST_MAIN(TestDataModels)
#include "tst_data_models.moc"
