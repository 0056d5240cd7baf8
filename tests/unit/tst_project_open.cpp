// Opening a project: locks, reading only, files that are something else, damaged or newer, and
// projects that moved.
#include "core/project/migrations.h"
#include "core/project/project.h"

#include "tests/support/datasets.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>

#include <array>

using namespace graft;
using namespace graft::testing;
using Mode = Project::Mode;

namespace {

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("(cannot be read)");
}

void putContent(const QString& path, const QByteArray& content) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(file.write(content), content.size());
}

// The big-endian number in SQLite's header, as documented in its file format.
void putNumber(QByteArray& content, int offset, quint32 value) {
    for (int i = 0; i < 4; ++i) {
        content[offset + i] = char(value >> (24 - 8 * i));
    }
}

}  // namespace

class TestProjectOpen : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->filePath("bees.graft");
        auto made = Project::create(m_path.toStdString());
        VERIFY_OK(made);
        m_data = madeUpDataset(20, 2);
        VERIFY_OK((*made)->setDataset(m_data));
    }

    void closedProjectIsOneFile();
    void createRefusesWhatIsThere();
    void createNeedsTheFolder();
    void createIgnoresTheLogOfADeletedProject();
    void secondWriterIsRefused();
    void secondProcessIsRefused();
    void runKeepsTheLock();
    void lockEndsWithTheProject();
    void readOnlyReadsAndRefusesChanges();
    void readOnlySeesARunningRun();
    void readsFromAFolderWithoutPermission();
    void unfinishedRunsBecomeInterrupted();
    void refusesOtherFiles_data();
    void refusesOtherFiles();
    void refusesNewerVersionsUntouched_data();
    void refusesNewerVersionsUntouched();
    void refusesDamage();
    void survivesAnyFlippedByte();
    void findsDataThatMovedAlong();
    void findsDataThatStayed();
    void migratesStepByStep();
    void failedMigrationChangesNothing();

 private:
    Result<std::unique_ptr<Project>> open(Mode mode) const {
        return Project::open(m_path.toStdString(), mode);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_path;
    Dataset m_data;
};

void TestProjectOpen::closedProjectIsOneFile() {
    QCOMPARE(QDir(m_folder->path()).entryList(QDir::Files), QStringList{"bees.graft"});
    QCOMPARE(QDir(m_folder->path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot),
             QStringList{"bees.graft-files"});
}

void TestProjectOpen::createRefusesWhatIsThere() {
    const QByteArray before = contentOf(m_path);
    const auto again = Project::create(m_path.toStdString());
    QVERIFY(!again);
    QVERIFY(again.error().code == ErrorCode::InvalidArgument);
    QVERIFY(text(again.error().message).contains(m_path));
    QCOMPARE(contentOf(m_path), before);
    const QString notes = m_folder->filePath("notes.graft");
    putContent(notes, "my notes");
    QVERIFY(!Project::create(notes.toStdString()));
    QCOMPARE(contentOf(notes), QByteArray("my notes"));
    QVERIFY(!QDir(notes + "-files").exists());
}

void TestProjectOpen::createNeedsTheFolder() {
    const QString path = m_folder->filePath("missing/x.graft");
    const auto made = Project::create(path.toStdString());
    QVERIFY(!made);
    QVERIFY(made.error().code == ErrorCode::NotFound);
    QVERIFY(text(made.error().message).contains("missing"));
    QVERIFY(!QDir(m_folder->filePath("missing")).exists());
    QVERIFY(Project::open(path.toStdString(), Mode::ReadWrite).error().code == ErrorCode::NotFound);
}

void TestProjectOpen::createIgnoresTheLogOfADeletedProject() {
    QByteArray log;
    {
        const auto project = open(Mode::ReadWrite);
        VERIFY_OK((*project)->addClass("in the log", nullptr));
        log = contentOf(m_path + "-wal");
    }
    QVERIFY(log.size() > 1000);
    QVERIFY(QFile::remove(m_path));
    putContent(m_path + "-wal", log);
    VERIFY_OK(Project::create(m_path.toStdString()));
    const auto project = open(Mode::ReadWrite);
    VERIFY_OK(project);
    COMPARE_DATASETS((*project)->dataset(), Dataset());
}

void TestProjectOpen::secondWriterIsRefused() {
    const auto first = open(Mode::ReadWrite);
    VERIFY_OK(first);
    QVERIFY(QFile::link(m_path, m_folder->filePath("link.graft")));
    for (const QString& path : {m_path, m_folder->filePath("link.graft")}) {
        const auto second = Project::open(path.toStdString(), Mode::ReadWrite);
        QVERIFY(!second);
        QVERIFY(second.error().code == ErrorCode::Busy);
        QVERIFY(text(second.error().message).contains("bees.graft"));
        QVERIFY(text(second.error().detail).contains(QString::number(::getpid())));
        QVERIFY(!second.error().hint.empty());
    }
    VERIFY_OK((*first)->addClass("still mine", nullptr));
    const auto reader = open(Mode::ReadOnly);
    VERIFY_OK(reader);
    QCOMPARE((*reader)->dataset().classes.size(), m_data.classes.size() + 1);
    VERIFY_OK((*first)->addClass("still mine too", nullptr));
}

