// The real graft-cli, from pictures to an exported model, and what its help says.
#include "tests/support/cli_process.h"
#include "tests/support/package_oracle.h"
#include "tests/support/picture_folder.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace graft::testing;

class TestCli : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_pictures;
    QString m_project;

    QString path(const QString& name) const { return m_folder.filePath(name); }
    static QByteArray content(const QString& path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

 private Q_SLOTS:
    // One project that the tests below read: three kinds of stripes, two epochs.
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        m_pictures = path("stripes");
        m_project = path("stripes.graft");
        writePictureFolder(m_pictures.toStdString(), 3, 20, 48);
        const CliResult imported = runCli({"import", m_pictures, "--project", m_project});
        QVERIFY2(imported.code == 0, imported.all().constData());
        const CliResult trained =
            runCli({"train", m_project, "--epochs", "2", "--image-size", "32", "--json"});
        QVERIFY2(trained.code == 0, trained.all().constData());
        const QJsonObject json = trained.json();
        QCOMPARE(json["state"].toString(), "finished");
        QCOMPARE(json["epochs_done"].toInt(), 2);
        QCOMPARE(json["validation_count"].toInt(), 12);
        QCOMPARE(trained.err.count("Epoch "), 2);
        QVERIFY2(!trained.err.contains('\r'), "a redrawn line where there is no terminal");
    }

    void cacheIsShownAndCleared() {
        const QString project = path("cached.graft");
        QCOMPARE(runCli({"import", m_pictures, "--project", project}).code, 0);
        // Measured at the start, the number type could be another one the second time.
        const QStringList train{"train",    project,    "--epochs",    "2",         "--image-size",
                                "32",       "--freeze", "backbone",    "--augment", "none",
                                "--json",   "--precision", "fp32"};
        const CliResult first = runCli(train);
        QVERIFY2(first.code == 0, first.all().constData());
        QVERIFY2(first.err.contains("done once and kept"), first.err.constData());
        const QJsonObject shown = runCli({"cache", project, "--json"}).json();
        QVERIFY(shown["bytes"].toInt() > 0);
        QVERIFY(shown["files"].toInt() >= 3);  // 48 training and 12 validation pictures
        QVERIFY(shown["limit"].toDouble() > shown["bytes"].toDouble());
        QCOMPARE(runCli(train).code, 0);
        QCOMPARE(runCli({"cache", project, "--json"}).json()["files"], shown["files"]);
        const QJsonObject cleared = runCli({"cache", project, "--clear", "--json"}).json();
        QCOMPARE(cleared["cleared_bytes"], shown["bytes"]);
        QCOMPARE(runCli({"cache", project, "--json"}).json()["bytes"].toInt(), 0);
    }

    void helpTeaches() {
        const CliResult help = runCli({"--help"});
        QCOMPARE(help.code, 0);
        QVERIFY(help.out.contains("Exit codes:"));
        QVERIFY2(!help.out.contains("check-package"), "an inner command is shown");
        for (const char* command :
             {"import", "train", "resume", "evaluate", "export", "predict", "similar", "info", "weights", "cache",
              "sample"}) {
            QVERIFY2(help.out.contains(QByteArray("  ") + command + " "), command);
            const CliResult own = runCli({command, "--help"});
            QCOMPARE(own.code, 0);
            QVERIFY2(own.out.contains("Example"), command);
            QVERIFY2(own.out.contains(QByteArray("graft-cli ") + command), command);
        }
        QCOMPARE(runCli({}).code, 0);
        QVERIFY(runCli({"--version"}).out.startsWith("Graft "));
    }

    void importTellsWhatItFound() {
        const QString project = path("told.graft");
        QFile::copy(m_pictures + "/a/000.bmp", m_pictures + "/a/.hidden.bmp");
        const CliResult done = runCli({"import", m_pictures, "--project", project, "--validation",
                                       "0.25", "--test", "0.25", "--seed", "7", "--json"});
        QVERIFY(QFile::remove(m_pictures + "/a/.hidden.bmp"));
        QVERIFY2(done.code == 0, done.all().constData());
        const QJsonObject json = done.json();
        QCOMPARE(json["format"].toString(), "class-folders");
        QCOMPARE(json["count"].toInt(), 60);
        QCOMPARE(json["classes"].toArray().size(), 3);
        for (const QJsonValue& row : json["classes"].toArray()) {
            QCOMPARE(row["train"].toInt(), 10);
            QCOMPARE(row["validation"].toInt(), 5);
            QCOMPARE(row["test"].toInt(), 5);
        }
        QCOMPARE(json["problems"].toArray().size(), 1);
        QCOMPARE(part(json, "problems/0/kind").toString(), "hidden");
    }

    void importAgainTakesOverChanges() {
        const QString pictures = path("changing");
        const QString project = path("changing.graft");
        writePictureFolder(pictures.toStdString(), 2, 6, 32);
        QCOMPARE(runCli({"import", pictures, "--project", project}).code, 0);
        QVERIFY(QFile::remove(pictures + "/a/003.bmp"));
        writeBmp((pictures + "/b/new.bmp").toStdString(), stripes(1, 99, 32));
        const CliResult again = runCli({"import", pictures, "--project", project, "--json"});
        QVERIFY2(again.code == 0, again.all().constData());
        QCOMPARE(again.json()["count"].toInt(), 12);
        QCOMPARE(part(again.json(), "changes/added").toInt(), 1);
        QCOMPARE(part(again.json(), "changes/missing").toInt(), 1);

        const CliResult other = runCli({"import", m_pictures, "--project", project});
        QCOMPARE(other.code, 2);
        QVERIFY(other.err.contains("--replace"));
        QCOMPARE(runCli({"info", project, "--json"}).json()["count"].toInt(), 12);
        QCOMPARE(runCli({"import", m_pictures, "--project", project, "--replace", "--json"})
                     .json()["count"]
                     .toInt(),
                 60);

        QVERIFY(QDir().rename(pictures, path("moved")));
        QCOMPARE(runCli({"import", pictures, "--project", project}).code, 2);
        QCOMPARE(runCli({"import", path("moved"), "--project", path("fresh.graft")}).code, 0);
    }

    void movedFolderIsRelinked() {
        const QString pictures = path("here");
        const QString project = path("relinked.graft");
        writePictureFolder(pictures.toStdString(), 2, 6, 32);
        QCOMPARE(runCli({"import", pictures, "--project", project}).code, 0);
        QVERIFY(QDir().rename(pictures, path("there")));
        const CliResult lost = runCli({"train", project, "--epochs", "1"});
        QCOMPARE(lost.code, 3);
        QVERIFY2(lost.err.contains("--relink"), lost.all().constData());
        const CliResult found =
            runCli({"import", path("there"), "--project", project, "--relink", "--json"});
        QVERIFY2(found.code == 0, found.all().constData());
        QCOMPARE(found.json()["count"].toInt(), 12);
        QCOMPARE(part(found.json(), "changes/missing").toInt(), 0);
    }

    void flagsAreStoredInTheProject() {
        const QString project = path("stored.graft");
        QCOMPARE(runCli({"import", m_pictures, "--project", project}).code, 0);
        const QJsonObject fresh = runCli({"info", project, "--json"}).json();
        QVERIFY2(part(fresh, "augment/flip_horizontal").toDouble() > 0, "not the light preset");
        const CliResult trained =
            runCli({"train", project, "--epochs", "1", "--image-size", "32", "--learning-rate",
                    "0.002", "--freeze", "backbone", "--augment", "none", "--augment-set",
                    "rotate_degrees=5", "--name", "First"});
        QVERIFY2(trained.code == 0, trained.all().constData());
        const QJsonObject info = runCli({"info", project, "--json"}).json();
        QCOMPARE(part(info, "options/epochs").toInt(), 1);
        QCOMPARE(part(info, "options/learning_rate").toDouble(), 0.002);
        // What no flag named is as suggested for so few pictures.
        QCOMPARE(part(fresh, "options/batch_size").toInt(), 32);
        QCOMPARE(part(info, "options/batch_size").toInt(), 16);
        QCOMPARE(part(info, "augment/rotate_degrees").toDouble(), 5.0);
        QCOMPARE(part(info, "augment/flip_horizontal").toDouble(), 0.0);
        QCOMPARE(part(info, "model/frozen").toArray(), QJsonArray{"backbone"});
        QCOMPARE(part(info, "runs/0/name").toString(), "First");
    }

    void evaluateAnswersInFull() {
        const QString csv = path("answers.csv");
        const CliResult done = runCli({"evaluate", m_project, "--json", "--csv", csv});
        QVERIFY2(done.code == 0, done.all().constData());
        const QJsonObject json = done.json();
        QCOMPARE(json["split"].toString(), "validation");
        QCOMPARE(json["count"].toInt(), 12);
        const double accuracy = json["accuracy"].toDouble(-1);
        QVERIFY(accuracy >= 0 && accuracy <= 1);
        QVERIFY(part(json, "ci95/0").toDouble() <= accuracy &&
                part(json, "ci95/1").toDouble() >= accuracy);
        QCOMPARE(json["per_class"].toArray().size(), 3);
        for (const char* key : {"class", "support", "precision", "recall", "f1"}) {
            QVERIFY2(part(json, "per_class/0").toObject().contains(key), key);
        }
        int right = 0;
        int all = 0;
        for (int truth = 0; truth < 3; ++truth) {
            for (int answer = 0; answer < 3; ++answer) {
                const int count =
                    json["confusion"].toArray().at(truth).toArray().at(answer).toInt();
                all += count;
                right += truth == answer ? count : 0;
            }
        }
        QCOMPARE(all, 12);
        QCOMPARE(double(right) / all, accuracy);
        const QList<QByteArray> lines = content(csv).trimmed().split('\n');
        QCOMPARE(lines.size(), 13);
        QCOMPARE(content(csv).count(",yes,"), right);

        const CliResult train = runCli({"evaluate", m_project, "--split", "train", "--json"});
        QCOMPARE(train.json()["count"].toInt(), 48);
        QCOMPARE(runCli({"evaluate", m_project, "--split", "test"}).code, 3);
        QCOMPARE(runCli({"evaluate", m_project, "--split", "all"}).code, 2);
        QCOMPARE(runCli({"evaluate", m_project, "--run", "99"}).code, 3);
        const CliResult text = runCli({"evaluate", m_project});
        QVERIFY(text.out.contains("Accuracy ") && text.out.contains("95 % interval"));
    }

    void predictCsvHasTheMark() {
        const QString csv = path("predicted.csv");
        const CliResult done = runCli(
            {"predict", m_project, m_pictures + "/a", m_pictures + "/b/00*.bmp", "--csv", csv});
        QVERIFY2(done.code == 0, done.all().constData());
        const QByteArray bytes = content(csv);
        QVERIFY(
            bytes.startsWith("\xEF\xBB\xBF"
                             "file,label,probability,a,b,c,error\r\n"));
        QCOMPARE(bytes.count("\r\n"), 1 + 20 + 10);
        const CliResult streamed = runCli(
            {"predict", m_project, m_pictures + "/a", m_pictures + "/b/00*.bmp", "--csv", "-"});
        QCOMPARE(streamed.out, bytes);
    }

    void predictTellsWhatItCannotRead() {
        const QString bad = path("bad ü.jpg");
        QFile file(bad);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("\xff\xd8\xff\xe0 not a picture");
        file.close();
        const CliResult done =
            runCli({"predict", m_project, bad, m_pictures + "/a/000.bmp", "--json"});
        QCOMPARE(done.code, 2);
        const QJsonArray answers = done.list();
        QCOMPARE(answers.size(), 2);
        QCOMPARE(part(answers, "0/file").toString(), bad);
        QVERIFY(!part(answers, "0/error").toString().isEmpty());
        QVERIFY(part(answers, "1/probability").toDouble() > 0);
        const CliResult missing = runCli({"predict", m_project, path("none.jpg")});
        QCOMPARE(missing.code, 3);
        QVERIFY(missing.err.contains("none.jpg"));
    }

    void exportedPackageAnswersAlike() {
        const QString package = path("package");
        const CliResult exported = runCli({"export", m_project, "--to", package, "--json"});
        QVERIFY2(exported.code == 0, exported.all().constData());
        QCOMPARE(part(exported.json(), "parity/passed").toBool(), true);
        QCOMPARE(part(exported.json(), "parity/count").toInt(), 12);
        for (const char* name : {"model.pt", "labels.txt", "config.json", "README.md",
                                 "preprocessor_config.json", "metrics.json", "parity.json"}) {
            QVERIFY2(QFileInfo(package + "/" + name).size() > 0, name);
        }
        const CliResult again = runCli({"export", m_project, "--to", package});
        QVERIFY2(again.code == 2, again.all().constData());

        const QJsonArray live = runCli({"predict", m_project, m_pictures, "--json"}).list();
        const QJsonArray packed = runCli({"predict", package, m_pictures, "--json"}).list();
        QCOMPARE(live.size(), 60);
        QCOMPARE(packed.size(), 60);
        for (int i = 0; i < live.size(); ++i) {
            QCOMPARE(packed[i]["label"], live[i]["label"]);
            QVERIFY(std::abs(packed[i]["probability"].toDouble() -
                             live[i]["probability"].toDouble()) < 1e-4);
        }
        const QString missing = missingPython();
        if (!missing.isEmpty()) {
            QSKIP(qPrintable(missing));
        }
        compareWithPython(package, live);
    }

    void infoTellsOfTheMachine() {
        const CliResult done = runCli({"info", "--json"});
        QCOMPARE(done.code, 0);
        QVERIFY(done.json()["cores"].toInt() > 0);
        QVERIFY(done.json()["backbones"].toArray().size() >= 7);
        QVERIFY(runCli({"info"}).out.contains("resnet18"));
    }

    void sampleIsTheSameEachTime() {
        const CliResult done = runCli({"sample", path("surfaces"), "--json"});
        QVERIFY2(done.code == 0, done.all().constData());
        QCOMPARE(done.json()["classes"].toArray().size(), 5);
        QDir folder(path("surfaces/crack"));
        QCOMPARE(folder.entryList({"*.png"}).size(), 60);
        const QByteArray before = content(folder.filePath(folder.entryList({"*.png"}).first()));
        QCOMPARE(runCli({"sample", path("surfaces")}).code, 0);
        QCOMPARE(content(folder.filePath(folder.entryList({"*.png"}).first())), before);
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
