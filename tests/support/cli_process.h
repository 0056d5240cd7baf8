// Runs the real graft-cli as a process, for tests of what a person at a terminal gets.
#pragma once

#include <QDeadlineTimer>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QString>
#include <QStringList>

#include <signal.h>

namespace graft::testing {

/// What a person starts; it becomes programBehindCli().
inline QString cliProgram() {
    return QStringLiteral(GRAFT_BINARY_DIR "/bin/graft-cli");
}

inline QString programBehindCli() {
    return QStringLiteral(GRAFT_BINARY_DIR "/libexec/graft/graft-cli");
}

struct CliResult {
    int code = -1;  ///< exit code; -1: crashed, killed or out of time
    QByteArray out;
    QByteArray err;
    QJsonObject json() const { return QJsonDocument::fromJson(out).object(); }
    QJsonArray list() const { return QJsonDocument::fromJson(out).array(); }
    /// For failure messages.
    QByteArray all() const {
        return "exit code " + QByteArray::number(code) + "\n" + out + "\n" + err;
    }
};

/// The value at a path such as "per_class/0/support".
inline QJsonValue part(QJsonValue value, const QString& path) {
    for (const QString& key : path.split('/')) {
        bool isIndex = false;
        const int index = key.toInt(&isIndex);
        value =
            isIndex && value.isArray() ? value.toArray().at(index) : value.toObject().value(key);
    }
    return value;
}

/// A running graft-cli, collected as it prints.
class CliProcess {
 public:
    explicit CliProcess(const QStringList& arguments, const QString& program = cliProgram()) {
        m_process.setStandardInputFile(QProcess::nullDevice());
        m_process.start(program, arguments);
    }
    ~CliProcess() {
        if (m_process.state() != QProcess::NotRunning) {
            m_process.kill();
            m_process.waitForFinished();
        }
    }

    /// Until the standard output holds `text` so many times; false at the deadline or its end.
    bool waitForOutput(const QByteArray& text, int times = 1, int timeoutMs = 120'000) {
        const QDeadlineTimer deadline(timeoutMs);
        while (m_out.count(text) < times) {
            if (m_process.state() == QProcess::NotRunning || deadline.hasExpired()) {
                m_out += m_process.readAllStandardOutput();
                return m_out.count(text) >= times;
            }
            m_process.waitForReadyRead(50);
            m_out += m_process.readAllStandardOutput();
        }
        return true;
    }
    /// Until it has a handler for Ctrl+C (before, the system ends it like any program).
    bool waitForInterruptHandler(int timeoutMs = 30'000) {
        const QDeadlineTimer deadline(timeoutMs);
        while (m_process.state() != QProcess::NotRunning && !deadline.hasExpired()) {
            const QString process = QString("/proc/%1").arg(m_process.processId());
            QFile status(process + "/status");
            // Before the program is loaded it is a copy of this one, with this one's handlers.
            if (QFile::symLinkTarget(process + "/exe") ==
                    QFileInfo(programBehindCli()).canonicalFilePath() &&
                status.open(QIODevice::ReadOnly)) {
                for (const QByteArray& line : status.readAll().split('\n')) {
                    if (line.startsWith("SigCgt:") &&
                        (line.mid(7).trimmed().toULongLong(nullptr, 16) >> (SIGINT - 1) & 1)) {
                        return true;
                    }
                }
            }
            m_process.waitForFinished(5);
        }
        return false;
    }
    /// True when it ended by itself within the time.
    bool waitForEnd(int timeoutMs) { return m_process.waitForFinished(timeoutMs); }
    void send(int signal) { ::kill(pid_t(m_process.processId()), signal); }

    CliResult result(int timeoutMs = 300'000) {
        CliResult result;
        const bool ended =
            m_process.state() == QProcess::NotRunning || m_process.waitForFinished(timeoutMs);
        m_out += m_process.readAllStandardOutput();
        result.out = m_out;
        result.err = m_process.readAllStandardError();
        if (ended && m_process.exitStatus() == QProcess::NormalExit) {
            result.code = m_process.exitCode();
        }
        return result;
    }

 private:
    QProcess m_process;
    QByteArray m_out;
};

inline CliResult runCli(const QStringList& arguments, int timeoutMs = 300'000) {
    return CliProcess(arguments).result(timeoutMs);
}

/// A shell script inside a user and mount namespace of its own, where it may mount.
inline CliResult runInNamespace(const QString& script, int timeoutMs = 300'000) {
    return CliProcess({"-Urm", "sh", "-euc", script}, "unshare").result(timeoutMs);
}
inline bool canMount() {
    return runInNamespace("mount -t tmpfs -o size=64k none /mnt").code == 0;
}

/// GRAFT_SHARED, else `shared` beside the sources; "" where there is none.
inline QString sharedFolder() {
    const QString named = qEnvironmentVariable("GRAFT_SHARED");
    const QString beside = QStringLiteral(GRAFT_SOURCE_DIR "/../shared");
    for (const QString& folder : {named, beside}) {
        if (!folder.isEmpty() && QFileInfo(folder + "/data/hymenoptera").isDir()) {
            return QFileInfo(folder).canonicalFilePath();
        }
    }
    return {};
}

}  // namespace graft::testing