void TestProjectOpen::secondProcessIsRefused() {
    const auto first = open(Mode::ReadWrite);
    VERIFY_OK(first);
    QProcess other;
    other.start(GRAFT_PROJECT_WORKER, {"open", m_path});
    QVERIFY(other.waitForFinished(30'000));
    QCOMPARE(other.exitCode(), 1);
    QVERIFY(other.readAllStandardError().startsWith("busy "));
}

void TestProjectOpen::runKeepsTheLock() {
    auto project = open(Mode::ReadWrite);
    const auto run = (*project)->addRun("");
    VERIFY_OK(run);
    {
        auto store = (*project)->runStore(run->id);
        VERIFY_OK(store);
        project->reset();
        QVERIFY(open(Mode::ReadWrite).error().code == ErrorCode::Busy);
        VERIFY_OK(store->setState(RunState::Finished, "done"));
    }
    project = open(Mode::ReadWrite);
    VERIFY_OK(project);
    QVERIFY((*project)->run(run->id)->state == RunState::Finished);
}

void TestProjectOpen::lockEndsWithTheProject() {
    for (int i = 0; i < 3; ++i) {
        VERIFY_OK(open(Mode::ReadWrite));
    }
    VERIFY_OK(Project::create(m_folder->filePath("other.graft").toStdString()));
    VERIFY_OK(Project::open(m_folder->filePath("other.graft").toStdString(), Mode::ReadWrite));
}

void TestProjectOpen::readOnlyReadsAndRefusesChanges() {
    {
        const auto project = open(Mode::ReadWrite);
        VERIFY_OK((*project)->addClass("x", nullptr));
        VERIFY_OK((*project)->addRun("old"));
        m_data = (*project)->dataset();
    }
    const QByteArray before = contentOf(m_path);
    {
        const auto opened = open(Mode::ReadOnly);
        VERIFY_OK(opened);
        Project& project = **opened;
        QVERIFY(project.readOnly() && !project.canUndo());
        COMPARE_DATASETS(project.dataset(), m_data);
        const SampleId id = m_data.samples[0].id;
        auto store = project.runStore(1);
        VERIFY_OK(store);
        VERIFY_OK(store->dataset());
        const Status outcomes[] = {project.setDataset(Dataset()),
                                   project.setLabel({id}, 5),
                                   project.setLabel({id}, m_data.samples[0].label),
                                   project.setExcluded({id}, !m_data.samples[0].excluded),
                                   project.setSplit({id}, Split::None),
                                   project.resplit({}),
                                   project.addClass("y", nullptr),
                                   project.renameClass(3, "y"),
                                   project.removeClass(3),
                                   project.undo(),
                                   project.setModel({}),
                                   project.setAugment({}),
                                   project.setTrainOptions({}),
                                   project.setNote("a", "b"),
                                   project.renameRun(1, "new"),
                                   project.removeRun(1),
                                   store->setState(RunState::Running, ""),
                                   store->appendMetrics({MetricRow()})};
        for (const Status& status : outcomes) {
            QVERIFY(!status);
            QVERIFY(status.error().code == ErrorCode::PermissionDenied);
        }
        QVERIFY(project.addRun("").error().code == ErrorCode::PermissionDenied);
        QVERIFY(!QDir(text(project.runFolder(2))).exists());
        COMPARE_DATASETS(project.dataset(), m_data);
    }
    QCOMPARE(contentOf(m_path), before);
    closedProjectIsOneFile();
}

void TestProjectOpen::readOnlySeesARunningRun() {
    const auto writer = open(Mode::ReadWrite);
    const auto run = (*writer)->addRun("");
    auto store = (*writer)->runStore(run->id);
    VERIFY_OK(store->setState(RunState::Running, ""));
    const auto reader = open(Mode::ReadOnly);
    VERIFY_OK(reader);
    QVERIFY((*reader)->run(run->id)->state == RunState::Running);
    VERIFY_OK(store->setState(RunState::Paused, "full disk"));
    QVERIFY((*reader)->run(run->id)->state == RunState::Paused);
}

void TestProjectOpen::readsFromAFolderWithoutPermission() {
    if (::geteuid() == 0) {
        QSKIP("root may write everywhere");
    }
    QVERIFY(QFile::setPermissions(m_folder->path(), QFile::ReadOwner | QFile::ExeOwner));
    const auto reader = open(Mode::ReadOnly);
    const bool same = reader && difference((*reader)->dataset(), m_data).empty();
    QVERIFY(QFile::setPermissions(m_path, QFile::ReadOwner));
    const auto writer = open(Mode::ReadWrite);
    QVERIFY(QFile::setPermissions(m_folder->path(),
                                  QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    VERIFY_OK(reader);
    QVERIFY(same);
    QVERIFY(!writer && writer.error().code == ErrorCode::PermissionDenied);
}

void TestProjectOpen::unfinishedRunsBecomeInterrupted() {
    constexpr std::array kStates{RunState::Created,  RunState::Running, RunState::Paused,
                                 RunState::Finished, RunState::Stopped, RunState::Failed};
    {
        const auto project = open(Mode::ReadWrite);
        for (const RunState state : kStates) {
            const auto run = (*project)->addRun(runStateName(state));
            VERIFY_OK((*project)->runStore(run->id)->setState(state, "as left"));
        }
    }
    {
        const auto reader = open(Mode::ReadOnly);
        QVERIFY((*reader)->run(2)->state == RunState::Running);
    }
    const auto project = open(Mode::ReadWrite);
    for (std::size_t i = 0; i < kStates.size(); ++i) {
        const bool unfinished = kStates[i] == RunState::Running || kStates[i] == RunState::Paused;
        const auto record = (*project)->run(RunId(i + 1));
        QVERIFY(record->state == (unfinished ? RunState::Interrupted : kStates[i]));
        QCOMPARE(record->message == "as left", !unfinished);
    }
}

void TestProjectOpen::refusesOtherFiles_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("text") << QByteArray("This is a list of bees.\n");
    QTest::newRow("long text") << QByteArray("bees and ants\n").repeated(2000);
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("only the magic") << QByteArray("SQLite format 3\0", 16);
    QByteArray other = QByteArray("SQLite format 3\0", 16) + QByteArray(4080, '\0');
    QTest::newRow("magic and zeros") << other;
}

void TestProjectOpen::refusesOtherFiles() {
    QFETCH(const QByteArray, content);
    const QString path = m_folder->filePath("other.graft");
    putContent(path, content);
    for (const Mode mode : {Mode::ReadWrite, Mode::ReadOnly}) {
        const auto opened = Project::open(path.toStdString(), mode);
        QVERIFY(!opened);
        QVERIFY(opened.error().code == ErrorCode::BadFormat);
        QVERIFY(text(opened.error().message).contains(path));
        QVERIFY(text(opened.error().message).endsWith('.'));
    }
    QCOMPARE(contentOf(path), content);
    QVERIFY(!QDir(path + "-files").exists());
    QVERIFY(Project::open(m_folder->path().toStdString(), Mode::ReadWrite).error().code ==
            ErrorCode::BadFormat);
}

void TestProjectOpen::refusesNewerVersionsUntouched_data() {
    QTest::addColumn<int>("version");
    QTest::addColumn<bool>("inLog");
    QTest::newRow("next") << newestSchema() + 1 << false;
    QTest::newRow("far") << 1'000'000 << false;
    QTest::newRow("next, still in the log") << newestSchema() + 1 << true;
}

void TestProjectOpen::refusesNewerVersionsUntouched() {
    QFETCH(const int, version);
    QFETCH(const bool, inLog);
    if (inLog) {
        auto database = Database::open(m_path.toStdString(), Database::Access::ReadWrite);
        VERIFY_OK(database);
        (*database)->keepLogOnClose(true);
        VERIFY_OK((*database)->text("PRAGMA journal_mode=WAL"));
        VERIFY_OK((*database)->execute("PRAGMA user_version=" + std::to_string(version)));
        QVERIFY(QFileInfo(m_path + "-wal").size() > 0 || QFile::exists(m_path + "-wal"));
    } else {
        QByteArray content = contentOf(m_path);
        putNumber(content, 60, quint32(version));
        putContent(m_path, content);
    }
    const QByteArray before = contentOf(m_path);
    const QByteArray log = contentOf(m_path + "-wal");
    for (const Mode mode : {Mode::ReadWrite, Mode::ReadOnly}) {
        const auto opened = open(mode);
        QVERIFY(!opened);
        QVERIFY(opened.error().code == ErrorCode::NewerVersion);
        QVERIFY(text(opened.error().message).contains(m_path));
        QCOMPARE(contentOf(m_path), before);
        QCOMPARE(contentOf(m_path + "-wal"), log);
    }
    if (!inLog) {
        closedProjectIsOneFile();
    }
}

void TestProjectOpen::refusesDamage() {
    QByteArray content = contentOf(m_path);
    putContent(m_path, content.left(content.size() / 2));
    const auto cut = open(Mode::ReadWrite);
    QVERIFY(!cut);
    QVERIFY(cut.error().code == ErrorCode::BadFormat);
    QVERIFY(text(cut.error().message).contains("damaged"));
    QCOMPARE(contentOf(m_path), content.left(content.size() / 2));
    for (qsizetype page = 1; page * 4096 < content.size(); ++page) {
        content.replace(page * 4096, 64, QByteArray(64, '\xAA'));
    }
    putContent(m_path, content);
    QVERIFY(open(Mode::ReadOnly).error().code == ErrorCode::BadFormat);
}

// Whatever a bad drive does to one byte: it opens, or there is a sentence; never a crash.
void TestProjectOpen::survivesAnyFlippedByte() {
    const QByteArray good = contentOf(m_path);
    Rng rng(5);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
        QByteArray bad = good;
        const qsizetype at = i < 100 ? i : qsizetype(rng.below(std::uint64_t(good.size())));
        bad[at] = char(bad[at] ^ char(1 + rng.below(255)));
        putContent(m_path, bad);
        const auto opened = open(i % 2 ? Mode::ReadOnly : Mode::ReadWrite);
        if (!opened) {
            ++refused;
            QVERIFY(!opened.error().message.empty());
        } else {
            (void)(*opened)->runs();
        }
    }
    QVERIFY(refused > 50);
}

void TestProjectOpen::findsDataThatMovedAlong() {
    const QTemporaryDir elsewhere;
    QVERIFY(QDir(m_folder->path()).mkpath("work/project"));
    QVERIFY(QDir(m_folder->path()).mkpath("work/pictures/sub"));
    const std::string path = m_folder->filePath("work/project/p.graft").toStdString();
    m_data.root = m_folder->filePath("work/pictures").toStdString();
    m_data.source = m_folder->filePath("work/pictures/sub").toStdString();
    {
        const auto project = Project::create(path);
        VERIFY_OK((*project)->setDataset(m_data));
    }
    QVERIFY(QDir().rename(m_folder->filePath("work"), elsewhere.filePath("new work")));
    const auto project = Project::open(elsewhere.filePath("new work/project/p.graft").toStdString(),
                                       Mode::ReadWrite);
    VERIFY_OK(project);
    QCOMPARE(text((*project)->dataset().root), elsewhere.filePath("new work/pictures"));
    QCOMPARE(text((*project)->dataset().source), elsewhere.filePath("new work/pictures/sub"));
}

void TestProjectOpen::findsDataThatStayed() {
    const QTemporaryDir elsewhere;
    QVERIFY(QDir(m_folder->path()).mkpath("pictures"));
    m_data.root = m_folder->filePath("pictures").toStdString();
    m_data.source = "/not there any more";
    {
        const auto project = open(Mode::ReadWrite);
        VERIFY_OK((*project)->setDataset(m_data));
    }
    QVERIFY(QFile::rename(m_path, elsewhere.filePath("moved.graft")));
    const auto project =
        Project::open(elsewhere.filePath("moved.graft").toStdString(), Mode::ReadOnly);
    VERIFY_OK(project);
    QCOMPARE(text((*project)->dataset().root), text(m_data.root));
    QCOMPARE(text((*project)->dataset().source), text(m_data.source));
}

void TestProjectOpen::migratesStepByStep() {
    auto database = Database::inMemory("test");
    VERIFY_OK(database);
    constexpr std::array kFirst{"CREATE TABLE a (x); INSERT INTO a VALUES (1)"};
    constexpr std::array kAll{"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                              "CREATE TABLE b (x); INSERT INTO b SELECT x + 1 FROM a",
                              "INSERT INTO b SELECT x + 1 FROM b"};
    VERIFY_OK(migrate(**database, kFirst));
    QCOMPARE((*database)->integer("PRAGMA user_version").value(), 1);
    VERIFY_OK(migrate(**database, kAll));
    QCOMPARE((*database)->integer("PRAGMA user_version").value(), 3);
    QCOMPARE((*database)->integer("SELECT sum(x) FROM b").value(), 5);
    VERIFY_OK(migrate(**database, kAll));
    QCOMPARE((*database)->integer("SELECT sum(x) FROM b").value(), 5);
}

void TestProjectOpen::failedMigrationChangesNothing() {
    auto database = Database::inMemory("test");
    constexpr std::array kBad{"CREATE TABLE a (x)", "CREATE TABLE b (x); THIS IS NOT SQL"};
    QVERIFY(!migrate(**database, kBad));
    QCOMPARE((*database)->integer("PRAGMA user_version").value(), 0);
    QCOMPARE((*database)->integer("SELECT count(*) FROM sqlite_schema").value(), 0);
}

QTEST_GUILESS_MAIN(TestProjectOpen)
#include "tst_project_open.moc"
