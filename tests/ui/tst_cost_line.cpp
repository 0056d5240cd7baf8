// The line of the Train page that says what a training would take.
#include "run_fixtures.h"

#include "core/engine/engine.h"
#include "ui/models/texts.h"
#include "ui/pages/cost_line.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::ui;

class TestCostLine : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

 public:
    // Public, or QTEST_MAIN does not see it.
    static void initMain() {
        test::useOwnFolders();
        QLocale::setDefault(QLocale::c());
    }

 private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        test::writeFolder(m_folder.filePath(QStringLiteral("pictures")), {"ants", "bees"}, 12);
    }

    void says() {
        CostForecast forecast;
        forecast.totalSeconds = 179;
        forecast.peakBytes = 850'000'000;
        forecast.availableBytes = 2'000'000'000;
        forecast.batchSize = 32;
        forecast.picturesAtOnce = 32;
        const QString whole = CostLine::sentence(forecast);
        QVERIFY2(whole.contains("about 3 min and") && whole.contains(Texts::bytes(850e6)) &&
                     whole.contains(Texts::bytes(2e9)),
                 qPrintable(whole));
        QVERIFY(!whole.contains("parts"));
        forecast.picturesAtOnce = 11;
        QVERIFY(CostLine::sentence(forecast).contains("11 of 32"));
    }

    void measuresWhenSeenAndAgainAfterAChange() {
        ProjectDocument document;
        RunBridge run(&document);
        CostLine line(&document, &run);
        document.setProject(test::makeProject(m_folder.filePath(QStringLiteral("cost.graft")),
                                              m_folder.filePath(QStringLiteral("pictures"))));
        QVERIFY(line.text().isEmpty());  // nobody looks
        line.show();
        QTRY_VERIFY_WITH_TIMEOUT(line.text().contains("of memory"), 60'000);

        ModelSpec frozen = document.project().model();
        frozen.frozen = {"backbone", "head"};
        QVERIFY(document.setModel(frozen));
        QVERIFY(line.text().isEmpty());  // what stood there is not true any more
        QTRY_VERIFY_WITH_TIMEOUT(line.text().contains("Everything is frozen"), 60'000);
    }

    void survivesAProjectThatIsClosed() {
        ProjectDocument document;
        RunBridge run(&document);
        CostLine line(&document, &run);
        line.show();
        document.setProject(test::makeProject(m_folder.filePath(QStringLiteral("closed.graft")),
                                              m_folder.filePath(QStringLiteral("pictures"))));
        QTRY_VERIFY_WITH_TIMEOUT(line.text().contains("Measuring"), 60'000);
        document.setProject(nullptr);
        QVERIFY(line.text().isEmpty());
    }
};

QTEST_MAIN(TestCostLine)
#include "tst_cost_line.moc"
