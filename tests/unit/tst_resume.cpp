// A run that is stopped anywhere and resumed in a new process ends with the same bits.
#include "tests/support/picture_folder.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <set>

class TestResume : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase();
    void sameBitsFromEveryCut_data();
    void sameBitsFromEveryCut();
    void sameBitsForAnyLoaderThreads();

  private:
    struct Outcome {
        QByteArray last;            ///< state and digest
        QList<QByteArray> rows;
    };
    Outcome train(const QString& folder, const QString& optimizer, int loaders, int stopAfter,
                  const QString& precision = "fp32");

    QTemporaryDir m_dir;
    QString m_pictures;
    int m_run = 0;
    static constexpr int kStepsPerEpoch = 6;  // 48 training pictures, batch 8
    static constexpr int kEpochs = 3;
};

void TestResume::initTestCase() {
    QVERIFY(m_dir.isValid());
    m_pictures = m_dir.filePath("pictures");
    graft::testing::writePictureFolder(m_pictures.toStdString(), 3, 20, 40);
}

TestResume::Outcome TestResume::train(const QString& folder, const QString& optimizer, int loaders,
                                      int stopAfter, const QString& precision) {
    QDir().mkpath(folder);
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(QString(GRAFT_BINARY_DIR) + "/bin/train_worker",
                  {m_pictures, folder, optimizer, QString::number(loaders),
                   QString::number(stopAfter), precision});
    Outcome outcome;
    if (!process.waitForFinished(60000) || process.exitCode() != 0) {
        return outcome;
    }
    outcome.rows = process.readAllStandardOutput().trimmed().split('\n');
    outcome.last = outcome.rows.takeLast();
    return outcome;
}

void TestResume::sameBitsFromEveryCut_data() {
    QTest::addColumn<QString>("optimizer");
    QTest::addColumn<QString>("precision");
    for (const char* precision : {"fp32", "bf16"}) {
        for (const char* optimizer : {"sgd", "adamw", "recipe"}) {
            QTest::addRow("%s %s", optimizer, precision) << optimizer << precision;
        }
    }
}

void TestResume::sameBitsFromEveryCut() {
    QFETCH(QString, optimizer);
    QFETCH(QString, precision);
    const QString name = optimizer + "-" + precision;
    const Outcome whole = train(m_dir.filePath("whole-" + name), optimizer, 1, 0, precision);
    QVERIFY(whole.last.startsWith("finished "));
    QCOMPARE(whole.rows.size(), kStepsPerEpoch * kEpochs + kEpochs);

    // Distinct random cuts of the steps 1..17; most lie inside an epoch. The first row has most of
    // them, since each begins two processes.
    const std::size_t wanted = name == "sgd-fp32" ? 12 : 4;
    graft::Rng rng(std::uint64_t(QDateTime::currentMSecsSinceEpoch()));
    std::set<int> cuts;
    while (cuts.size() < wanted) {
        cuts.insert(1 + int(rng.below(kStepsPerEpoch * kEpochs - 1)));
    }
    for (const int cut : cuts) {
        const QString folder = m_dir.filePath(QString("cut-%1-%2").arg(name).arg(cut));
        const Outcome first = train(folder, optimizer, 1, cut, precision);
        QVERIFY2(first.last.startsWith("stopped "), qPrintable(QString::number(cut)));
        // What it was told counts at the start only.
        const Outcome second = train(folder, optimizer, 1, 0, "auto");
        QVERIFY2(second.last == whole.last,
                 qPrintable(QString("%1, cut after step %2: %3 instead of %4")
                                .arg(name).arg(cut)
                                .arg(QString(second.last), QString(whole.last))));
        QCOMPARE(first.rows + second.rows, whole.rows);
    }
}

void TestResume::sameBitsForAnyLoaderThreads() {
    QSet<QByteArray> digests;
    for (const int loaders : {0, 1, 4}) {
        digests.insert(
            train(m_dir.filePath(QString("loaders-%1").arg(loaders)), "sgd", loaders, 0).last);
    }
    QCOMPARE(digests.size(), 1);
    QVERIFY(digests.begin()->startsWith("finished "));
}

QTEST_GUILESS_MAIN(TestResume)
#include "tst_resume.moc"
