// graft-cli pretrain: from an archive to a backbone that another run starts from, with an interrupt in
// the middle that leaves no trace in the result.
#include "tests/support/cli_process.h"
#include "tests/support/picture_folder.h"

#include <QCryptographicHash>
#include <QTemporaryDir>
#include <QTest>

using namespace graft::testing;

class TestCliPretrain : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_archive;

    QString path(const QString& name) const { return m_folder.filePath(name); }
    QStringList pretrain(const QString& out) const {
        return {"pretrain",     m_archive, "--out",      path(out), "--epochs",    "4",
                "--batch-size", "8",       "--precision", "fp32",    "--data-name", "Stripes",
                "--data-terms", "Free for all."};
    }
    QByteArray contentOf(const QString& name) const {
        QFile file(path(name));
        return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
    }
    QJsonObject card(const QString& out) const {
        return QJsonDocument::fromJson(contentOf(out + "/graft_nano.json")).object();
    }

 private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        writePictureFolder(path("stripes").toStdString(), 2, 40, 64);
        m_archive = path("stripes.tar.gz");
        QProcess tar;
        tar.start("tar", {"-C", m_folder.path(), "-czf", m_archive, "stripes"});
        if (!tar.waitForFinished(60'000) || tar.exitCode() != 0) {
            QSKIP("tar is not there to make an archive with");
        }
    }

    void fromArchiveToBackbone() {
        const CliResult done = runCli(pretrain("whole"));
        QVERIFY2(done.code == 0, done.all().constData());
        QVERIFY(done.out.contains("Backbone: "));
        const QJsonObject told = card("whole");
        QCOMPARE(told["backbone"].toString(), "graft_nano");
        QCOMPARE(part(told, "data/name").toString(), "Stripes");
        QCOMPARE(part(told, "data/train").toInt() + part(told, "data/validation").toInt() +
                     part(told, "data/test").toInt(),
                 80);
        QCOMPARE(part(told, "options/first_size").toInt(), 48);
        QCOMPARE(part(told, "options/first_size_epochs").toInt(), 2);
        QCOMPARE(told["epochs"].toArray().size(), 4);
        QCOMPARE(told["sessions"].toArray().size(), 1);
        QVERIFY(told["command"].toString().startsWith("graft-cli pretrain "));
        const QByteArray file = contentOf("whole/graft_nano.safetensors");
        QVERIFY(file.size() > 5'000'000 && file.size() < 6'000'000);
        QCOMPARE(told["sha256"].toString().toLatin1(),
                 QCryptographicHash::hash(file, QCryptographicHash::Sha256).toHex());
        QCOMPARE(contentOf("whole/log.txt").count("Epoch "), 4);
        QVERIFY(contentOf("whole/graft_nano.md").contains("Free for all."));
        for (int epoch = 1; epoch <= 4; ++epoch) {
            QVERIFY(QFileInfo::exists(path(QString("whole/pretrain.graft-files/run-1/epoch-%1"
                                                   ".safetensors").arg(epoch))));
        }

        // It is what other runs start from.
        const QString project = path("other.graft");
        QCOMPARE(runCli({"import", path("stripes"), "--project", project}).code, 0);
        const CliResult trained =
            runCli({"train", project, "--weights", path("whole/graft_nano.safetensors"),
                    "--epochs", "1", "--json"});
        QVERIFY2(trained.code == 0, trained.all().constData());
        QCOMPARE(trained.json()["backbone"].toString(), "graft_nano");
    }

    void interruptedInTheMiddle() {
        CliProcess first(pretrain("halves"));
        QVERIFY(first.waitForOutput("Epoch 1/4"));
        first.send(SIGINT);
        const CliResult stopped = first.result(60'000);
        QVERIFY2(stopped.code == 130, stopped.all().constData());
        QVERIFY2(stopped.out.contains("graft-cli pretrain --resume --out " +
                                      path("halves").toUtf8()),
                 stopped.all().constData());
        // Not by accident over what is there.
        QCOMPARE(runCli(pretrain("halves")).code, 2);
        const CliResult rest = runCli({"pretrain", "--resume", "--out", path("halves")});
        QVERIFY2(rest.code == 0, rest.all().constData());
        QVERIFY(!rest.out.contains("Epoch 1/4"));
        QCOMPARE(card("halves")["sessions"].toArray().size(), 2);
        // In fp32 the same weights to the bit as without the interrupt; the file tells its own
        // command, so the weights are compared.
        if (card("whole").isEmpty()) {
            QSKIP("the run to compare with failed");
        }
        for (const char* epoch : {"2", "4"}) {
            const QString name =
                QString("/pretrain.graft-files/run-1/epoch-%1.safetensors").arg(epoch);
            const QByteArray whole = contentOf("whole" + name);
            QVERIFY(!whole.isEmpty());
            QVERIFY2(contentOf("halves" + name) == whole, epoch);
        }
        QCOMPARE(card("halves")["sha256"].toString(), card("whole")["sha256"].toString());
    }

    void goesOnFromKeptWeights() {
        const QString kept = path("whole/pretrain.graft-files/run-1/epoch-3.safetensors");
        QStringList arguments = pretrain("restart");
        arguments << "--weights" << kept << "--start-epoch" << "3";
        const CliResult done = runCli(arguments);
        QVERIFY2(done.code == 0, done.all().constData());
        QVERIFY(done.out.contains("Epoch 4/4") && !done.out.contains("Epoch 3/4"));
        const QJsonObject told = card("restart");
        QCOMPARE(part(told, "restarted_from_weights/after_epoch").toInt(), 3);
        QVERIFY(contentOf("restart/graft_nano.md").contains("Begun again"));
    }

    void whatIsWrongIsSaid() {
        const CliResult nothing = runCli({"pretrain", "--out", path("empty")});
        QCOMPARE(nothing.code, 2);
        QVERIFY(nothing.err.contains("--resume"));
        const CliResult missing = runCli({"pretrain", path("none.tar"), "--out", path("empty")});
        QCOMPARE(missing.code, 3);
        const CliResult network = runCli(
            {"pretrain", path("stripes"), "--out", path("empty"), "--network", "no_such_network"});
        QCOMPARE(network.code, 2);
        const CliResult resume = runCli({"pretrain", "--resume", "--out", path("never")});
        QCOMPARE(resume.code, 3);
    }
};

QTEST_GUILESS_MAIN(TestCliPretrain)
#include "tst_cli_pretrain.moc"
