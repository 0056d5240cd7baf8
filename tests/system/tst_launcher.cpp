// What stands in bin and becomes the real program: environment, arguments, exit codes, signals.
#include "tests/support/cli_process.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace graft::testing;

namespace {

const QString kLauncher = cliProgram();

// Runs `program` with the variables of `extra` and without those that the tests themselves set.
CliResult runWith(const QStringList& extra, const QString& program, const QStringList& arguments) {
    QStringList command{"-u", "GOMP_SPINCOUNT", "-u", "OMP_WAIT_POLICY", "-u", "OMP_NUM_THREADS"};
    return CliProcess(command + extra + QStringList{program} + arguments, "env").result(60'000);
}

// The value that OpenMP's own report of its settings gives.
QByteArray setting(const CliResult& result, const QByteArray& name) {
    for (const QByteArray& line : result.err.split('\n')) {
        const int at = int(line.indexOf(name + " = '"));
        if (at >= 0) {
            return line.mid(at + name.size() + 4).chopped(1);
        }
    }
    return "missing in " + result.all();
}

}  // namespace

class TestLauncher : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    // OpenMP reports what it read while it was loaded, which is what counts.
    void openMpGetsABoundedSpin() {
        const CliResult report =
            runWith({"OMP_DISPLAY_ENV=verbose"}, kLauncher, {"--version"});
        QCOMPARE(report.code, 0);
        const QByteArray spin = setting(report, "GOMP_SPINCOUNT");
        QVERIFY2(spin.toInt() > 0 && spin.toInt() <= 100'000, spin.constData());
    }

    void settingsOfTheUserWin() {
        CliResult report = runWith({"OMP_DISPLAY_ENV=verbose", "GOMP_SPINCOUNT=77"}, kLauncher,
                                   {"--version"});
        QCOMPARE(setting(report, "GOMP_SPINCOUNT"), "77");
        report = runWith({"OMP_DISPLAY_ENV=verbose", "OMP_WAIT_POLICY=passive"}, kLauncher,
                         {"--version"});
        QCOMPARE(setting(report, "OMP_WAIT_POLICY"), "PASSIVE");
        QCOMPARE(setting(report, "GOMP_SPINCOUNT"), "0");
    }

    // What stands in libexec here is env, which prints what it was given.
    void mallocKeepsMemoryUnlessTheUserSaysOther() {
        QTemporaryDir folder;
        const QString program = folder.filePath("bin/graft-cli");
        QVERIFY(QDir().mkpath(folder.filePath("bin")) && QFile::copy(kLauncher, program));
        QVERIFY(QDir().mkpath(folder.filePath("libexec/graft")));
        QVERIFY(QFile::link("/usr/bin/env", folder.filePath("libexec/graft/graft-cli")));
        const auto given = [&](const QStringList& extra) {
            return '\n' + runWith(QStringList{"-u", "GLIBC_TUNABLES"} + extra, program, {}).out;
        };
        const QByteArray usual = given({});
        QVERIFY2(usual.contains("\nGLIBC_TUNABLES=glibc.malloc.hugetlb=1:"), usual.constData());
        const QByteArray users = given({"GLIBC_TUNABLES=glibc.malloc.check=0"});
        QVERIFY2(users.contains("\nGLIBC_TUNABLES=glibc.malloc.check=0\n"), users.constData());
    }

    // An OpenBLAS with threads of its own would make the others wait after every product.
    void blasSharesTheThreadsOfOpenMp() {
        const QByteArray folder = GRAFT_OPENBLAS_OPENMP;
        if (!QFile::exists(folder + "/libblas.so.3")) {
            QSKIP("built without the OpenBLAS for OpenMP (Debian: libopenblas0-openmp)");
        }
        const CliResult libraries = runWith({"LD_TRACE_LOADED_OBJECTS=1"},
                                            GRAFT_BINARY_DIR "/libexec/graft/graft-cli", {});
        int found = 0;
        for (const QByteArray& line : libraries.out.split('\n')) {
            if (line.contains("libblas.so") || line.contains("libopenblas.so")) {
                QVERIFY2(line.contains("=> " + folder + '/'), line.constData());
                ++found;
            }
        }
        QVERIFY2(found > 0, libraries.all().constData());
    }

    void numberOfThreadsOfTheUserWins() {
        const CliResult one = runWith({"OMP_NUM_THREADS=1"}, kLauncher, {"info", "--json"});
        QVERIFY2(one.json()["device"].toString().contains("1 thread,"), one.all().constData());
    }

    void argumentsAndExitCodesPassThrough() {
        const CliResult wrong = runWith({}, kLauncher, {"no such $command \"'", ""});
        QCOMPARE(wrong.code, 2);
        QVERIFY2(wrong.err.contains("no such $command \"'"), wrong.all().constData());
    }

    void worksThroughALink() {
        QTemporaryDir folder;
        const QString link = folder.filePath("my graft");
        QVERIFY(QFile::link(kLauncher, link));
        const CliResult version = runWith({}, link, {"--version"});
        QVERIFY2(version.code == 0 && version.out.startsWith("Graft "),
                 version.all().constData());
    }

    // Moved as a whole it still works; without its other half it says so.
    void findsItsProgramBesideItself() {
        QTemporaryDir folder;
        const QString bin = folder.filePath("bin");
        const QString programs = folder.filePath("libexec/graft");
        QVERIFY(QDir().mkpath(bin) && QDir().mkpath(programs));
        QVERIFY(QFile::copy(kLauncher, bin + "/graft-cli"));
        const CliResult alone = runWith({}, bin + "/graft-cli", {"--version"});
        QCOMPARE(alone.code, 1);
        QVERIFY2(alone.err.contains("not complete") && alone.err.contains("libexec/graft"),
                 alone.all().constData());
        QVERIFY(QFile::copy(GRAFT_BINARY_DIR "/libexec/graft/graft-cli", programs + "/graft-cli"));
        const CliResult whole = runWith({}, bin + "/graft-cli", {"--version"});
        QVERIFY2(whole.code == 0, whole.all().constData());
    }
};

QTEST_GUILESS_MAIN(TestLauncher)
#include "tst_launcher.moc"
