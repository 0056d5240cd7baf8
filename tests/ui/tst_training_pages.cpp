// The model, train, evaluate and export pages as a person uses them, with runs that are stored,
// played by the test, or, once, real.
#include "run_fixtures.h"
#include "shown_page.h"

#include "core/base/hash.h"
#include "core/engine/engine.h"
#include "core/train/train_options.h"
#include "ui/models/layer_tree_model.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/export_page.h"
#include "ui/pages/model_page.h"
#include "ui/pages/train_page.h"
#include "ui/widgets/backbone_cards.h"
#include "ui/widgets/curve_plot.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/image_grid.h"
#include "ui/widgets/matrix_view.h"
#include "ui/widgets/options_form.h"

#include <QAccessible>
#include <QComboBox>
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScopeGuard>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTreeView>

using namespace graft;
using namespace graft::ui;

using graft::test::Shown;

class TestTrainingPages : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_projects = 0;

    std::unique_ptr<Project> project() {
        return test::makeProject(m_folder.filePath(QStringLiteral("p%1.graft").arg(++m_projects)),
                                 m_folder.filePath(QStringLiteral("pictures")));
    }
    template <class P>
    void checkEmptyState(PageId expected) {
        Shown<P> shown;
        QSignalSpy goTo(&shown.page, &Page::goTo);
        QVERIFY(!shown.text("emptySentence").isEmpty());
        shown.click("emptyButton");
        QCOMPARE(goTo.count(), 1);
        QCOMPARE(goTo[0][0].value<PageId>(), expected);
        QVERIFY(!shown.page.primaryEnabled());
    }
    template <class P>
    void checkAccessible(std::unique_ptr<Project> made) {
        Shown<P> shown(std::move(made));
        for (QWidget* widget : shown.page.template findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() ||
                widget->objectName().startsWith(QLatin1String("qt_"))) {
                continue;
            }
            const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
            QVERIFY(face);
            const bool named = !face->text(QAccessible::Name).isEmpty();
            const bool container =
                face->role() == QAccessible::Client || face->role() == QAccessible::PageTabList;
            QVERIFY2(named || container,
                     qPrintable(QStringLiteral("%1 %2").arg(widget->metaObject()->className(),
                                                            widget->objectName())));
        }
    }

 public:
    // Public, or QTEST_MAIN does not see it.
    static void initMain() {
        test::useOwnFolders();
        QLocale::setDefault(QLocale::c());
    }

 private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        test::writeFolder(m_folder.filePath(QStringLiteral("pictures")), {"ants", "bees", "wasps"},
                          20);
    }
    void cleanup() { Dialogs::clearScript(); }

    void everyPageHasAnEmptyState() {
        checkEmptyState<ModelPage>(PageId::Data);
        checkEmptyState<TrainPage>(PageId::Data);
        checkEmptyState<EvaluatePage>(PageId::Data);
        checkEmptyState<ExportPage>(PageId::Data);
        Shown<EvaluatePage> untrained(project());
        QSignalSpy goTo(&untrained.page, &Page::goTo);
        untrained.click("emptyButton");
        QCOMPARE(goTo[0][0].value<PageId>(), PageId::Train);
    }

    void everythingHasAName() {
        checkAccessible<ModelPage>(project());
        checkAccessible<TrainPage>(project());
        auto made = project();
        const RunId id = test::addRun(*made, "Run 1", 2, RunState::Finished);
        QVERIFY(made->runStore(id)->setEvaluation(test::makeEvaluation(made->dataset(), 2)).ok());
        checkAccessible<EvaluatePage>(std::move(made));
        made = project();
        QVERIFY(test::addRun(*made, "Run 1", 2, RunState::Finished));
        checkAccessible<ExportPage>(std::move(made));
    }

    void modelChoicesAreStored() {
        Shown<ModelPage> shown(project());
        auto* tree = shown.find<QTreeView>("layerTree");
        QTRY_VERIFY_WITH_TIMEOUT(tree->model()->rowCount() > 2, 20000);
        QVERIFY(shown.text("trainableLabel").contains("Trainable"));
        QVERIFY(shown.text("weightsSentence").contains("scratch"));

        shown.click("backbone:resnet18");
        QCOMPARE(shown.document.project().model().backbone, std::string("resnet18"));
        auto* layers = static_cast<LayerTreeModel*>(tree->model());
        QTRY_VERIFY_WITH_TIMEOUT(layers->indexOf("layer1").isValid(), 30000);
        shown.click("headOnlyButton");
        QCOMPARE(shown.document.project().model().frozen, (std::vector<std::string>{"backbone"}));
        QVERIFY(layers->backboneIsFrozen());
        QCOMPARE(layers->trainableCount(), 512 * 3 + 3);
        QVERIFY(shown.text("modelHint").contains("random"));
        const QModelIndex stage =
            layers->indexOf("layer4").siblingAtColumn(LayerTreeModel::FrozenColumn);
        QVERIFY(layers->setData(stage, int(Qt::Unchecked), Qt::CheckStateRole));
        const auto& frozen = shown.document.project().model().frozen;
        QVERIFY(std::find(frozen.begin(), frozen.end(), "layer3") != frozen.end());
        QVERIFY(std::find(frozen.begin(), frozen.end(), "layer4") == frozen.end());
        QVERIFY(
            layers->setData(layers->indexOf("layer1").siblingAtColumn(LayerTreeModel::RateColumn),
                            0.1, Qt::EditRole));
        QCOMPARE(shown.document.project().model().rateFactors.at("layer1"), 0.1);
        shown.click("trainAllButton");
        QVERIFY(shown.document.project().model().frozen.empty());
        shown.find<QSpinBox>("imageSizeEdit")->setValue(96);
        QCOMPARE(shown.document.project().model().imageSize, 96);
    }

    void weightsThatDoNotFitAreSaidSo() {
        Shown<ModelPage> shown(project());
        const QString path = m_folder.filePath("not-weights.safetensors");
        QFile file(path);
        QVERIFY(file.open(QFile::WriteOnly));
        file.write("this is no weight file at all");
        file.close();
        Dialogs::scriptPath(path);
        shown.click("weightsButton");
        QTRY_VERIFY_WITH_TIMEOUT(shown.find<QLabel>("weightsMark")->text() == QStringLiteral("✗"),
                                 20000);
        QVERIFY(shown.text("weightsSentence").contains("not-weights.safetensors"));
        QVERIFY(shown.document.project().model().weightsPath.empty());
    }

    void networksAreFoundByName() {
        Shown<ModelPage> shown(project());
        const auto visible = [&] {
            QStringList names;
            for (auto* card : shown.page.findChildren<BackboneCard*>()) {
                if (card->isVisible()) {
                    names << QString::fromStdString(card->backbone());
                }
            }
            return names;
        };
        const auto usual = visible();
        QVERIFY(usual.contains("resnet18") && !usual.contains("resnet34"));
        shown.click("allBackbones");
        QVERIFY(visible().size() > usual.size());
        auto* find = shown.find<QLineEdit>("findBackbone");
        QTest::keyClicks(find, "resnet-34");
        QCOMPARE(visible(), QStringList{"resnet34"});
        shown.click("backbone:resnet34");
        find->clear();
        shown.click("allBackbones");
        QVERIFY(visible().contains("resnet34"));  // the chosen one stays in sight
        QTest::keyClicks(find, "nothing of the kind");
        QVERIFY(visible().isEmpty());
    }

    void realWeightsAreCheckedAndChosen() {
        const QString shared =
            qEnvironmentVariable("GRAFT_SHARED", QStringLiteral(GRAFT_SOURCE_DIR "/../shared"));
        const QString path = shared + "/weights/squeezenet1_0-imagenet.safetensors";
        if (!QFileInfo::exists(path)) {
            QSKIP("GRAFT_SHARED does not name a folder with weights/squeezenet1_0");
        }
        Shown<ModelPage> shown(project());
        shown.click("allBackbones");
        shown.click("backbone:squeezenet1_0");
        Dialogs::scriptPath(path);
        shown.click("weightsButton");
        QTRY_COMPARE_WITH_TIMEOUT(shown.document.project().model().weightsPath, path.toStdString(),
                                  30000);
        QCOMPARE(shown.text("weightsMark"), QStringLiteral("✓"));
        QVERIFY(!shown.document.project().model().weightsSha256.empty());
        // Another network does not take them; back again, they are remembered.
        shown.click("backbone:resnet18");
        QVERIFY(shown.document.project().model().weightsPath.empty());
        shown.click("backbone:squeezenet1_0");
        QCOMPARE(shown.document.project().model().weightsPath, path.toStdString());
        shown.click("noWeightsButton");
        QVERIFY(shown.document.project().model().weightsPath.empty());
    }

    void publishedWeightsThatAreHereAreTaken() {
        const QString shared =
            qEnvironmentVariable("GRAFT_SHARED", QStringLiteral(GRAFT_SOURCE_DIR "/../shared"));
        const QString path = shared + "/weights/squeezenet1_0-imagenet.safetensors";
        if (!QFileInfo::exists(path)) {
            QSKIP("GRAFT_SHARED does not name a folder with weights/squeezenet1_0");
        }
        const auto hash = sha256File(path.toStdString());
        QVERIFY(hash.ok());
        QFile catalogue(m_folder.filePath("catalogue.json"));
        QVERIFY(catalogue.open(QFile::WriteOnly));
        const QJsonObject entry{
            {"id", "squeezenet1_0.TEST"},
            {"backbone", "squeezenet1_0"},
            {"title", "A test"},
            {"url", "https://nowhere.invalid/squeeze.safetensors"},
            {"sha256", QString::fromStdString(*hash)},
            {"mib", 5},
            {"parameters", 1},
            {"top1", 58},
            {"top5", 80},
            {"resize", 256},
            {"crop", 224},
            {"interpolation", "bilinear"},
            {"mean", QJsonArray{0.5, 0.5, 0.5}},
            {"std", QJsonArray{0.5, 0.5, 0.5}},
            {"container", "safetensors"},
            {"license", "MIT"},
            {"data", "Photos"}};
        catalogue.write(QJsonDocument(QJsonObject{{"data_terms", QJsonObject{{"Photos", "Mine."}}},
                                                  {"weights", QJsonArray{entry}}})
                            .toJson());
        catalogue.close();
        qputenv("GRAFT_WEIGHT_CATALOGUE", catalogue.fileName().toUtf8());
        const auto reset = qScopeGuard([] { qunsetenv("GRAFT_WEIGHT_CATALOGUE"); });
        const QString here =
            qEnvironmentVariable("XDG_DATA_HOME") + "/graft/weights/squeeze.safetensors";
        QVERIFY(QDir().mkpath(QFileInfo(here).path()));
        QFile::remove(here);
        QFile other(here);
        QVERIFY(other.open(QFile::WriteOnly));

        Shown<ModelPage> shown(project());
        shown.click("allBackbones");
        shown.click("backbone:squeezenet1_0");
        QSignalSpy errors(&shown.page, &Page::showError);
        auto* list = shown.find<QComboBox>("publishedWeights");
        list->setCurrentIndex(1);
        Q_EMIT list->activated(1);
        QTRY_COMPARE_WITH_TIMEOUT(errors.size(), 1, 20000);  // an empty file by that name
        QVERIFY(shown.document.project().model().weightsPath.empty());

        QVERIFY(QFile::remove(here) && QFile::link(path, here));
        Q_EMIT list->activated(1);
        QTRY_COMPARE_WITH_TIMEOUT(shown.document.project().model().weightsPath, here.toStdString(),
                                  30000);
        QCOMPARE(shown.text("weightsMark"), QStringLiteral("✓"));
        QCOMPARE(shown.document.project().model().weightsSha256, *hash);
    }

    void optionsAreStored() {
        Shown<TrainPage> shown(project());
        shown.find<QSpinBox>("epochs")->setValue(23);
        QCOMPARE(shown.document.project().trainOptions().epochs, 23);
        TrainOptions other;
        other.epochs = 4;
        QVERIFY(shown.document.setTrainOptions(other));
        QCOMPARE(shown.find<QSpinBox>("epochs")->value(), 4);
        QCOMPARE(shown.page.primaryText(), QStringLiteral("Train"));
        QVERIFY(shown.page.primaryEnabled());
    }

    void featureCacheIsShownAndCleared() {
        auto made = project();
        const QString folder = QString::fromStdString(made->filesFolder()) + "/features";
        QVERIFY(QDir().mkpath(folder));
        QFile file(folder + "/" + QString(64, 'a') + ".features");
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(QByteArray(2'500'000, 'x')), 2'500'000);
        file.close();
        Shown<TrainPage> shown(std::move(made));
        QTRY_VERIFY2(shown.text("featureCacheText").contains("2.5 MB"),
                     qPrintable(shown.text("featureCacheText")));
        QTRY_VERIFY(shown.find<QPushButton>("clearCacheButton")->isEnabled());
        shown.click("clearCacheButton");
        QTRY_VERIFY(shown.text("featureCacheText").contains("empty"));
        QVERIFY(!file.exists());
        QVERIFY(!shown.find<QPushButton>("clearCacheButton")->isEnabled());
    }

    void storedRunsAreShownAndOverlaid() {
        auto made = project();
        const RunId first = test::addRun(*made, "First", 3, RunState::Finished);
        const RunId second = test::addRun(*made, "Second", 2, RunState::Stopped);
        QVERIFY(first && second);
        Shown<TrainPage> shown(std::move(made));
        auto* list = shown.find<QTreeView>("runList");
        QCOMPARE(list->model()->rowCount(), 2);
        auto* loss = shown.find<CurvePlot>("lossPlot");
        QCOMPARE(loss->pointCount("shown/train"), 8u);  // the newest
        QCOMPARE(loss->pointCount("shown/check"), 2u);
        list->setCurrentIndex(list->model()->index(1, 0));
        QCOMPARE(loss->pointCount("shown/train"), 12u);
        QVERIFY(shown.text("bigAccuracy").contains("80.0 %"));
        QVERIFY(shown.text("accuracyCaption").contains("100 validation pictures"));
        QCOMPARE(shown.find<QTableView>("metricTable")->model()->rowCount(), 3);
        QVERIFY(!shown.find<QAbstractButton>("resumeRunButton")->isEnabled());
        // Overlay the other one, and take it away again.
        const QModelIndex other = list->model()->index(0, 0);
        QVERIFY(list->model()->setData(other, int(Qt::Checked), Qt::CheckStateRole));
        const QString key = QStringLiteral("run%1/train").arg(second);
        QVERIFY(loss->hasCurve(key));
        QVERIFY(list->model()->setData(other, int(Qt::Unchecked), Qt::CheckStateRole));
        QVERIFY(!loss->hasCurve(key));
        list->setCurrentIndex(other);
        QVERIFY(shown.find<QAbstractButton>("resumeRunButton")->isEnabled());
        QCOMPARE(shown.page.primaryText(), QStringLiteral("Export…"));
        Dialogs::scriptAnswer(0);
        shown.click("removeRunButton");
        QCOMPARE(list->model()->rowCount(), 1);
    }

    void aRunIsWatchedAndChanged() {
        auto made = project();
        const RunId id = made->addRun("Live")->id;
        Shown<TrainPage> shown(std::move(made));
        QSignalSpy notices(&shown.page, &Page::showNotice);
        shown.play(id);
        auto* loss = shown.find<CurvePlot>("lossPlot");
        QVERIFY(!shown.page.primaryEnabled());
        TrainSnapshot now;
        now.state = RunState::Running;
        now.step = 6;
        now.stepCount = 8;
        now.epoch = 2;
        now.epochCount = 2;
        now.bestAccuracy = 0.6;
        now.validationCount = 100;
        now.secondsLeft = 100;
        now.imagesPerSecond = 40;
        now.activity = "Training";
        shown.fake->show(now);
        for (int step = 1; step <= 4; ++step) {
            shown.fake->history.append(test::stepRow(step, 4));
        }
        shown.fake->history.append(test::epochRow(1, 4, 0.6, true));
        shown.fake->say(TrainEvent::Kind::Started, "Training Live.");
        QTRY_COMPARE(loss->pointCount("shown/train"), 4u);
        QVERIFY(shown.text("bigAccuracy").contains("60.0 %"));
        QVERIFY(shown.text("progressText").contains("round 2 of 2"));
        QVERIFY(shown.text("progressText").contains("about 2 min left"));

        auto* rate = shown.find<QDoubleSpinBox>("rateEdit");
        rate->setValue(0.003);
        QTest::keyClick(rate, Qt::Key_Return);
        auto* layers =
            static_cast<LayerTreeModel*>(shown.find<QTreeView>("liveLayerTree")->model());
        QTRY_VERIFY_WITH_TIMEOUT(layers->rowCount() > 1, 20000);
        const QString stage = layers->pathsOfDepth(1).first();
        QVERIFY(
            layers->setData(layers->indexOf(stage).siblingAtColumn(LayerTreeModel::FrozenColumn),
                            int(Qt::Checked), Qt::CheckStateRole));
        shown.find<QDoubleSpinBox>("strengthSpin")->setValue(0.5);
        shown.click("evaluateNowButton");
        shown.click("saveNowButton");
        shown.click("pauseRunButton");
        QCOMPARE(shown.fake->pauses, 1);
        using Kind = RunCommand::Kind;
        const std::vector<RunCommand> expected = {{Kind::SetLearningRate, "", 0.003},
                                                  {Kind::Freeze, stage.toStdString(), 0},
                                                  {Kind::SetAugmentStrength, "", 0.5},
                                                  {Kind::EvaluateNow, "", 0},
                                                  {Kind::SaveNow, "", 0}};
        QVERIFY(shown.fake->commands == expected);
        QVERIFY(!shown.document.project().model().frozen.empty());  // stored as well

        TrainEvent applied;
        applied.kind = TrainEvent::Kind::EditApplied;
        applied.edit.number = 1;
        applied.edit.step = 5;
        applied.edit.command = expected[0];
        shown.fake->events.push_back(applied);
        now.state = RunState::Paused;
        shown.fake->show(now);
        auto* log = shown.find<QPlainTextEdit>("runLog");
        QTRY_VERIFY(log->toPlainText().contains("0.003"));
        QVERIFY(log->toPlainText().contains("Training Live."));
        QTRY_VERIFY(shown.find<QAbstractButton>("pauseRunButton")->text().contains("Resume"));
        shown.click("pauseRunButton");
        QCOMPARE(shown.fake->resumes, 1);
        shown.click("stopRunButton");
        QCOMPARE(shown.fake->stops, 1);
        QVERIFY(!shown.find<QAbstractButton>("stopRunButton")->isEnabled());

        auto store = shown.document.project().runStore(id);
        QVERIFY(store->appendMetrics({test::epochRow(1, 4, 0.6, true)}).ok());
        QVERIFY(store->setState(RunState::Finished, "All rounds done").ok());
        shown.fake->say(TrainEvent::Kind::Finished, "All rounds done");
        shown.fake->finished = true;
        QTRY_VERIFY(!shown.run.isActive());
        QCOMPARE(shown.page.primaryText(), QStringLiteral("Export…"));
        QVERIFY(shown.page.primaryEnabled());
        QCOMPARE(notices.count(), 1);
        QVERIFY2(notices[0][0].toString().contains("60 % right on 100"),
                 qPrintable(notices[0][0].toString()));
    }

    void storedEvaluationIsShownAndMistakesArePutRight() {
        auto made = project();
        const RunId id = test::addRun(*made, "Run 1", 2, RunState::Finished);
        const Evaluation evaluation = test::makeEvaluation(made->dataset(), 2);
        QVERIFY(made->runStore(id)->setEvaluation(evaluation).ok());
        Shown<EvaluatePage> shown(std::move(made));
        QVERIFY(shown.text("evaluationAccuracy").contains("75.0 %"));
        QVERIFY(shown.text("evaluationCaption").contains("9 of 12"));
        QVERIFY(shown.text("evaluationNote").contains("optimistic"));
        auto* matrix = shown.find<MatrixView>("confusionMatrix");
        QCOMPARE(matrix->model()->rowCount(), 3);
        auto* grid = shown.find<ImageGrid>("mistakeGrid");
        QCOMPARE(grid->model()->rowCount(), 3);
        const QModelIndex cell = matrix->model()->index(0, 1);
        QTest::mouseClick(matrix->viewport(), Qt::LeftButton, {},
                          matrix->visualRect(cell).center());
        QCOMPARE(grid->model()->rowCount(), 1);
        const auto& classes = shown.document.dataset().classes;
        QCOMPARE(shown.text("cellText"),
                 QStringLiteral("It is %1, the network says %2")
                     .arg(QString::fromStdString(classes[0].name),
                          QString::fromStdString(classes[1].name)));
        QVERIFY(shown.find<QComboBox>("showBox")->isHidden());
        grid->setCurrentIndex(grid->model()->index(0, 0));
        grid->selectionModel()->select(grid->model()->index(0, 0),
                                       QItemSelectionModel::ClearAndSelect);
        const SampleId sample = grid->selectedSamples().at(0);
        auto* moveTo = shown.find<QComboBox>("moveToBox");
        moveTo->setCurrentIndex(1);
        shown.click("moveButton");
        const ClassId bees = shown.document.dataset().classes[1].id;
        QCOMPARE(shown.document.dataset().findSample(sample)->label, bees);
        QVERIFY(shown.text("evaluationNote").contains("Labels changed"));
        QVERIFY(shown.document.undo());
        QVERIFY(!shown.text("evaluationNote").contains("Labels changed"));
        shown.click("excludeButton");
        QVERIFY(shown.document.dataset().findSample(sample)->excluded);
        shown.click("clearCellButton");
        QVERIFY(!shown.find<QComboBox>("showBox")->isHidden());
        QCOMPARE(grid->model()->rowCount(), 3);
        auto* table = shown.find<QTableView>("classTable");
        QCOMPARE(table->model()->rowCount(), 3);
        const QString csv = m_folder.filePath("evaluation.csv");
        Dialogs::scriptPath(csv);
        shown.click("saveEvaluationButton");
        QVERIFY(QFileInfo(csv).size() > 100);
    }

    void exportChoosesAFreeFolder() {
        auto made = project();
        QVERIFY(test::addRun(*made, "Run 1", 2, RunState::Finished));
        const QString name = QString::fromStdString(made->name());
        QVERIFY(QDir(m_folder.path()).mkpath(name + "-model"));
        Shown<ExportPage> shown(std::move(made));
        QCOMPARE(shown.find<QLineEdit>("exportNameEdit")->text(), name + "-model-2");
        QCOMPARE(shown.find<QLineEdit>("exportFolderEdit")->text(),
                 QFileInfo(m_folder.path()).absoluteFilePath());
        QVERIFY(shown.page.primaryEnabled());
        shown.find<QLineEdit>("exportNameEdit")->setText(name + "-model");
        QVERIFY(!shown.page.primaryEnabled());
        QVERIFY(shown.text("exportTarget").contains("already"));
        // A run without a checkpoint cannot be exported: a sentence, not a crash.
        shown.find<QLineEdit>("exportNameEdit")->setText("other");
        QSignalSpy errors(&shown.page, &Page::showError);
        shown.page.primaryAction();
        QCOMPARE(errors.count(), 1);
        QVERIFY(!QFileInfo::exists(m_folder.filePath("other")));
    }

    void aRealRunFromTrainToEvaluation() {
        auto made = project();
        TrainOptions options;
        options.epochs = 2;
        options.batchSize = 16;
        QVERIFY(made->setTrainOptions(options).ok());
        ModelSpec model = made->model();
        model.imageSize = 32;
        QVERIFY(made->setModel(model).ok());
        Shown<TrainPage> shown(std::move(made));
        EvaluatePage evaluate(&shown.document, &shown.run);
        evaluate.resize(1200, 640);
        shown.page.primaryAction();
        QVERIFY(shown.run.isActive());
        QTRY_VERIFY_WITH_TIMEOUT(!shown.run.isActive(), 120000);
        auto* loss = shown.find<CurvePlot>("lossPlot");
        QCOMPARE(loss->pointCount("shown/train"), 6u);  // 2 epochs of 48 pictures, 16 a step
        QCOMPARE(loss->pointCount("shown/check"), 2u);
        QCOMPARE(shown.page.primaryText(), QStringLiteral("Export…"));
        evaluate.show();
        evaluate.activated();
        auto* accuracy = evaluate.findChild<QLabel*>("evaluationAccuracy");
        QTRY_VERIFY_WITH_TIMEOUT(accuracy->isVisible(), 60000);
        const auto stored =
            shown.document.project().runStore(shown.run.runId())->evaluation(Split::Validation);
        QVERIFY(stored.ok() && stored->has_value());
        QCOMPARE((*stored)->count, 12);
    }
};

QTEST_MAIN(TestTrainingPages)
#include "tst_training_pages.moc"
