// What the tests of downloads share: a server with one file, a folder for it, and downloads with
// little patience. Thread: the test's.
#pragma once

#include "core/base/hash.h"
#include "core/nn/weights/download.h"
#include "tests/support/flaky_server.h"

#include <QDir>
#include <QTest>

#include <random>

namespace graft::testing {

inline constexpr int kContentBytes = 640 << 10;

inline QByteArray someContent() {
    std::mt19937 random(7);
    QByteArray content(kContentBytes, 0);
    for (char& byte : content) {
        byte = char(random());
    }
    return content;
}

inline QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline void writeBytes(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), qint64(bytes.size()));
}

inline qint64 sentIn(const QList<QJsonObject>& requests) {
    qint64 sum = 0;
    for (const QJsonObject& request : requests) {
        sum += request["sent"].toInteger();
    }
    return sum;
}

class DownloadFixture : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase() {
        for (const char* name :
             {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
            qunsetenv(name);
        }
        m_content = someContent();
        m_hash = sha256Hex({m_content.constData(), std::size_t(m_content.size())});
    }
    void init() {
        m_server = std::make_unique<FlakyServer>(m_content);
        if (!m_server->running()) {
            QSKIP("/usr/bin/python3 is not there to be the server");
        }
        m_folder = std::make_unique<QTemporaryDir>();
    }

 protected:
    WeightEntry entryFor(const QString& mode) const {
        WeightEntry entry;
        entry.url = m_server->url(mode + "/net-1.pth");
        entry.sha256 = m_hash.substr(0, 8);
        entry.bytes = kContentBytes;
        return entry;
    }
    Result<std::filesystem::path> fetch(const WeightEntry& entry, int retries = 0) {
        return downloadWeights(entry, m_folder->path().toStdString(), m_progress,
                               optionsWith(retries));
    }
    static DownloadOptions optionsWith(int retries) {
        DownloadOptions options;
        options.allowLocalHttp = true;
        options.stallSeconds = 20;  // a busy machine is not a silent server
        options.retries = retries;
        options.retryWaitMs = 1;
        return options;
    }
    QString path(const QString& name) const { return m_folder->filePath(name); }
    QStringList files() const { return QDir(m_folder->path()).entryList(QDir::Files); }
    void verifyArrived() const {
        QCOMPARE(files(), QStringList{"net-1.pth"});
        QVERIFY(bytesOf(path("net-1.pth")) == m_content);
    }

    QByteArray m_content;
    std::string m_hash;
    std::unique_ptr<FlakyServer> m_server;
    std::unique_ptr<QTemporaryDir> m_folder;
    Progress m_progress;
};

}  // namespace graft::testing
