// The way a first-time user goes, in the real window: open a folder, train, export; and the live
// edits of a run. Every click is counted; nothing is typed on the first path.
#include "core/base/hash.h"
#include "core/engine/engine.h"
#include "core/train/checkpoint.h"
#include "core/train/checkpoint_io.h"
#include "tests/support/picture_folder.h"
#include "tests/ui/ui_fixtures.h"
#include "ui/pages/main_window.h"
#include "ui/widgets/dialogs.h"


#include <QAbstractButton>
#include <QApplication>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::ui;

class TestMainPath : public QObject {
    Q_OBJECT
  public:
    static void initMain() { test::useOwnFolders(); }
  private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void folderToPackageInSixClicks();
    void editsWhileItRuns();

  private:
    void click(const char* name);
    void openFolder(const char* name);

    QTemporaryDir m_dir;
    AppSettings m_settings;
    std::unique_ptr<MainWindow> m_window;
    int m_clicks = 0;
};

void TestMainPath::initTestCase() {
    engine::initialize();
    for (const char* name : {"stripes", "edited"}) {
        testing::writePictureFolder(m_dir.filePath(name).toStdString(), 3, 30, 48);
    }
}

void TestMainPath::cleanup() {
    Dialogs::clearScript();
    m_window.reset();
    m_clicks = 0;
}

void TestMainPath::click(const char* name) {
    QAbstractButton* button = nullptr;  // the one that can be seen: pages may share a name
    for (auto* found : m_window->findChildren<QAbstractButton*>(QLatin1String(name))) {
        button = found->isVisible() ? found : button;
    }
    QVERIFY2(button && button->isEnabled(), name);
    QTest::mouseClick(button, Qt::LeftButton);
    ++m_clicks;
}

void TestMainPath::openFolder(const char* name) {
    m_window = std::make_unique<MainWindow>(&m_settings);
    m_window->resize(1366, 768);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    Dialogs::scriptPath(m_dir.filePath(name));
    click("openFolderButton");
    m_clicks += 2;  // in the file dialog: the folder, and Open
    QTRY_COMPARE_WITH_TIMEOUT(m_window->currentPage(), PageId::Data, 20000);
}

void TestMainPath::folderToPackageInSixClicks() {
    openFolder("stripes");
    QVERIFY(m_window->document()->isOpen());
    QCOMPARE(m_window->document()->dataset().samples.size(), 90u);
    click("primaryButton");  // Train
    QCOMPARE(m_window->currentPage(), PageId::Train);
    QTRY_VERIFY_WITH_TIMEOUT(m_window->run()->isActive(), 5000);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->run()->isActive(), 180000);
    QCOMPARE(m_window->currentPage(), PageId::Train);
    click("primaryButton");  // Export...
    QCOMPARE(m_window->currentPage(), PageId::Export);
    click("primaryButton");  // Export
    const QDir projects(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) +
                        "/projects");
    const auto package = [&projects]() -> QString {
        for (const QFileInfo& entry : projects.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot)) {
            if (QFileInfo::exists(entry.filePath() + "/parity.json")) {
                return entry.filePath();
            }
        }
        return {};
    };
    QTRY_VERIFY_WITH_TIMEOUT(!package().isEmpty(), 60000);
    QVERIFY2(m_clicks <= 6, qPrintable(QString::number(m_clicks)));
    for (const char* name : {"model.pt", "labels.txt", "config.json", "preprocessor_config.json",
                             "README.md", "metrics.json"}) {
        QVERIFY2(QFileInfo::exists(package() + '/' + QLatin1String(name)), name);
    }
}

void TestMainPath::editsWhileItRuns() {
    openFolder("edited");
    ProjectDocument* document = m_window->document();
    QVERIFY(document->isOpen());
    ModelSpec model = document->project().model();
    model.frozen = {"block1", "block2"};
    QVERIFY(document->setModel(model));
    TrainOptions options = document->project().trainOptions();
    options.epochs = 40;
    QVERIFY(document->setTrainOptions(options));
    click("primaryButton");
    RunBridge* run = m_window->run();
    QTRY_VERIFY_WITH_TIMEOUT(run->snapshot().step >= 2, 60000);
    click("pauseButton");
    QTRY_COMPARE_WITH_TIMEOUT(run->snapshot().state, RunState::Paused, 20000);
    const std::string folder = document->project().runFolder(run->runId());
    const auto optimizerState = [&folder] {
        CheckpointInfo info;
        std::map<std::string, std::string> hashes;
        const auto tensors =
            readCheckpointTensors(*newestCheckpoint(folder, nullptr), &info);
        for (const NamedTensor& entry : tensors->optimizer) {
            hashes[entry.name] = sha256Hex({static_cast<const char*>(entry.tensor.data_ptr()),
                                            std::size_t(entry.tensor.nbytes())});
        }
        return hashes;
    };
    const auto before = optimizerState();
    QVERIFY(!before.empty());
    for (const auto& [name, hash] : before) {
        QVERIFY2(name.find("block1") == std::string::npos, name.c_str());
    }

    auto* rate = m_window->findChild<QWidget*>("rateEdit");
    QVERIFY(rate);
    rate->setFocus();
    QTest::keyClick(rate, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(rate, "0.002");
    click("applyRateButton");
    run->setFrozen("block2", false);
    auto store = document->project().runStore(run->runId());
    QVERIFY(store.ok());
    QTRY_COMPARE_WITH_TIMEOUT(store->edits()->size(), 2u, 20000);
    const std::vector<EditRecord> edits = *store->edits();
    QVERIFY(edits[0].command == (RunCommand{RunCommand::Kind::SetLearningRate, "", 0.002}));
    QVERIFY(edits[1].command == (RunCommand{RunCommand::Kind::Thaw, "block2", 0}));
    QCOMPARE(edits[0].step, edits[1].step);
    QVERIFY(optimizerState() == before);  // an edit touches nobody's moments

    const std::int64_t paused = run->snapshot().step;
    click("pauseButton");  // says "Resume" now
    QTRY_VERIFY_WITH_TIMEOUT(run->snapshot().step > paused + 3, 60000);
    run->stop();
    QTRY_VERIFY_WITH_TIMEOUT(!run->isActive(), 20000);
    const auto after = optimizerState();
    const auto touched = [&after](const char* part) {
        return std::any_of(after.begin(), after.end(), [part](const auto& entry) {
            return entry.first.find(part) != std::string::npos;
        });
    };
    QVERIFY(touched("block2"));   // thawed: it has moments now
    QVERIFY(!touched("block1"));  // still frozen
    QCOMPARE(document->project().run(run->runId())->state, RunState::Stopped);
}

QTEST_MAIN(TestMainPath)
#include "tst_main_path.moc"
