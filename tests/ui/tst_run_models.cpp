// The models around runs, under QAbstractItemModelTester: runs, epochs, predictions, curves.
#include "fake_run.h"
#include "run_fixtures.h"

#include "ui/bridge/project_document.h"
#include "ui/models/image_roles.h"
#include "ui/models/metric_table_model.h"
#include "ui/models/prediction_model.h"
#include "ui/models/run_curves.h"
#include "ui/models/run_list_model.h"
#include "ui/models/texts.h"
#include "ui/pages/evaluation_csv.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

using namespace graft;
using namespace graft::ui;

class TestRunModels : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_projects = 0;

    std::unique_ptr<Project> project() {
        return test::makeProject(m_folder.filePath(QStringLiteral("p%1.graft").arg(++m_projects)),
                                 m_folder.filePath(QStringLiteral("pictures")));
    }

 public:
    // Public, or QTEST_MAIN does not see it.
    static void initMain() {
        test::useOwnFolders();
        QLocale::setDefault(QLocale::c());
    }

 private Q_SLOTS:
    void initTestCase() {
        test::writeFolder(m_folder.filePath(QStringLiteral("pictures")), {"ants", "bees", "wasps"},
                          20);
    }

    void runsAreListedNewestFirst() {
        ProjectDocument document;
        RunListModel model(&document);
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(model.rowCount(), 0);
        document.setProject(project());
        const RunId first = test::addRun(document.project(), "First", 3, RunState::Finished);
        QVERIFY(first);
        document.announceRuns();
        QCOMPARE(model.rowCount(), 1);
        const RunId second = test::addRun(document.project(), "Second", 1, RunState::Stopped);
        QVERIFY(second);
        QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
        document.announceRuns();
        QCOMPARE(inserted.count(), 1);  // selection below stays
        QCOMPARE(model.rowOf(second), 0);
        QCOMPARE(model.newestFinished(), first);
        QCOMPARE(model.newestWithModel(), first);
        const auto text = [&](int row, int column) {
            return model.index(row, column).data().toString();
        };
        QCOMPARE(text(1, RunListModel::NameColumn), QString("First"));
        QCOMPARE(text(1, RunListModel::StateColumn), QString("Finished"));
        QCOMPARE(text(1, RunListModel::BestColumn), QString("80.0 %"));
        QCOMPARE(text(1, RunListModel::EpochsColumn), QString("3 of 40"));

        QSignalSpy overlay(&model, &RunListModel::overlayChanged);
        QVERIFY(model.setData(model.index(1, 0), int(Qt::Checked), Qt::CheckStateRole));
        QCOMPARE(overlay.count(), 1);
        QCOMPARE(model.overlaid(), (std::vector<RunId>{first}));
        QVERIFY(model.setData(model.index(1, 0), "Renamed", Qt::EditRole));
        QCOMPARE(document.project().run(first)->name, std::string("Renamed"));
        QVERIFY(!model.setData(model.index(1, 0), "   ", Qt::EditRole));
        QVERIFY(document.project().removeRun(second).ok());
        document.announceRuns();
        QCOMPARE(model.rowCount(), 1);
        document.setProject(nullptr);
        QCOMPARE(model.rowCount(), 0);
        QVERIFY(model.overlaid().empty());
    }

    void epochsAreATable() {
        MetricTableModel model;
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setRows({test::stepRow(1, 4), test::epochRow(1, 4, 0.5, true)});
        QCOMPARE(model.rowCount(), 1);
        model.append({test::stepRow(5, 4), test::epochRow(2, 4, 0.75, false)});
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(1, MetricTableModel::ValidationAccuracyColumn).data().toString(),
                 QString("75.0 %"));
        QVERIFY(model.index(0, 0).data().toString().contains("best"));
    }

    void mistakesComeSurestFirst() {
        ProjectDocument document;
        document.setProject(project());
        PredictionModel model(&document);
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        const Evaluation evaluation = test::makeEvaluation(document.dataset(), 1);
        QCOMPARE(evaluation.count, 12);
        model.setEvaluation(evaluation);
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(model.predictionAt(0)->truth, 2);  // 0.8 sure
        QCOMPARE(model.predictionAt(2)->truth, 0);  // 0.6 sure
        const QModelIndex top = model.index(0);
        QVERIFY(top.data().toString().contains("wasps\nsaid ants 80"));
        QCOMPARE(top.data(ImageRoles::BadgesRole).toInt(), int(ImageRoles::WrongBadge));
        QVERIFY(QFileInfo::exists(top.data(ImageRoles::PathRole).toString()));

        PredictionFilter filter;
        filter.show = PredictionFilter::Show::All;
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 12);
        filter.show = PredictionFilter::Show::Right;
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 9);
        filter.truth = 1;
        filter.predicted = 2;  // a cell counts whatever `show` says
        model.setFilter(filter);
        QCOMPARE(model.rowCount(), 1);

        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        const SampleId moved = model.predictionAt(0)->sample;
        QVERIFY(document.setLabel({moved}, document.dataset().classes[2].id));
        QVERIFY(changed.count() > 0);
        QCOMPARE(model.index(0).data().toString(), QString("moved to wasps"));
        QVERIFY(document.undo());
        QVERIFY(document.setExcluded({moved}, true));
        QCOMPARE(model.index(0).data().toString(), QString("left out now"));
        QVERIFY(model.index(0).data(ImageRoles::BadgesRole).toInt() & ImageRoles::ExcludedBadge);
        model.clear();
        QCOMPARE(model.rowCount(), 0);
    }

    void evaluationAsATable() {
        ProjectDocument document;
        document.setProject(project());
        QVERIFY(document.renameClass(document.dataset().classes[0].id, "ants, \"red\""));
        const Evaluation evaluation = test::makeEvaluation(document.dataset(), 1);
        const QByteArray text =
            QByteArray::fromStdString(evaluationCsv(evaluation, document.dataset()));
        QVERIFY(text.startsWith("\xEF\xBB\xBF"));
        const QList<QByteArray> lines = text.mid(3).trimmed().split('\n');
        QCOMPARE(lines.size(), 13);
        QVERIFY(lines[0].startsWith(
            "file,class,answer,right,probability,\"p(ants, \"\"red\"\")\",p(bees)"));
        QCOMPARE(lines[1].count("\"ants, \"\"red\"\"\""), 1);
        QVERIFY2(lines[1].contains(",bees,no,0.600000"), lines[1].constData());
    }

    void curvesGrowAndRewind() {
        RunCurves curves;
        curves.append({test::stepRow(1, 4), test::stepRow(2, 4)});
        QCOMPARE(curves.trainLoss().x, (std::vector<double>{1, 2}));  // steps, as yet
        int generation = curves.generation();
        curves.append({test::stepRow(3, 4), test::stepRow(4, 4), test::epochRow(1, 4, 0.5, true)});
        QVERIFY(curves.generation() != generation);  // now on the axis of epochs
        QCOMPARE(curves.trainLoss().x, (std::vector<double>{0.25, 0.5, 0.75, 1}));
        QCOMPARE(curves.validationAccuracy().x, (std::vector<double>{1}));
        generation = curves.generation();
        curves.append({test::stepRow(5, 4)});
        QCOMPARE(curves.generation(), generation);  // only grew
        // The run resumed from step 2: what was after it is void.
        curves.append({test::stepRow(3, 4)});
        QVERIFY(curves.generation() != generation);
        QCOMPARE(curves.trainLoss().x, (std::vector<double>{0.25, 0.5, 0.75}));
        QVERIFY(curves.validationAccuracy().x.empty());
        EditRecord edit;
        edit.number = 1;
        edit.step = 2;
        edit.command = {RunCommand::Kind::SetLearningRate, "", 0.003};
        curves.addEdit(edit);
        QCOMPARE(curves.marks().size(), 1u);
        QCOMPARE(curves.marks()[0].x, 0.5);
        QVERIFY(curves.marks()[0].text.contains("0.003"));
    }

    void wordsAreExact() {
        QCOMPARE(Texts::percent(0.934), QString("93.4 %"));
        QCOMPARE(Texts::percent(1), QString("100 %"));
        QCOMPARE(Texts::percent(0.99999), QString("99.9 %"));  // not perfect
        QCOMPARE(Texts::percent(0.00001), QString("0.1 %"));
        QCOMPARE(Texts::percent(0), QString("0 %"));
        QCOMPARE(Texts::percentRange(0.845, 0.9401), QString("84 to 95 %"));
        QVERIFY(Texts::timeLeft(-1).contains("estimating"));
        QCOMPARE(Texts::timeLeft(0), QString("less than 10 s left"));
        QCOMPARE(Texts::timeLeft(31), QString("about 40 s left"));
        QCOMPARE(Texts::timeLeft(170), QString("about 3 min left"));
        QCOMPARE(Texts::timeLeft(5400), QString("about 1 h 30 min left"));
        TrainEvent event;
        for (int kind = 0; kind <= int(TrainEvent::Kind::Failed); ++kind) {
            event.kind = TrainEvent::Kind(kind);
            event.text = "Text.";
            QVERIFY2(!Texts::event(event).isEmpty(), qPrintable(QString::number(kind)));
        }
    }
};

QTEST_GUILESS_MAIN(TestRunModels)
#include "tst_run_models.moc"
