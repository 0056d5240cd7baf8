// Runs a script of this folder with the system's Python, or that of a venv which sees its packages
// (GRAFT_ORACLE_PYTHON): the reference that nobody here wrote.
// Thread: the test's.
#pragma once

#include <QDir>
#include <QProcess>
#include <QString>
#include <QStringList>

namespace graft::test {

struct OracleRun {
    bool missing = false;  ///< no Python, or a package that the script imports is not installed
    bool ok = false;
    QByteArray output;
    QString text;  ///< what went wrong
};

inline constexpr int kOracleMissingExit = 77;

inline OracleRun runOracle(const QString& script, const QStringList& arguments,
                           const QByteArray& input = {}) {
    OracleRun run;
    QProcess python;
    python.start(
        qEnvironmentVariable("GRAFT_ORACLE_PYTHON", "/usr/bin/python3"),
        QStringList{"-B", QStringLiteral(GRAFT_SOURCE_DIR "/tests/oracle/") + script} + arguments);
    if (!python.waitForStarted(10000)) {
        run.missing = true;
        run.text = python.program() + " cannot be started";
        return run;
    }
    python.write(input);
    python.closeWriteChannel();
    if (!python.waitForFinished(240000)) {
        python.kill();
        python.waitForFinished(5000);
        run.text = script + " did not end in time";
        return run;
    }
    run.output = python.readAllStandardOutput();
    run.text = QString::fromUtf8(python.readAllStandardError()).trimmed();
    run.missing = python.exitCode() == kOracleMissingExit;
    run.ok = python.exitStatus() == QProcess::NormalExit && python.exitCode() == 0;
    return run;
}

}  // namespace graft::test
