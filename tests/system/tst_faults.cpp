// What must hold when things go wrong: a process killed at any moment loses nothing that it had
// acknowledged, and a write that fails at any call leaves the old content and a sentence.
#include "core/project/database.h"
#include "core/project/project.h"

#include "tests/support/project_actions.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <csignal>

using namespace graft;
using namespace graft::testing;

namespace {

constexpr int kDeadlineMs = 60'000;

/// Number of the last "ack N" line read so far, -1 before the first.
std::int64_t lastAck(const QByteArray& output) {
    const qsizetype end = output.lastIndexOf('\n');
    const qsizetype start = end < 0 ? -1 : output.lastIndexOf('\n', end - 1) + 1;
    return end < 0 ? -1 : output.mid(start, end - start).split(' ').last().toLongLong();
}

/// Starts the worker, kills it once it has acknowledged `acks` actions and a random moment more
/// has passed, and returns the last one it acknowledged.
std::int64_t killAfter(const QStringList& arguments, std::int64_t acks, Rng& rng) {
    QProcess worker;
    worker.start(GRAFT_PROJECT_WORKER, arguments);
    if (!worker.waitForStarted(kDeadlineMs)) {
        return -2;
    }
    QByteArray output;
    QElapsedTimer deadline;
    deadline.start();
    while (lastAck(output) < acks && deadline.elapsed() < kDeadlineMs) {
        worker.waitForReadyRead(100);
        output += worker.readAllStandardOutput();
        if (worker.state() == QProcess::NotRunning) {
            qWarning("%s", worker.readAllStandardError().constData());
            return -2;
        }
    }
    // The random moment is the point of the test, not a wait for something.
    QElapsedTimer moment;
    moment.start();
    const qint64 nanoseconds = qint64(rng.below(3'000'000));
    while (moment.nsecsElapsed() < nanoseconds) {
    }
    ::kill(pid_t(worker.processId()), SIGKILL);
    worker.waitForFinished(kDeadlineMs);
    return lastAck(output + worker.readAllStandardOutput());
}

/// In memory where the system has such a folder: hundreds of saves with their syncs take long on a
/// drive, and here the calls fail by order, not by the drive.
QString quickTemplate() {
    return QFileInfo("/dev/shm").isWritable() ? "/dev/shm/tst_faults-XXXXXX"
                                              : QDir::tempPath() + "/tst_faults-XXXXXX";
}

QString integrity(const QString& path) {
    const auto database = Database::open(path.toStdString(), Database::Access::ReadOnly);
    return database ? text((*database)->text("PRAGMA integrity_check").value()) : "cannot open";
}

}  // namespace

class TestFaults : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void killedWhileEditing();
    void killedWhileCreating();
    void everyCallFails_data();
    void everyCallFails();
};

void TestFaults::killedWhileEditing() {
    Rng rng(20260301);
    for (int round = 0; round < 30; ++round) {
        const QTemporaryDir folder;
        const QString path = folder.filePath("p.graft");
        {
            const auto project = Project::create(path.toStdString());
            VERIFY_OK(project);
            VERIFY_OK((*project)->setDataset(actionsStart()));
            const auto run = (*project)->addRun("");
            VERIFY_OK((*project)->runStore(run->id)->setState(RunState::Running, ""));
        }
        // Every fifth round already while it opens.
        const std::int64_t wanted = round % 5 == 0 ? -1 : std::int64_t(rng.below(400));
        const std::int64_t acked = killAfter({"edit", path}, wanted, rng);
        QVERIFY(acked >= -1);
        QVERIFY(acked >= wanted);
        const auto project = Project::open(path.toStdString(), Project::Mode::ReadWrite);
        VERIFY_OK(project);
        QCOMPARE(integrity(path), QString("ok"));
        ActionModel model;
        for (std::int64_t number = 0; number <= acked; ++number) {
            model.apply(number);
        }
        const std::string lost = difference((*project)->dataset(), model.dataset);
        model.apply(acked + 1);  // may be done but not acknowledged yet
        const std::string further = difference((*project)->dataset(), model.dataset);
        QVERIFY2(lost.empty() || further.empty(),
                 qPrintable(QString("after %1: %2").arg(acked).arg(text(lost))));
        const auto rows = (*project)->runStore(1)->metrics();
        VERIFY_OK(rows);
        const auto count = std::int64_t(rows->size());
        QVERIFY(count == acked + 1 || count == acked + 2);
        for (std::int64_t i = 0; i < count; ++i) {
            QCOMPARE(rows->at(std::size_t(i)).step, i);
        }
        QVERIFY((*project)->run(1)->state == RunState::Interrupted);
    }
}

void TestFaults::killedWhileCreating() {
    Rng rng(5);
    for (int round = 0; round < 15; ++round) {
        const QTemporaryDir folder;
        const auto wanted = std::int64_t(rng.below(12)) - 1;
        const std::int64_t acked = killAfter({"create", folder.path()}, wanted, rng);
        QVERIFY(acked >= -1 && acked >= wanted);
        const QStringList made = QDir(folder.path()).entryList({"*.graft"}, QDir::Files);
        QVERIFY(made.size() >= acked + 1);
        for (const QString& name : made) {
            const QString path = folder.filePath(name);
            const auto project = Project::open(path.toStdString(), Project::Mode::ReadWrite);
            VERIFY_OK(project);
            QCOMPARE(integrity(path), QString("ok"));
            if (QFileInfo(name).baseName().toLongLong() <= acked) {
                COMPARE_DATASETS((*project)->dataset(), actionsStart());
            }
        }
    }
}

void TestFaults::everyCallFails_data() {
    QTest::addColumn<QString>("mode");
    QTest::addColumn<int>("errnoValue");
    QTest::addColumn<bool>("sticky");
    QTest::addColumn<int>("fewest");  // calls; fewer would mean that the library sees nothing
    for (const auto& [mode, fewest] :
         {std::pair{"atomic", 7}, {"project", 40}, {"create-faults", 6}}) {
        for (const auto& [name, value] : {std::pair{"disk full", ENOSPC}, {"bad drive", EIO}}) {
            QTest::addRow("%s, %s, once", mode, name) << mode << value << false << fewest;
            QTest::addRow("%s, %s, from then on", mode, name) << mode << value << true << fewest;
        }
    }
}

void TestFaults::everyCallFails() {
    QFETCH(const QString, mode);
    QFETCH(const int, errnoValue);
    QFETCH(const bool, sticky);
    QFETCH(const int, fewest);
    const QTemporaryDir folder(quickTemplate());
    QProcess worker;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("LD_PRELOAD", GRAFT_FAIL_IO);
    environment.insert("ASAN_OPTIONS", "verify_asan_link_order=0");
    worker.setProcessEnvironment(environment);
    const QString realFolder = QFileInfo(folder.path()).canonicalFilePath();
    worker.start(GRAFT_PROJECT_WORKER,
                 {mode, realFolder, QString::number(errnoValue), sticky ? "1" : "0"});
    QVERIFY(worker.waitForFinished(kDeadlineMs));
    const QByteArray said = worker.readAllStandardOutput();
    const QByteArray complaint = worker.readAllStandardError();
    QVERIFY2(worker.exitStatus() == QProcess::NormalExit && worker.exitCode() == 0,
             complaint.constData());
    QVERIFY2(said.startsWith("tried "), said.constData());
    const int tried = said.mid(6).trimmed().toInt();
    qInfo("%d calls", tried);
    QVERIFY(tried >= fewest);
}

QTEST_GUILESS_MAIN(TestFaults)
#include "tst_faults.moc"
