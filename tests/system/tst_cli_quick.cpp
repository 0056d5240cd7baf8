// The quick model and the suggested settings as a person at a terminal gets them.
#include "tests/support/cli_process.h"
#include "tests/support/picture_folder.h"
#include "tests/support/small_networks.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace graft::testing;

class TestCliQuick : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_pictures;
    QString m_weights;
    int m_number = 0;

    QString project() {
        const QString path = m_folder.filePath(QString("p%1.graft").arg(++m_number));
        const CliResult made = runCli({"import", m_pictures, "--project", path});
        return made.code == 0 ? path : QString();
    }

  private Q_SLOTS:
    void initTestCase() {
        m_pictures = m_folder.filePath("stripes");
        writePictureFolder(m_pictures.toStdString(), 3, 30, 40);
        m_weights = m_folder.filePath("weights.safetensors");
        graft::ModelSpec spec;
        spec.backbone = "small_cnn";
        QVERIFY(writeWeights(*make(spec, 5, 7), m_weights.toStdString()).ok());
    }

    void quickModelIsToldAndChosen() {
        const QString path = project();
        const QStringList train{"train", path, "--backbone", "small_cnn", "--weights", m_weights,
                                "--image-size", "32", "--epochs", "2"};
        const CliResult told = runCli(train);
        QVERIFY2(told.code == 0, told.all().constData());
        QVERIFY2(told.out.contains("Quick model ready: "), told.all().constData());
        QVERIFY(told.out.indexOf("Quick model ready: ") < told.out.indexOf("Epoch 1/2"));
        QVERIFY(!told.out.contains("Epoch 0"));
        const QJsonObject run = runCli({"info", path, "--json"}).json()["runs"].toArray()[0]
                                    .toObject();
        const double quick = run["quick_accuracy"].toDouble(-1);
        QVERIFY(quick > 0.4 && quick <= run["best_accuracy"].toDouble());

        const CliResult checked =
            runCli({"evaluate", path, "--model", "quick", "--split", "validation", "--json"});
        QVERIFY2(checked.code == 0, checked.all().constData());
        QCOMPARE(checked.json()["accuracy"].toDouble(), quick);
        QCOMPARE(checked.json()["epoch"].toInt(), 0);
        const CliResult text = runCli({"evaluate", path, "--model", "quick"});
        QVERIFY2(text.out.contains("quick model, on"), text.all().constData());
        const CliResult best = runCli({"evaluate", path, "--json"});
        QCOMPARE(best.json()["accuracy"].toDouble(), run["best_accuracy"].toDouble());
        QCOMPARE(best.json()["epoch"].toInt(), run["best_epoch"].toInt());

        const QString package = m_folder.filePath("package");
        const CliResult exported =
            runCli({"export", path, "--model", "quick", "--to", package, "--json"});
        QVERIFY2(exported.code == 0, exported.all().constData());
        const QString picture = m_pictures + "/a/000.bmp";
        const CliResult live =
            runCli({"predict", path, picture, "--model", "quick", "--json"});
        const CliResult packed = runCli({"predict", package, picture, "--json"});
        QVERIFY2(live.code == 0 && packed.code == 0, live.all().constData());
        const double a = live.list()[0].toObject()["probability"].toDouble();
        const double b = packed.list()[0].toObject()["probability"].toDouble();
        QVERIFY2(std::abs(a - b) < 1e-4, packed.all().constData());
        QCOMPARE(runCli({"predict", package, picture, "--model", "quick"}).code, 2);
        QCOMPARE(runCli({"evaluate", path, "--model", "slow"}).code, 2);
    }

    void withoutOneItSaysSo() {
        const QString path = project();
        const CliResult trained =
            runCli({"train", path, "--backbone", "small_cnn", "--weights", m_weights,
                    "--image-size", "32", "--epochs", "1", "--quick-model", "false"});
        QVERIFY2(trained.code == 0, trained.all().constData());
        QVERIFY(!trained.out.contains("Quick model"));
        const CliResult missing = runCli({"evaluate", path, "--model", "quick"});
        QVERIFY(missing.code != 0);
        QVERIFY2(missing.err.contains("has no quick model"), missing.all().constData());
        QCOMPARE(runCli({"evaluate", path}).code, 0);
    }

    void settingsAreSuggestedUntilAPersonChooses() {
        const QString path = project();
        const CliResult first = runCli({"train", path, "--epochs", "1", "--seed", "5"});
        QVERIFY2(first.code == 0, first.all().constData());
        // The folders are named a, b and c.
        QVERIFY2(first.out.contains("90 pictures in 3 classes: ") &&
                     first.out.contains(" px, cropped") && first.out.contains("1 round."),
                 first.all().constData());
        QJsonObject info = runCli({"info", path, "--json"}).json();
        QCOMPARE(part(info, "augment/flip_horizontal").toDouble(), 0.0);
        QCOMPARE(part(info, "options/batch_size").toInt(), 16);
        QCOMPARE(part(info, "options/epochs").toInt(), 1);

        const CliResult own = runCli({"train", path, "--batch-size", "8", "--augment-set",
                                      "flip_horizontal=0.5"});
        QVERIFY2(own.code == 0 && own.out.contains("Careful with mirroring"),
                 own.all().constData());
        const CliResult again = runCli({"train", path});
        QVERIFY2(again.code == 0, again.all().constData());
        info = runCli({"info", path, "--json"}).json();
        QCOMPARE(part(info, "augment/flip_horizontal").toDouble(), 0.5);
        QCOMPARE(part(info, "options/batch_size").toInt(), 8);
        QCOMPARE(part(info, "options/epochs").toInt(), 1);
        QCOMPARE(part(info, "options/seed").toInt(), 5);
    }
};

QTEST_GUILESS_MAIN(TestCliQuick)
#include "tst_cli_quick.moc"
