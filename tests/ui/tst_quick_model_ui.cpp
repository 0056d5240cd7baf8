// What the pages show of a quick model, and the sentence of settings: suggested ones are taken over,
// a person's own stay.
#include "run_fixtures.h"
#include "shown_page.h"

#include "core/engine/engine.h"
#include "core/nn/weights/weight_catalogue.h"
#include "tests/support/recording_sink.h"
#include "ui/models/run_list_model.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/export_page.h"
#include "ui/pages/settings_line.h"
#include "ui/pages/similar_row.h"
#include "ui/pages/train_page.h"
#include "ui/widgets/theme.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QProgressBar>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTreeView>

using namespace graft;
using namespace graft::ui;
using graft::test::Shown;

class TestQuickModelUi : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_projects = 0;

    std::unique_ptr<Project> project(const char* pictures = "pictures") {
        return test::makeProject(m_folder.filePath(QStringLiteral("p%1.graft").arg(++m_projects)),
                                 m_folder.filePath(QLatin1String(pictures)));
    }
    static MetricRow quickRow(double accuracy) {
        MetricRow row = test::epochRow(1, 4, accuracy, true);
        row.epoch = 0;
        row.step = 0;
        return row;
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
        test::writeFolder(m_folder.filePath(QStringLiteral("pictures")), {"ants", "bees"}, 20);
        test::writeFolder(m_folder.filePath(QStringLiteral("digits")), {"6", "9"}, 20);
    }

    void theFigureIsThereBeforeTheFirstEpoch() {
        auto made = project();
        const RunId id = made->addRun("Live")->id;
        Shown<TrainPage> shown(std::move(made));
        shown.play(id);
        TrainSnapshot now;
        now.state = RunState::Running;
        now.epochCount = 2;
        now.stepCount = 8;
        now.lookedAt = 320;
        now.toLookAt = 800;
        now.activity = "Looking at the pictures for a quick model";
        shown.fake->show(now);
        auto* big = shown.find<QLabel>("bigAccuracy");
        QTRY_VERIFY(shown.text("progressText").contains("320 of 800"));
        QCOMPARE(shown.find<QProgressBar>("runProgress")->value(), 400);
        QVERIFY(!big->isVisible());
        QVERIFY(shown.text("accuracyCaption").contains("quick model"));

        now.quickAccuracy = 0.9;
        now.quickCount = 50;
        now.quickEstimate = true;
        shown.fake->show(now);
        QTRY_VERIFY(big->isVisible() && big->text().contains("90.0 %"));
        QVERIFY(shown.text("accuracyCaption").contains("50 validation pictures"));
        QVERIFY(shown.text("accuracyCaption").contains("estimate"));

        now.toLookAt = 0;
        now.quickEstimate = false;
        now.quickAccuracy = now.bestAccuracy = 0.93;
        now.quickCount = now.validationCount = 200;
        shown.fake->show(now);
        shown.fake->history.append(quickRow(0.93));
        QTRY_VERIFY(big->text().contains("93.0 %"));
        QVERIFY(shown.text("accuracyCaption").contains("(88 to 96 %)"));
        QVERIFY(shown.text("accuracyCaption").contains("improving"));

        now.bestAccuracy = 0.95;
        now.bestEpoch = 1;
        shown.fake->show(now);
        QTRY_VERIFY(big->text().contains("95.0 %"));
        QVERIFY(!shown.text("accuracyCaption").contains("quick"));
    }

    void itsRunIsMarkedAndCanBeUsed() {
        auto made = project();
        {
            const auto record = made->addRun("Fresh");
            auto store = made->runStore(record->id);
            QVERIFY(store->appendMetrics({quickRow(0.8)}).ok());
            QVERIFY(store->setState(RunState::Running, {}).ok());
            Evaluation evaluation = test::makeEvaluation(made->dataset(), 0);
            evaluation.checkpoint = "quick";
            QVERIFY(store->setEvaluation(evaluation).ok());
        }
        const std::string path = made->path();
        {
            Shown<TrainPage> shown(std::move(made));
            const QAbstractItemModel* list = shown.find<QTreeView>("runList")->model();
            QCOMPARE(list->index(0, RunListModel::BestColumn).data().toString(),
                     QStringLiteral("80.0 % (quick model)"));
            QVERIFY(shown.text("accuracyCaption").contains("quick model"));
        }
        {
            Shown<EvaluatePage> shown(std::move(Project::open(path, Project::Mode::ReadWrite)).value());
            QCOMPARE(shown.find<QComboBox>("evaluateRunBox")->currentText(),
                     QStringLiteral("Fresh (quick model)"));
            QVERIFY(!shown.text("evaluationAccuracy").isEmpty());  // the stored one is of it
        }
        Shown<ExportPage> shown(std::move(Project::open(path, Project::Mode::ReadWrite)).value());
        QCOMPARE(shown.find<QComboBox>("exportRunBox")->currentText(),
                 QStringLiteral("Fresh (quick model, 80.0 %)"));
    }

    void suggestedSettingsAreTakenOver() {
        Shown<TrainPage> shown(project());
        Project& stored = shown.document.project();
        QTRY_COMPARE(stored.augment().flipHorizontal, 0.5);
        QCOMPARE(stored.trainOptions().batchSize, 16);  // few pictures
        QVERIFY(shown.text("settingsLine").contains("40 pictures in 2 classes"));
        QVERIFY(shown.text("settingsLine").contains("mirrored and cropped"));
        const char* reason = graft::bundledWeightsFolder() ? "graft_nano: the best" : "from scratch";
        QVERIFY(shown.find<QLabel>("settingsLine")->toolTip().contains(reason));
        QCOMPARE(shown.find<QSpinBox>("batch_size")->value(), 16);

        Shown<TrainPage> signs(project("digits"));
        QTRY_COMPARE(signs.document.project().augment().cropMinArea < 1, true);
        QCOMPARE(signs.document.project().augment().flipHorizontal, 0.0);
        QVERIFY(!signs.text("settingsLine").contains("mirrored"));
        AugmentSpec mirrored = signs.document.project().augment();
        mirrored.flipHorizontal = 0.5;
        QVERIFY(signs.document.setAugment(mirrored));
        QVERIFY(signs.text("settingsLine").contains("Careful"));
        QCOMPARE(signs.document.project().augment().flipHorizontal, 0.5);
    }

    void ownSettingsStay() {
        auto made = project();
        AugmentSpec own;
        own.rotateDegrees = 7;
        own.flipHorizontal = 0.25;
        TrainOptions options;
        options.epochs = 3;
        options.batchSize = 8;
        QVERIFY(made->setAugment(own).ok());
        QVERIFY(made->setTrainOptions(options).ok());
        const std::string path = made->path();
        {
            Shown<TrainPage> shown(std::move(made));
            Project& stored = shown.document.project();
            QTRY_VERIFY(stored.augment().cropMinArea < 1);
            QCOMPARE(stored.augment().rotateDegrees, 7.0);
            QCOMPARE(stored.augment().flipHorizontal, 0.25);
            QCOMPARE(stored.trainOptions().epochs, 3);
            QCOMPARE(stored.trainOptions().batchSize, 8);
            auto* patience = shown.find<QSpinBox>("patience");
            patience->setValue(5);
            QCOMPARE(stored.trainOptions().patience, 5);
        }
        Shown<TrainPage> again(std::move(Project::open(path, Project::Mode::ReadWrite)).value());
        QTRY_VERIFY(again.find<QLabel>("settingsLine")->toolTip().contains("Chosen"));
        QCOMPARE(again.document.project().trainOptions().patience, 5);
        QCOMPARE(again.document.project().augment().rotateDegrees, 7.0);
    }

    void projectsWithRunsAreLeftAlone() {
        auto made = project();
        QVERIFY(test::addRun(*made, "Old", 2, RunState::Finished));
        const AugmentSpec before = made->augment();
        Shown<TrainPage> shown(std::move(made));
        QSignalSpy changed(&shown.document, &ProjectDocument::augmentChanged);
        QTRY_VERIFY(shown.text("settingsLine").contains("40 pictures"));
        QVERIFY(!QTest::qWaitFor([&] { return changed.count() > 0; }, 300));
        QCOMPARE(shown.document.project().augment(), before);
    }

    // With a model that was really trained, for a moment.
    void similarPicturesAreShown() {
        ProjectDocument document;
        SimilarRow row(&document);
        QVERIFY(!row.isVisible());
        auto made = project();
        TrainOptions options;
        options.epochs = 1;
        ModelSpec model;
        model.imageSize = 32;
        QVERIFY(made->setTrainOptions(options).ok() && made->setModel(model).ok());
        const RunId id = made->addRun("Real")->id;
        RunControl control;
        Mailbox<RunCommand> commands;
        testing::RecordingSink sink;
        QVERIFY(engine::runHere(*made, id, false, control, commands, sink).ok());
        document.setProject(std::move(made));
        const Dataset& data = document.dataset();
        const auto asked = std::find_if(
            data.samples.begin(), data.samples.end(),
            [](const Sample& sample) { return sample.split == Split::Validation; });
        row.showFor(id, data.imageRef(*asked));
        QVERIFY(row.isVisible());
        auto* last = row.findChild<QLabel*>(QStringLiteral("similarPicture5"));
        QTRY_VERIFY_WITH_TIMEOUT(last->isVisible() && !last->pixmap(Qt::ReturnByValue).isNull(),
                                 60000);
        QVERIFY(last->accessibleName().contains("similarity"));
        QVERIFY(row.findChild<QLabel*>(QStringLiteral("similarTitle"))->text().contains("similar"));
        row.showFor(id, {"/nowhere.jpg", -1});
        QTRY_VERIFY_WITH_TIMEOUT(
            !row.findChild<QLabel*>(QStringLiteral("similarTitle"))->text().contains("…"), 60000);
        QVERIFY(!last->isVisible());
        document.setProject(nullptr);
        QVERIFY(!row.isVisible());
    }

    void itsWordsLeadToWhereTheyAreChanged() {
        Shown<TrainPage> shown(project());
        QSignalSpy goTo(&shown.page, &Page::goTo);
        auto* line = shown.find<SettingsLine>("settingsLine");
        Q_EMIT line->linkActivated(QStringLiteral("model"));
        Q_EMIT line->linkActivated(QStringLiteral("augment"));
        QCOMPARE(goTo.count(), 2);
        QCOMPARE(goTo[0][0].value<PageId>(), PageId::Model);
        QCOMPARE(goTo[1][0].value<PageId>(), PageId::Augment);
        shown.page.activateWindow();
        Q_EMIT line->linkActivated(QStringLiteral("rounds"));
        QTRY_VERIFY(shown.find<QSpinBox>("epochs")->isVisible());
        QCOMPARE(goTo.count(), 2);
    }

    void itsLinksFollowTheTheme() {
        Theme::apply(ThemeChoice::Light);
        Shown<TrainPage> shown(project());
        auto* line = shown.find<SettingsLine>("settingsLine");
        const auto shows = [line](const QColor& color) {
            const QImage image = line->grab().toImage();
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x) {
                    if (image.pixelColor(x, y) == color) {
                        return true;  // the underline is drawn without blending
                    }
                }
            }
            return false;
        };
        const QColor light = Theme::palette(false).color(QPalette::Link);
        const QColor dark = Theme::palette(true).color(QPalette::Link);
        QTRY_VERIFY(shows(light));
        Theme::apply(ThemeChoice::Dark);
        QTRY_VERIFY(shows(dark) && !shows(light));
        Theme::apply(ThemeChoice::Light);
        QTRY_VERIFY(shows(light));
    }
};

QTEST_MAIN(TestQuickModelUi)
#include "tst_quick_model_ui.moc"
