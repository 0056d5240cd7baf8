// Runs flaky_server.py, a local web server that misbehaves on demand, and reads what it was asked.
// Thread: the test's.
#pragma once

#include <QByteArray>
#include <QDeadlineTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>

namespace graft::testing {

class FlakyServer {
 public:
    /// With a certificate (PEM file with its key) it speaks https.
    explicit FlakyServer(const QByteArray& content, const QString& certificate = {})
        : m_scheme(certificate.isEmpty() ? "http" : "https") {
        QFile file(m_folder.filePath("content"));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) {
            return;
        }
        file.close();
        QStringList arguments{"-B",
                              QStringLiteral(GRAFT_SOURCE_DIR "/tests/support/flaky_server.py"),
                              file.fileName()};
        if (!certificate.isEmpty()) {
            arguments << certificate;
        }
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start("/usr/bin/python3", arguments);
        const QDeadlineTimer deadline(30'000);
        while (!m_process.canReadLine() && !deadline.hasExpired() &&
               m_process.state() != QProcess::NotRunning) {
            m_process.waitForReadyRead(100);
        }
        m_port = m_process.readLine().trimmed().toInt();
    }
    ~FlakyServer() {
        m_process.kill();
        m_process.waitForFinished();
    }

    bool running() const { return m_port > 0; }
    /// "http://127.0.0.1:PORT/" and `path`.
    std::string url(const QString& path) const {
        return QString("%1://127.0.0.1:%2/%3").arg(m_scheme).arg(m_port).arg(path).toStdString();
    }
    /// The requests that have been answered, once there are `count` of them (or none more came).
    QList<QJsonObject> requests(int count) {
        const QDeadlineTimer deadline(15'000);
        while (m_requests.size() < count && !deadline.hasExpired()) {
            m_process.waitForReadyRead(50);
            take();
        }
        take();
        return m_requests;
    }

 private:
    void take() {
        while (m_process.canReadLine()) {
            m_requests << QJsonDocument::fromJson(m_process.readLine()).object();
        }
    }

    QTemporaryDir m_folder;
    QString m_scheme;
    QProcess m_process;
    int m_port = 0;
    QList<QJsonObject> m_requests;
};

}  // namespace graft::testing
