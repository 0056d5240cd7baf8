// Real photos, real weights, plain defaults: the accuracy that Graft promises, and an export that
// Python finds to give the same answers. One seed; GRAFT_SEEDS=3 takes the median of three.
#include "tests/support/cli_process.h"
#include "tests/support/package_oracle.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace graft::testing;

class TestAcceptance : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_shared;
    QString m_exported;  // a trained project, for the last test

    QString path(const QString& name) const { return m_folder.filePath(name); }
    QString weights(const QString& backbone) const {
        return m_shared + "/weights/" + backbone + "-imagenet.safetensors";
    }

    // Validation accuracy per seed.
    void train(const QString& project, const QStringList& flags, double* median) {
        const int seeds = std::max(1, qEnvironmentVariableIntValue("GRAFT_SEEDS"));
        std::vector<double> accuracies;
        for (int seed = 0; seed < seeds; ++seed) {
            QElapsedTimer timer;
            timer.start();
            const CliResult trained = runCli(
                QStringList{"train", project, "--json", "--seed", QString::number(seed)} + flags,
                30 * 60'000);
            QVERIFY2(trained.code == 0, trained.all().constData());
            const CliResult evaluated = runCli({"evaluate", project, "--json"});
            QVERIFY2(evaluated.code == 0, evaluated.all().constData());
            accuracies.push_back(evaluated.json()["accuracy"].toDouble());
            qInfo("%s, seed %d: accuracy %.4f after %.0f s", qPrintable(flags.value(1)), seed,
                  accuracies.back(), double(timer.elapsed()) / 1000);
        }
        std::sort(accuracies.begin(), accuracies.end());
        *median = accuracies[accuracies.size() / 2];
    }

 private Q_SLOTS:
    void initTestCase() {
        m_shared = sharedFolder();
        if (m_shared.isEmpty()) {
            QSKIP("no photos and weights: GRAFT_SHARED names no folder that holds them");
        }
    }

    void beesAndAnts_data() {
        QTest::addColumn<QString>("backbone");
        QTest::addColumn<double>("wanted");
        QTest::newRow("squeezenet1_0, frozen") << "squeezenet1_0" << 0.90;
        QTest::newRow("mobilenet_v2, frozen") << "mobilenet_v2" << 0.92;
    }
    void beesAndAnts() {
        QFETCH(QString, backbone);
        QFETCH(double, wanted);
        const QString project = path(backbone + ".graft");
        const CliResult imported =
            runCli({"import", m_shared + "/data/hymenoptera", "--project", project, "--json"});
        QVERIFY2(imported.code == 0, imported.all().constData());
        const QJsonObject found = imported.json();
        QCOMPARE(found["classes"].toArray().size(), 2);
        QCOMPARE(found["split_from_source"].toBool(), true);
        QCOMPARE(part(found, "classes/0/train").toInt() + part(found, "classes/1/train").toInt(),
                 244);
        QCOMPARE(part(found, "classes/0/validation").toInt(), 70);
        QCOMPARE(part(found, "classes/1/validation").toInt(), 83);
        bool gifListed = false;
        for (const QJsonValue& problem : found["problems"].toArray()) {
            gifListed = gifListed || (problem["kind"] == "unsupported" &&
                                      problem["path"].toString().endsWith(".gif"));
        }
        QVERIFY2(gifListed, imported.out.constData());
        double accuracy = 0;
        train(project,
              {"--backbone", backbone, "--weights", weights(backbone), "--freeze", "backbone",
               "--epochs", "10"},
              &accuracy);
        QVERIFY2(accuracy >= wanted, qPrintable(QString::number(accuracy)));
        m_exported = project;
    }

    void pythonAgreesOnEveryValidationPicture() {
        if (m_exported.isEmpty()) {
            QSKIP("nothing was trained above");
        }
        const QString missing = missingPython();
        if (!missing.isEmpty()) {
            QSKIP(qPrintable(missing));
        }
        const QString package = path("package");
        const CliResult exported = runCli({"export", m_exported, "--to", package, "--json"});
        QVERIFY2(exported.code == 0, exported.all().constData());
        QCOMPARE(part(exported.json(), "parity/passed").toBool(), true);
        const CliResult predicted =
            runCli({"predict", m_exported, m_shared + "/data/hymenoptera/val", "--json"});
        QVERIFY2(predicted.code == 0, predicted.all().constData());
        QCOMPARE(predicted.list().size(), 153);
        compareWithPython(package, predicted.list());
    }

    void handSigns() {
        const QString project = path("signs.graft");
        const CliResult imported =
            runCli({"import", m_shared + "/data/sign-digits", "--project", project, "--json"});
        QVERIFY2(imported.code == 0, imported.all().constData());
        QCOMPARE(imported.json()["classes"].toArray().size(), 10);
        double accuracy = 0;
        train(project, {"--backbone", "mobilenet_v2", "--weights", weights("mobilenet_v2")},
              &accuracy);
        QVERIFY2(accuracy >= 0.97, qPrintable(QString::number(accuracy)));
    }
};

QTEST_GUILESS_MAIN(TestAcceptance)
#include "tst_acceptance.moc"
