// "Try it": a picture from a file, a drop or the clipboard, asked of a model that was really trained;
// its answer is that of the evaluation, which comes by another way.
#include "run_fixtures.h"

#include "core/engine/engine.h"
#include "core/train/train_options.h"
#include "ui/models/texts.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/try_panel.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/image_view.h"

#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>

using namespace graft;
using namespace graft::ui;

class TestTryPanel : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<ProjectDocument> m_document;
    std::unique_ptr<RunBridge> m_run;
    std::unique_ptr<EvaluatePage> m_page;

    template <class T>
    T* find(const char* name) {
        return m_page->findChild<T*>(QLatin1String(name));
    }
    QString text(const char* name) { return find<QLabel>(name)->text(); }
    TryPanel* panel() { return find<TryPanel>("tryPanel"); }
    /// Does `action` and waits for the answer or what was wrong.
    template <class F>
    void ask(F action) {
        action();
        QTRY_VERIFY_WITH_TIMEOUT(find<QLabel>("tryCaption")->isVisibleTo(m_page.get()), 60'000);
    }
    /// A validation picture and its evaluation.
    std::pair<QString, SamplePrediction> evaluated(std::size_t which) {
        const auto stored = m_document->project().runStore(m_run->runId())->evaluation(
            Split::Validation);
        if (!stored || !*stored || (*stored)->predictions.size() <= which) {
            return {};
        }
        const SamplePrediction& p = (*stored)->predictions[which];
        const Sample* sample = m_document->dataset().findSample(p.sample);
        return {QString::fromStdString(m_document->dataset().absolutePath(*sample)), p};
    }
    QString answered() {
        QString name = text("tryHeadline");
        return name.remove(QStringLiteral("Perhaps "));
    }

 public:
    static void initMain() { test::useOwnFolders(); }

 private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        const QString pictures = m_folder.filePath(QStringLiteral("pictures"));
        test::writeFolder(pictures, {QStringLiteral("red"), QStringLiteral("green"),
                                     QStringLiteral("blue")}, 20);
        auto project = test::makeProject(m_folder.filePath(QStringLiteral("try.graft")), pictures);
        QVERIFY(project);
        TrainOptions options;
        options.epochs = 2;
        options.batchSize = 16;
        QVERIFY(project->setTrainOptions(options).ok());
        ModelSpec model = project->model();
        model.imageSize = 32;
        QVERIFY(project->setModel(model).ok());
        m_document = std::make_unique<ProjectDocument>();
        m_run = std::make_unique<RunBridge>(m_document.get());
        m_page = std::make_unique<EvaluatePage>(m_document.get(), m_run.get());
        m_document->setProject(std::move(project));
        m_run->start();
        QTRY_VERIFY_WITH_TIMEOUT(!m_run->isActive(), 120'000);
        m_page->resize(1200, 640);
        m_page->show();
        m_page->activated();
        QTRY_VERIFY_WITH_TIMEOUT(!evaluated(0).first.isEmpty(), 60'000);
        find<QTabWidget>("evaluationTabs")->setCurrentWidget(panel());
        QApplication::setActiveWindow(m_page.get());
    }
    void cleanup() {
        panel()->clear();
        Dialogs::clearScript();
    }
    void cleanupTestCase() { m_page.reset(); }

    void sameAnswerAsTheEvaluation() {
        for (const std::size_t which : {0u, 5u, 11u}) {
            const auto [path, expected] = evaluated(which);
            QVERIFY(!path.isEmpty());
            Dialogs::scriptPath(path);
            QSignalSpy tried(panel(), &TryPanel::tried);
            ask([this] { find<QPushButton>("tryChooseButton")->click(); });
            QCOMPARE(tried.count(), 1);
            QCOMPARE(tried[0][0].toString(), path);
            const auto& classes = m_document->dataset().classes;
            QCOMPARE(answered(),
                     QString::fromStdString(classes[std::size_t(expected.predicted)].name));
            const double best = double(expected.probabilities[std::size_t(expected.predicted)]);
            QVERIFY2(std::abs(find<QProgressBar>("answerBar0")->value() / 1000.0 - best) < 0.002,
                     qPrintable(QString::number(best)));
            int shown = 0;
            for (int row = 0; row < 5; ++row) {
                auto* bar = m_page->findChild<QProgressBar*>(QStringLiteral("answerBar%1").arg(row));
                shown += bar->isVisibleTo(m_page.get()) ? 1 : 0;
            }
            QCOMPARE(shown, 3);
            QVERIFY(find<ImageView>("tryView")->hasImage());
            panel()->clear();
        }
    }
    void pastedPixelsAnswerAsTheirFile() {
        const auto [path, expected] = evaluated(3);
        QGuiApplication::clipboard()->setImage(QImage(path));
        ask([this] { QTest::keyClick(m_page.get(), Qt::Key_V, Qt::ControlModifier); });
        const auto& classes = m_document->dataset().classes;
        QCOMPARE(answered(), QString::fromStdString(classes[std::size_t(expected.predicted)].name));
    }
    void copiedFileIsTried() {
        const auto [path, expected] = evaluated(4);
        auto* data = new QMimeData;
        data->setUrls({QUrl::fromLocalFile(path)});
        QGuiApplication::clipboard()->setMimeData(data);
        ask([this] { find<QPushButton>("tryPasteButton")->click(); });
        const auto& classes = m_document->dataset().classes;
        QCOMPARE(answered(), QString::fromStdString(classes[std::size_t(expected.predicted)].name));
    }
    void aDropOnTheWindowIsTried() {
        const auto [path, expected] = evaluated(2);
        find<QTabWidget>("evaluationTabs")->setCurrentIndex(0);
        QVERIFY(!m_page->takeDropped(m_folder.path()));  // a folder is opened
        QVERIFY(!m_page->takeDropped(m_folder.filePath(QStringLiteral("try.graft"))));
        ask([this, p = path] { QVERIFY(m_page->takeDropped(p)); });
        QCOMPARE(find<QTabWidget>("evaluationTabs")->currentWidget(),
                 static_cast<QWidget*>(panel()));
    }
    void whatIsNoPictureGetsASentence_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("says");
        QTest::newRow("empty") << QByteArray() << QStringLiteral("empty");
        QTest::newRow("text") << QByteArray("not a picture at all")
                              << QStringLiteral("not a picture");
        QTest::newRow("truncated") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)
                                   << QStringLiteral("header");
    }
    void whatIsNoPictureGetsASentence() {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, says);
        const QString path = m_folder.filePath(QStringLiteral("odd.png"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(bytes);
        file.close();
        QSignalSpy tried(panel(), &TryPanel::tried);
        ask([this, path] { panel()->tryFile(path); });
        QVERIFY2(text("tryCaption").contains(says), qPrintable(text("tryCaption")));
        QCOMPARE(tried.count(), 0);
        QVERIFY(!find<QLabel>("tryHeadline")->isVisibleTo(m_page.get()));
    }
    void missingFileAndEmptyClipboard() {
        ask([this] { panel()->tryFile(m_folder.filePath(QStringLiteral("gone.png"))); });
        QVERIFY2(text("tryCaption").contains(QStringLiteral("not found")),
                 qPrintable(text("tryCaption")));
        panel()->clear();
        QGuiApplication::clipboard()->setText(QStringLiteral("words"));
        panel()->paste();
        QVERIFY2(text("tryCaption").contains(QStringLiteral("no picture in the clipboard")),
                 qPrintable(text("tryCaption")));
    }
};

QTEST_MAIN(TestTryPanel)
#include "tst_try_panel.moc"
