// Runs a script of tests/oracle with the system's Python, or that of a venv which sees its packages
// (GRAFT_ORACLE_PYTHON): the reference that nobody here wrote. Thread: the test's.
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QString>
#include <QStringList>

namespace graft::testing {

struct OracleRun {
    bool ok = false;
    bool missing = false;  ///< Python or a package is not there: skip
    QString reason;
    QByteArray output;
};

/// Scripts end with code 77 when a package is missing.
inline OracleRun runOracle(const QString& script, const QStringList& arguments,
                           const QByteArray& input = {}) {
    QProcess python;
    python.start(
        qEnvironmentVariable("GRAFT_ORACLE_PYTHON", "/usr/bin/python3"),
        QStringList{"-B", QStringLiteral(GRAFT_SOURCE_DIR "/tests/oracle/") + script} + arguments);
    OracleRun run;
    if (!python.waitForStarted(30000)) {
        run.missing = true;
        run.reason = python.program() + QStringLiteral(" cannot be started");
        return run;
    }
    python.write(input);
    python.closeWriteChannel();
    if (!python.waitForFinished(240000)) {
        python.kill();
        python.waitForFinished();
        run.reason = script + QStringLiteral(" took longer than 4 minutes");
        return run;
    }
    run.output = python.readAllStandardOutput();
    run.reason = QString::fromUtf8(python.readAllStandardError()).trimmed().right(2000);
    run.missing = python.exitCode() == 77;
    run.ok = python.exitStatus() == QProcess::NormalExit && python.exitCode() == 0;
    return run;
}

}  // namespace graft::testing
