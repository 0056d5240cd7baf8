// Ctrl+C once and twice, and kill -9 at any moment of importing and training.
#include "tests/support/cli_process.h"
#include "tests/support/picture_folder.h"

#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace graft::testing;

namespace {

constexpr int kImportKills = 15;
constexpr int kTrainKills = 35;

}  // namespace

class TestCliInterrupt : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_pictures;

    QString path(const QString& name) const { return m_folder.filePath(name); }
    QString newProject(const QString& name) const {
        const QString project = path(name);
        const CliResult imported = runCli({"import", m_pictures, "--project", project});
        return imported.code == 0 ? project : QString();
    }
    static QStringList longTraining(const QString& project) {
        return {"train", project, "--epochs", "5000", "--image-size", "32"};
    }
    static QString runState(const QString& project) {
        return part(runCli({"info", project, "--json"}).json(), "runs/0/state").toString();
    }
    // Lets time pass while the process lives; false when it ended by itself.
    static bool killAfter(CliProcess& process, int ms) {
        if (process.waitForEnd(ms)) {
            return false;
        }
        process.send(SIGKILL);
        return true;
    }

 private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        m_pictures = path("stripes");
        writePictureFolder(m_pictures.toStdString(), 2, 40, 32);
    }

    void firstCtrlCSavesAndResumeGoesOn() {
        const QString project = newProject("once.graft");
        QVERIFY(!project.isEmpty());
        CliProcess training(longTraining(project));
        QVERIFY(training.waitForOutput("Epoch "));
        training.send(SIGINT);
        const CliResult stopped = training.result(30'000);
        QVERIFY2(stopped.code == 130, stopped.all().constData());
        QVERIFY2(stopped.out.contains("graft-cli resume " + project.toUtf8()),
                 stopped.all().constData());
        QCOMPARE(runState(project), "stopped");

        CliProcess resumed({"resume", project});
        QVERIFY(resumed.waitForOutput("Going on after step"));
        QVERIFY(resumed.waitForOutput("Epoch "));
        resumed.send(SIGTERM);  // asks for the same
        const CliResult again = resumed.result(30'000);
        QVERIFY2(again.code == 130, again.all().constData());
        QVERIFY2(!again.out.contains("Epoch    1/5000"), "it began anew");
    }

    void secondCtrlCStopsAtOnce() {
        const QString project = newProject("twice.graft");
        QVERIFY(!project.isEmpty());
        CliProcess training(longTraining(project));
        QVERIFY(training.waitForOutput("Epoch "));
        QElapsedTimer timer;
        timer.start();
        training.send(SIGINT);
        training.send(SIGINT);
        const CliResult stopped = training.result(10'000);
        QVERIFY2(stopped.code == 130, stopped.all().constData());
        QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
        const QString state = runState(project);
        QVERIFY2(state == "interrupted" || state == "stopped" || state == "running",
                 qPrintable(state));
        const CliResult evaluated = runCli({"evaluate", project, "--json"});
        QVERIFY2(evaluated.code == 0, evaluated.all().constData());
    }

    void ctrlCWhileImportingLeavesNothing() {
        const QString many = path("many");
        writePictureFolder(many.toStdString(), 2, 1500, 64);
        const QString project = path("many.graft");
        CliProcess importing({"import", many, "--project", project});
        QVERIFY(importing.waitForInterruptHandler());
        importing.send(SIGINT);
        const CliResult stopped = importing.result(30'000);
        if (stopped.code == 0) {
            QSKIP("the import was faster than the interrupt");
        }
        QVERIFY2(stopped.code == 130, stopped.all().constData());
        QVERIFY(!QFileInfo::exists(project));
    }

    void killedImportsLeaveAUsableProject() {
        QRandomGenerator random(20240501);
        int killed = 0;
        for (int i = 0; i < kImportKills; ++i) {
            const QString project = path(QString("killed-%1.graft").arg(i));
            {
                CliProcess importing({"import", m_pictures, "--project", project});
                killed += killAfter(importing, 20 + int(random.bounded(500))) ? 1 : 0;
            }
            if (QFileInfo::exists(project)) {
                const CliResult info = runCli({"info", project, "--json"});
                QVERIFY2(info.code == 0, info.all().constData());
            }
            const CliResult again = runCli({"import", m_pictures, "--project", project, "--json"});
            QVERIFY2(again.code == 0, again.all().constData());
            QCOMPARE(again.json()["count"].toInt(), 80);
        }
        qInfo("%d of %d imports were killed at work", killed, kImportKills);
        QVERIFY(killed > kImportKills / 3);
    }

    // One run, killed again and again. Every time the project opens, the run goes on, and no more
    // is lost than the epoch under way, because every epoch's end is saved.
    void killedTrainingLosesAtMostOneEpoch() {
        const QString project = newProject("killed.graft");
        QVERIFY(!project.isEmpty());
        QRandomGenerator random(20240502);
        static const QRegularExpression epochPattern("Epoch +(\\d+)/");
        int seen = 0;  // epochs that a process reported
        QStringList command = longTraining(project);
        for (int i = 0; i < kTrainKills; ++i) {
            CliProcess training(command);
            QVERIFY2(training.waitForOutput("validation pictures,", 1, 30'000),
                     training.result(1000).all().constData());
            (void)killAfter(training, int(random.bounded(1200)));
            const CliResult killed = training.result(10'000);
            QCOMPARE(killed.code, -1);
            auto epochs = epochPattern.globalMatch(QString::fromUtf8(killed.out));
            bool first = true;
            while (epochs.hasNext()) {
                const int epoch = epochs.next().captured(1).toInt();
                QVERIFY2(!first || epoch >= seen,
                         qPrintable(QString("went back from %1 to %2").arg(seen).arg(epoch)));
                first = false;
                seen = epoch;
            }
            const CliResult info = runCli({"info", project, "--json"});
            QVERIFY2(info.code == 0, info.all().constData());
            QCOMPARE(info.json()["runs"].toArray().size(), 1);
            QCOMPARE(info.json()["count"].toInt(), 80);
            command = {"resume", project};
        }
        qInfo("%d epochs through %d kills", seen, kTrainKills);
        QVERIFY(seen > 1);
        const CliResult evaluated = runCli({"evaluate", project, "--json"});
        QVERIFY2(evaluated.code == 0, evaluated.all().constData());
    }
};

QTEST_GUILESS_MAIN(TestCliInterrupt)
#include "tst_cli_interrupt.moc"
