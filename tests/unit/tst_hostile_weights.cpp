// Weight files made to do harm, opened by a program of its own that is watched from outside: it
// must go on, within its bounds of time and memory, start nothing, and take from a file nothing but
// what torch takes with weights_only.
#include "tests/support/data_files.h"
#include "tests/support/hostile_weights.h"
#include "tests/support/python_oracle.h"

#include "core/nn/weights/weight_file.h"

#include <QDir>
#include <QMap>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

#include <cstring>

using namespace graft;
using namespace graft::testing;

namespace {

/// One line of weight_probe.
struct Outcome {
    QString state;
    double processorMs = 0;
    double heapKb = 0;
    QString told;
};

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr double kMostMs = kSanitized ? 5000 : 1000;
constexpr double kMostHeapKb = 100 * 1024;
const QString kProbe = QStringLiteral(GRAFT_BINARY_DIR "/bin/weight_probe");

QByteArray output(const QString& program, const QStringList& arguments, int* exitCode) {
    QProcess process;
    process.start(program, arguments);
    if (!process.waitForStarted(30000) || !process.waitForFinished(240000)) {
        process.kill();
        process.waitForFinished();
        *exitCode = -1;
        return "did not end: " + process.readAllStandardError();
    }
    *exitCode = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    return process.readAllStandardOutput() + process.readAllStandardError();
}

QMap<QString, Outcome> outcomes(const QByteArray& lines) {
    QMap<QString, Outcome> found;
    for (const QString& line : QString::fromUtf8(lines).split('\n', Qt::SkipEmptyParts)) {
        const QStringList parts = line.split('\t');
        if (parts.size() == 5) {
            found[parts[0].section('/', -1)] = {parts[1], parts[2].toDouble(), parts[3].toDouble(),
                                                parts[4]};
        }
    }
    return found;
}

}  // namespace

class HostileWeightsTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void eachEndsInTimeAndBounds();
    void goodAndBadAreTold();
    void nothingTorchWouldNotTake();
    void attacksAreNamed();
    void noProcessNoNetworkNoWrites();

 private:
    QString canary() const { return m_folder.filePath("canary"); }

    QTemporaryDir m_folder;
    QDir m_files;
    QMap<QString, bool> m_good;  ///< name of each file -> whether it must be read
    QMap<QString, Outcome> m_outcomes;
    int m_exitCode = -1;
    QByteArray m_lines;
};

void HostileWeightsTest::initTestCase() {
    QVERIFY(QDir(m_folder.path()).mkdir("files"));
    m_files.setPath(m_folder.filePath("files"));
    for (const auto& list :
         {hostilePickles(canary().toStdString()), hostileTensors(), hostileContainers()}) {
        for (const HostileFile& file : list) {
            const QString name = QString::fromStdString(file.name);
            QVERIFY2(!m_good.contains(name), qPrintable(name));
            writeBytes(m_files.filePath(name).toStdString(), file.bytes);
            m_good[name] = file.good;
        }
    }
    QVERIFY(m_good.size() > 100);
    const QDir fixtures(QString::fromStdString(sharedFolder()) + "/fixtures");
    for (const QString& name : fixtures.entryList(QDir::Files)) {
        QVERIFY(QFile::copy(fixtures.filePath(name), m_files.filePath("fixture-" + name)));
        m_good["fixture-" + name] = false;
    }
    m_lines = output(kProbe, {m_files.path()}, &m_exitCode);
    m_outcomes = outcomes(m_lines);
}

void HostileWeightsTest::eachEndsInTimeAndBounds() {
    QVERIFY2(m_exitCode == 0, m_lines.right(2000).constData());
    QStringList faults;
    double slowest = 0;
    double largest = 0;
    for (auto file = m_good.begin(); file != m_good.end(); ++file) {
        if (!m_outcomes.contains(file.key())) {
            faults << file.key() + ": no answer";
            continue;
        }
        const Outcome& outcome = m_outcomes[file.key()];
        if (outcome.processorMs > kMostMs || outcome.heapKb > kMostHeapKb) {
            faults << QString("%1: %2 ms, %3 kB")
                          .arg(file.key())
                          .arg(outcome.processorMs)
                          .arg(outcome.heapKb);
        }
        if (outcome.told.isEmpty() || outcome.state == "internal") {
            faults << file.key() + ": " + outcome.state + " " + outcome.told;
        }
        slowest = std::max(slowest, outcome.processorMs);
        largest = std::max(largest, outcome.heapKb);
    }
    const QByteArray last = m_lines.trimmed().split('\n').last();
    QVERIFY(last.startsWith("resident\t"));
    const double residentMb = last.mid(9).toDouble() / 1024;
    qInfo("%d files, slowest %.0f ms, largest growth of the heap %.1f MB, of all memory %.1f MB",
          int(m_good.size()), slowest, largest / 1024, residentMb);
    // The program itself and the pages of the file that was read last add to the heap.
    QVERIFY2(kSanitized || (residentMb > 1 && residentMb < 150),
             qPrintable(QString::number(residentMb)));
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n')));
    QVERIFY(!QFile::exists(canary()));
}

