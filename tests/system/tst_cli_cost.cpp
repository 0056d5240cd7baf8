// What a training will cost, said by the real program and compared with what it then takes; and what
// it does where the memory is too small, under a limit of the address space.
#include "tests/support/cli_process.h"
#include "tests/support/picture_folder.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

using namespace graft::testing;

namespace {

constexpr int kExitMemory = 8;
constexpr double kKilobyte = 1024;

CliResult runLimited(double bytes, const QStringList& arguments) {
    const QString limit = QString::number(qint64(bytes / kKilobyte));
    return CliProcess(QStringList{"-c", "ulimit -v " + limit + "; exec \"$0\" \"$@\"",
                                  cliProgram()} + arguments,
                      "sh").result();
}

}  // namespace

class TestCliCost : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_project;

    QStringList training(const QStringList& more = {}) const {
        return QStringList{"train", m_project, "--backbone", "resnet18", "--image-size", "128",
                           "--epochs", "1", "--precision", "fp32"} + more;
    }
    double forecastPart(const QString& name, double limit = 0) const {
        const QStringList arguments = training({"--forecast", "--json"});
        const CliResult result = limit > 0 ? runLimited(limit, arguments) : runCli(arguments);
        return result.json()[name].toDouble();
    }

 private Q_SLOTS:
    void initTestCase() {
        QVERIFY(m_folder.isValid());
        const QString pictures = m_folder.filePath("stripes");
        writePictureFolder(pictures.toStdString(), 2, 24, 128);
        m_project = m_folder.filePath("cost.graft");
        QCOMPARE(runCli({"import", pictures, "--project", m_project}).code, 0);
    }

    void forecastTrainsAndStoresNothing() {
        const CliResult told = runCli(training({"--batch-size", "4", "--forecast"}));
        QVERIFY2(told.code == 0 && told.out.contains("an epoch, at most") &&
                     told.out.contains("Nothing was started"),
                 told.all().constData());
        const QJsonObject info = runCli({"info", m_project, "--json"}).json();
        QVERIFY(part(info, "runs").toArray().isEmpty());
        QCOMPARE(part(info, "options/batch_size").toInt(), 32);
    }

    // The largest of all children so far is the training itself: forecasts only try few pictures.
    void memoryIsAsForecast() {
        const double forecast = forecastPart("peak_memory");
        const CliResult trained = runCli(training());
        QVERIFY2(trained.code == 0, trained.all().constData());
        rusage usage{};
        getrusage(RUSAGE_CHILDREN, &usage);
        const double real = double(usage.ru_maxrss) * kKilobyte;
        QVERIFY2(forecast > 0.75 * real && forecast < 1.25 * real,
                 qPrintable(QString("forecast %1, took %2").arg(forecast).arg(real)));
    }

    void tooLittleMemoryIsRefusedBeforeTheStart() {
        // What the program takes by itself depends on how much there is, so the limit is looked
        // for: a little below the least that would do.
        double limit = 6e9;
        const double needed = forecastPart("needed_memory", limit);
        QVERIFY(needed > 1e8);
        limit = limit - forecastPart("available_memory", limit) + 2 * needed;
        QVERIFY(forecastPart("needed_memory", limit) > 0);
        while (limit > needed && forecastPart("needed_memory", limit) > 0) {
            limit -= 0.2 * needed;
        }
        limit -= 0.15 * needed;

        const CliResult refused = runLimited(limit, training({"--batch-size", "32"}));
        QVERIFY2(refused.code == kExitMemory, refused.all().constData());
        const QRegularExpression pattern("About (\\d+) of the 32 pictures");
        const auto match = pattern.match(QString::fromUtf8(refused.err));
        QVERIFY2(match.hasMatch(), refused.all().constData());
        const int fits = match.captured(1).toInt();
        QVERIFY(fits >= 3 && fits < 32);

        const CliResult smaller =
            runLimited(limit, training({"--batch-size", QString::number(fits)}));
        QVERIFY2(smaller.code == 0, smaller.all().constData());
        const CliResult automatic = runLimited(limit, training({"--batch-size", "auto"}));
        QVERIFY2(automatic.code == 0, automatic.all().constData());
        QVERIFY2(automatic.out.contains("each step of 32 pictures is computed in"),
                 automatic.all().constData());
    }
};

QTEST_GUILESS_MAIN(TestCliCost)
#include "tst_cli_cost.moc"