void HostileWeightsTest::goodAndBadAreTold() {
    QStringList faults;
    int goodCount = 0;
    for (auto file = m_good.begin(); file != m_good.end(); ++file) {
        const Outcome& outcome = m_outcomes[file.key()];
        if ((outcome.state == "ok") != file.value()) {
            faults << file.key() + ": " + outcome.told;
        }
        goodCount += file.value() ? 1 : 0;
    }
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n')));
    QVERIFY(goodCount >= 10);
}

// What is read of a hostile file must be, to the bit, what torch reads; nothing else may be read.
void HostileWeightsTest::nothingTorchWouldNotTake() {
    QStringList arguments{"--load"};
    for (auto file = m_good.begin(); file != m_good.end(); ++file) {
        const Outcome& outcome = m_outcomes[file.key()];
        if (outcome.state == "ok" && outcome.told.startsWith("PyTorch")) {
            arguments << m_files.filePath(file.key());
        }
    }
    const OracleRun run = runOracle("weight_files.py", arguments);
    if (run.missing) {
        QSKIP(qPrintable(run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    QStringList faults;
    for (const QString& path : arguments.mid(1)) {
        const auto expected = SafetensorsFile::open((path + ".safetensors").toStdString());
        const auto file = WeightFile::open(path.toStdString());
        if (!expected.ok() || !file.ok() || file->tensors().size() != expected->tensors().size()) {
            faults << path + ": torch refuses it or finds others";
            continue;
        }
        for (const auto& [name, view] : expected->tensors()) {
            const auto ours = file->tensors().find(name);
            if (ours == file->tensors().end() || ours->second.shape != view.shape ||
                ours->second.byteCount != view.byteCount ||
                std::memcmp(ours->second.data, view.data, view.byteCount) != 0) {
                faults << path + ": " + QString::fromStdString(name);
            }
        }
    }
    qInfo("%d files are read, each as by torch", int(arguments.size()) - 1);
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n') + '\n' + QString(run.output)));
    QVERIFY(!QFile::exists(canary()));
}

void HostileWeightsTest::attacksAreNamed() {
    for (const QString name : {"system", "posix", "popen", "eval", "exec", "exec2", "new",
                               "stack-name", "dotted", "state", "from-bytes", "identity"}) {
        for (const QString form : {"", "-root", "-old"}) {
            const Outcome& outcome = m_outcomes["attack-" + name + form];
            QVERIFY2(outcome.state == "unsupported" && outcome.told.contains("asks Python to run"),
                     qPrintable(name + form + ": " + outcome.told));
        }
    }
}

void HostileWeightsTest::noProcessNoNetworkNoWrites() {
    if (kSanitized) {
        QSKIP("sanitizers make calls of their own and cannot be watched");
    }
    const QString strace = QStandardPaths::findExecutable("strace");
    if (strace.isEmpty()) {
        QSKIP("the program strace is not installed");
    }
    const QString log = m_folder.filePath("calls");
    int exitCode = -1;
    const QByteArray said = output(
        strace, {"-f", "-o", log, "-e", "trace=process,network,file,desc", kProbe, m_files.path()},
        &exitCode);
    if (exitCode != 0 && said.contains("ptrace")) {
        QSKIP("strace may not watch processes here");
    }
    QCOMPARE(exitCode, 0);
    const QString calls = QString::fromStdString(readBytes(log.toStdString()));
    QVERIFY(calls.count("openat(") > int(m_good.size()));
    static const QRegularExpression forbidden(
        "\\b(execve|execveat|fork|vfork|clone|clone3|socket|connect|bind|sendto|rename\\w*|"
        "unlink\\w*|mkdir\\w*|link\\w*|symlink\\w*|chmod\\w*|truncate|ftruncate|mknod\\w*)\\(");
    static const QRegularExpression writing("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC");
    int starts = 0;
    for (const QString& line : calls.split('\n')) {
        const bool start = line.contains("execve(") && line.contains("weight_probe");
        starts += start ? 1 : 0;
        QVERIFY2(start || !forbidden.match(line).hasMatch(), qPrintable(line));
        QVERIFY2(!line.contains("open") || !writing.match(line).hasMatch(), qPrintable(line));
    }
    QCOMPARE(starts, 1);
    QVERIFY(!QFile::exists(canary()));
}

QTEST_GUILESS_MAIN(HostileWeightsTest)
#include "tst_hostile_weights.moc"
