// Downloads from a server that misbehaves in every way: never a wrong file in place, and what has
// come once does not come again.
#include "core/base/hash.h"
#include "core/nn/weights/download.h"
#include "tests/support/fail_io.h"
#include "tests/support/flaky_server.h"

#include <QDir>
#include <QElapsedTimer>
#include <QTest>
#include <QUrl>

#include <random>
#include <thread>

using namespace graft;
using namespace graft::testing;

namespace {

constexpr int kContentBytes = 640 << 10;

QByteArray someContent() {
    std::mt19937 random(7);
    QByteArray content(kContentBytes, 0);
    for (char& byte : content) {
        byte = char(random());
    }
    return content;
}

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void writeBytes(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), qint64(bytes.size()));
}

qint64 sentIn(const QList<QJsonObject>& requests) {
    qint64 sum = 0;
    for (const QJsonObject& request : requests) {
        sum += request["sent"].toInteger();
    }
    return sum;
}

}  // namespace

class TestDownloads : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void init();

    void arrivesWhole();
    void isNotFetchedTwice();
    void cutAtEveryTenth_data();
    void cutAtEveryTenth();
    void triesAgainByItself();
    void doesNotInsistWithoutProgress();
    void withoutRangesItStartsOver();
    void changedOnTheServerItStartsOver();
    void goesOnByDate();
    void anotherPlaceIsNotTaken();
    void withoutLengthItArrives();
    void silenceIsGivenUp();
    void wrongContentIsDeleted_data();
    void wrongContentIsDeleted();
    void tooMuchIsNotTaken_data();
    void tooMuchIsNotTaken();
    void answersBecomeSentences_data();
    void answersBecomeSentences();
    void redirects_data();
    void redirects();
    void onlyHttps();
    void certificateIsChecked();
    void offlineIsSaid_data();
    void offlineIsSaid();
    void cancelKeepsThePart();
    void cancelBeforeTheStart();
    void wholePartIsOnlyNamed();
    void damagedPartIsNoTrap();
    void wrongFileInPlaceIsReplaced();
    void oneAtATime();
    void noRoomIsSaidBeforehand();
    void lockedFolderIsSaid();
    void everyDiskCallMayFail();

 private:
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
    void failEachDiskCall(const QString& mode);
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

void TestDownloads::initTestCase() {
    for (const char* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
        qunsetenv(name);
    }
    m_content = someContent();
    m_hash = sha256Hex({m_content.constData(), std::size_t(m_content.size())});
}

void TestDownloads::init() {
    m_server = std::make_unique<FlakyServer>(m_content);
    if (!m_server->running()) {
        QSKIP("/usr/bin/python3 is not there to be the server");
    }
    m_folder = std::make_unique<QTemporaryDir>();
}

void TestDownloads::arrivesWhole() {
    const auto file = fetch(entryFor("plain"));
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    QCOMPARE(QString::fromStdString(file->string()), path("net-1.pth"));
    verifyArrived();
    QCOMPARE(QFile::permissions(path("net-1.pth")) & QFile::WriteOwner, QFile::Permissions());
    QCOMPARE(m_progress.state().done, kContentBytes);
    QCOMPARE(m_progress.state().total, kContentBytes);
    QVERIFY(m_progress.state().inBytes);
    const auto requests = m_server->requests(1);
    QCOMPARE(requests.size(), 1);
    QCOMPARE(requests[0]["range"].toString(), "");
}

void TestDownloads::isNotFetchedTwice() {
    QVERIFY(fetch(entryFor("plain")).ok());
    QVERIFY(fetch(entryFor("plain")).ok());
    QCOMPARE(m_server->requests(1).size(), 1);
}

void TestDownloads::cutAtEveryTenth_data() {
    QTest::addColumn<int>("percent");
    for (int percent = 10; percent < 100; percent += 10) {
        QTest::addRow("%d %%", percent) << percent;
    }
}

void TestDownloads::cutAtEveryTenth() {
    QFETCH(int, percent);
    const WeightEntry entry = entryFor(QString("drop/%1").arg(percent));
    const int expected = (100 + percent - 1) / percent;
    for (int attempt = 1; attempt < expected; ++attempt) {
        const auto cut = fetch(entry);
        QVERIFY(!cut.ok());
        QCOMPARE(cut.error().code, ErrorCode::Network);
        QVERIFY2(cut.error().message.find("kept") != std::string::npos, cut.error().text().c_str());
        QVERIFY(!QFile::exists(path("net-1.pth")));
        QCOMPARE(bytesOf(path("net-1.pth.part")),
                 m_content.left(attempt * (kContentBytes * percent / 100)));
    }
    QVERIFY(fetch(entry).ok());
    verifyArrived();
    const auto requests = m_server->requests(expected);
    QCOMPARE(requests.size(), expected);
    QCOMPARE(sentIn(requests), kContentBytes);  // nothing twice
}

void TestDownloads::triesAgainByItself() {
    QVERIFY(fetch(entryFor("drop/10"), 9).ok());
    verifyArrived();
    QCOMPARE(sentIn(m_server->requests(10)), kContentBytes);
}

void TestDownloads::doesNotInsistWithoutProgress() {
    QVERIFY(!fetch(entryFor("status/503"), 5).ok());
    QVERIFY(!fetch(entryFor("drop/0"), 5).ok());
    QCOMPARE(m_server->requests(2).size(), 2);
    QCOMPARE(files(), QStringList());
}

void TestDownloads::withoutRangesItStartsOver() {
    QCOMPARE(fetch(entryFor("norange")).error().code, ErrorCode::Network);
    QCOMPARE(bytesOf(path("net-1.pth.part")).size(), kContentBytes / 2);
    QVERIFY(fetch(entryFor("norange")).ok());
    verifyArrived();
    const auto requests = m_server->requests(2);
    QCOMPARE(requests[1]["range"].toString(), QString("bytes=%1-").arg(kContentBytes / 2));
    QCOMPARE(requests[1]["sent"].toInt(), kContentBytes);
}

void TestDownloads::changedOnTheServerItStartsOver() {
    QVERIFY(!fetch(entryFor("changing")).ok());
    QVERIFY(!fetch(entryFor("changing")).ok());
    QCOMPARE(bytesOf(path("net-1.pth.part")).size(), kContentBytes / 2);  // not two halves
    QVERIFY(fetch(entryFor("changing")).ok());
    verifyArrived();
    const auto requests = m_server->requests(3);
    QCOMPARE(requests[1]["if_range"].toString(), "\"version 1\"");
    QCOMPARE(requests[1]["status"].toInt(), 200);
    QCOMPARE(requests[2]["if_range"].toString(), "\"version 2\"");
}

void TestDownloads::goesOnByDate() {
    QVERIFY(!fetch(entryFor("dated")).ok());
    QVERIFY(fetch(entryFor("dated")).ok());
    verifyArrived();
    const auto requests = m_server->requests(2);
    QCOMPARE(requests[1]["if_range"].toString(), "Wed, 21 Oct 2015 07:28:00 GMT");
    QCOMPARE(sentIn(requests), kContentBytes);
}

void TestDownloads::anotherPlaceIsNotTaken() {
    QVERIFY(!fetch(entryFor("elsewhere")).ok());
    QVERIFY(fetch(entryFor("elsewhere")).ok());
    verifyArrived();
    const auto requests = m_server->requests(3);
    QCOMPARE(requests.size(), 3);
    for (const QJsonObject& request : requests) {
        if (request["range"].toString().isEmpty()) {
            QCOMPARE(request["status"].toInt(), 200);
        }
    }
}

void TestDownloads::withoutLengthItArrives() {
    QVERIFY(fetch(entryFor("nolength")).ok());
    verifyArrived();
}

void TestDownloads::silenceIsGivenUp() {
    QElapsedTimer timer;
    timer.start();
    DownloadOptions options = optionsWith(0);
    options.stallSeconds = 1;
    const auto silent =
        downloadWeights(entryFor("stall/50"), m_folder->path().toStdString(), m_progress, options);
    QVERIFY(!silent.ok());
    QVERIFY2(timer.elapsed() < 4000, qPrintable(QString::number(timer.elapsed())));
    QCOMPARE(silent.error().code, ErrorCode::Network);
    QVERIFY2(silent.error().message.find("sent nothing for 1 second") != std::string::npos,
             silent.error().text().c_str());
    const qint64 part = QFileInfo(path("net-1.pth.part")).size();
    QCOMPARE(part, kContentBytes / 2);
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();
    for (const QJsonObject& request : m_server->requests(1)) {
        if (request["path"].toString().startsWith("/plain")) {
            QCOMPARE(request["sent"].toInteger(), kContentBytes - part);
        }
    }
}

void TestDownloads::wrongContentIsDeleted_data() {
    QTest::addColumn<QString>("mode");
    QTest::newRow("other bytes") << "wrong";
    QTest::newRow("half of them") << "short";
}

void TestDownloads::wrongContentIsDeleted() {
    QFETCH(QString, mode);
    const auto wrong = fetch(entryFor(mode));
    QVERIFY(!wrong.ok());
    QCOMPARE(wrong.error().code, ErrorCode::BadFormat);
    QVERIFY(wrong.error().message.find("deleted") != std::string::npos);
    QVERIFY(wrong.error().detail.find(m_hash.substr(0, 8)) != std::string::npos);
    QCOMPARE(files(), QStringList());
}

void TestDownloads::tooMuchIsNotTaken_data() {
    QTest::addColumn<QString>("mode");
    QTest::newRow("announced") << "huge";
    QTest::newRow("without an end") << "endless";
}

void TestDownloads::tooMuchIsNotTaken() {
    QFETCH(QString, mode);
    const auto wrong = fetch(entryFor(mode));
    QVERIFY(!wrong.ok());
    QCOMPARE(wrong.error().code, ErrorCode::TooLarge);
    QCOMPARE(files(), QStringList());
}

void TestDownloads::answersBecomeSentences_data() {
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("said");
    const auto row = [](int status, ErrorCode code, const char* said) {
        QTest::addRow("%d", status) << status << int(code) << said;
    };
    row(404, ErrorCode::NotFound, "does not have net-1.pth any more");
    row(410, ErrorCode::NotFound, "any more");
    row(401, ErrorCode::PermissionDenied, "does not give");
    row(403, ErrorCode::PermissionDenied, "does not give");
    row(407, ErrorCode::Network, "proxy");
    row(416, ErrorCode::Network, "problem");
    row(429, ErrorCode::Network, "busy");
    row(500, ErrorCode::Network, "problem of its own");
    row(503, ErrorCode::Network, "busy");
}

void TestDownloads::answersBecomeSentences() {
    QFETCH(int, status);
    QFETCH(int, code);
    QFETCH(QString, said);
    const auto answer = fetch(entryFor(QString("status/%1").arg(status)));
    QVERIFY(!answer.ok());
    QCOMPARE(int(answer.error().code), code);
    const QString text = QString::fromStdString(answer.error().text());
    QVERIFY2(text.contains(said), qPrintable(text));
    QVERIFY2(text.contains(QString("HTTP %1").arg(status)) && !text.contains("<html>"),
             qPrintable(text));
    QVERIFY(!answer.error().hint.empty());
    QCOMPARE(files(), QStringList());

    // The same in the middle: what is here stays.
    QVERIFY(!fetch(entryFor("drop/50")).ok());
    if (status != 416) {
        QVERIFY(!fetch(entryFor(QString("status/%1").arg(status))).ok());
        QCOMPARE(bytesOf(path("net-1.pth.part")), m_content.left(kContentBytes / 2));
    }
}

void TestDownloads::redirects_data() {
    QTest::addColumn<QString>("mode");
    QTest::addColumn<int>("code");  // -1: arrives
    const auto away = [](const char* url) {
        return "away/" + QString::fromLatin1(QUrl::toPercentEncoding(url));
    };
    QTest::newRow("one") << "hops/1/plain" << -1;
    QTest::newRow("five") << "hops/5/plain" << -1;
    QTest::newRow("six") << "hops/6/plain" << int(ErrorCode::Network);
    QTest::newRow("endless") << "loop" << int(ErrorCode::Network);
    QTest::newRow("ftp") << away("ftp://127.0.0.1/net-1.pth") << int(ErrorCode::Unsupported);
    QTest::newRow("file") << away("file:///etc/hostname") << int(ErrorCode::Unsupported);
    QTest::newRow("http elsewhere")
        << away("http://nowhere.invalid/x") << int(ErrorCode::Unsupported);
    QTest::newRow("http by name") << away("http://localhost/x") << int(ErrorCode::Unsupported);
    QTest::newRow("no address") << away("https://") << int(ErrorCode::Unsupported);
}

void TestDownloads::redirects() {
    QFETCH(QString, mode);
    QFETCH(int, code);
    const auto answer = fetch(entryFor(mode));
    if (code < 0) {
        QVERIFY2(answer.ok(), answer.ok() ? "" : answer.error().text().c_str());
        verifyArrived();
        return;
    }
    QVERIFY(!answer.ok());
    QVERIFY2(int(answer.error().code) == code, answer.error().text().c_str());
    QCOMPARE(files(), QStringList());
}

void TestDownloads::onlyHttps() {
    const auto refused =
        downloadWeights(entryFor("plain"), m_folder->path().toStdString(), m_progress);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::Unsupported);
    QCOMPARE(files(), QStringList());
    QVERIFY(fetch(entryFor("plain")).ok());
    QCOMPARE(m_server->requests(1).size(), 1);  // the second, allowed one
}

void TestDownloads::certificateIsChecked() {
    const QString certificate = path("self.pem");
    QProcess openssl;
    openssl.start("openssl", {"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                              "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                              "-keyout", certificate, "-out", path("cert.pem")});
    if (!openssl.waitForStarted() || !openssl.waitForFinished() || openssl.exitCode() != 0) {
        QSKIP("no openssl to make a certificate with");
    }
    writeBytes(certificate, bytesOf(certificate) + bytesOf(path("cert.pem")));
    m_server = std::make_unique<FlakyServer>(m_content, certificate);
    QVERIFY(m_server->running());
    const auto refused = fetch(entryFor("plain"));
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::Network);
    QVERIFY2(refused.error().message.find("certificate") != std::string::npos,
             refused.error().text().c_str());
    QVERIFY(!QFile::exists(path("net-1.pth")) && !QFile::exists(path("net-1.pth.part")));
}

void TestDownloads::offlineIsSaid_data() {
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("said");
    QTest::newRow("no such host") << "https://nowhere.invalid/net-1.pth"
                                  << "seems to be offline";
    QTest::newRow("nobody listens") << "https://127.0.0.1:1/net-1.pth"
                                    << "could not be reached";
}

void TestDownloads::offlineIsSaid() {
    QFETCH(QString, url);
    QFETCH(QString, said);
    WeightEntry entry = entryFor("plain");
    entry.url = url.toStdString();
    const auto offline = fetch(entry, 5);
    QVERIFY(!offline.ok());
    QCOMPARE(offline.error().code, ErrorCode::Network);
    const QString text = QString::fromStdString(offline.error().text());
    QVERIFY2(text.contains(said), qPrintable(text));
    QCOMPARE(files(), QStringList());
}

void TestDownloads::cancelKeepsThePart() {
    Progress progress;
    std::thread person([&progress] {
        while (progress.state().done < kContentBytes / 4) {
            std::this_thread::yield();
        }
        progress.cancel();
    });
    QElapsedTimer timer;
    timer.start();
    const auto cancelled =
        downloadWeights(entryFor("slow"), m_folder->path().toStdString(), progress, optionsWith(5));
    person.join();
    QVERIFY(timer.elapsed() < 5000);
    QVERIFY(!cancelled.ok());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    const qint64 part = QFileInfo(path("net-1.pth.part")).size();
    QVERIFY2(part >= kContentBytes / 4 && part < kContentBytes, qPrintable(QString::number(part)));
    QVERIFY(!QFile::exists(path("net-1.pth")));
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();
    bool seen = false;
    for (const QJsonObject& request : m_server->requests(2)) {
        if (request["path"].toString().startsWith("/plain")) {
            QCOMPARE(request["range"].toString(), QString("bytes=%1-").arg(part));
            QCOMPARE(request["sent"].toInteger(), kContentBytes - part);
            seen = true;
        }
    }
    QVERIFY(seen);
}

void TestDownloads::cancelBeforeTheStart() {
    Progress progress;
    progress.cancel();
    const auto cancelled = downloadWeights(entryFor("plain"), m_folder->path().toStdString(),
                                           progress, optionsWith(5));
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    QCOMPARE(files(), QStringList());
}

void TestDownloads::wholePartIsOnlyNamed() {
    writeBytes(path("net-1.pth.part"), m_content);
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();
    QCOMPARE(sentIn(m_server->requests(1)), 0);
}

void TestDownloads::damagedPartIsNoTrap() {
    writeBytes(path("net-1.pth.part"), m_content.left(1000) + QByteArray(kContentBytes, 'x'));
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();

    QVERIFY(QFile::remove(path("net-1.pth")));
    writeBytes(path("net-1.pth.part"), QByteArray(1000, 'x'));
    QCOMPARE(fetch(entryFor("plain")).error().code, ErrorCode::BadFormat);
    QCOMPARE(files(), QStringList());
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();
}

void TestDownloads::wrongFileInPlaceIsReplaced() {
    writeBytes(path("net-1.pth"), "an old attempt of another program");
    QVERIFY(fetch(entryFor("plain")).ok());
    verifyArrived();
}

void TestDownloads::oneAtATime() {
    Progress progress;
    std::thread first([&] {
        (void)downloadWeights(entryFor("slow"), m_folder->path().toStdString(), progress,
                              optionsWith(0))
            .ok();
    });
    while (progress.state().done == 0) {
        std::this_thread::yield();
    }
    const auto second = fetch(entryFor("plain"));
    first.join();
    QVERIFY(!second.ok());
    QCOMPARE(second.error().code, ErrorCode::Busy);
    verifyArrived();
    QCOMPARE(m_server->requests(1).size(), 1);
}

void TestDownloads::noRoomIsSaidBeforehand() {
    WeightEntry entry = entryFor("plain");
    entry.bytes = std::uint64_t(1) << 60;
    const auto full = fetch(entry);
    QVERIFY(!full.ok());
    QCOMPARE(full.error().code, ErrorCode::DiskFull);
    QVERIFY2(full.error().message.find("free in") != std::string::npos,
             full.error().text().c_str());
    QCOMPARE(files(), QStringList());
    QVERIFY(fetch(entryFor("plain")).ok());
    QCOMPARE(m_server->requests(1).size(), 1);  // the first never asked
}

void TestDownloads::lockedFolderIsSaid() {
    const auto locked = downloadWeights(entryFor("plain"), "/proc/graft", m_progress);
    QVERIFY(!locked.ok());
    QVERIFY2(locked.error().message.find("/proc/graft") != std::string::npos,
             locked.error().text().c_str());
    writeBytes(path("file"), "");
    QVERIFY(!downloadWeights(entryFor("plain"), path("file").toStdString(), m_progress).ok());
}

// Each of the writing calls fails once, in the middle of a download that goes on from a part; then
// the disk is well again.
void TestDownloads::everyDiskCallMayFail() {
    if (!failIoLoaded()) {
        QProcess self;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("LD_PRELOAD", GRAFT_FAIL_IO);
        environment.insert("ASAN_OPTIONS",
                           environment.value("ASAN_OPTIONS") + ":verify_asan_link_order=0");
        self.setProcessEnvironment(environment);
        self.start(QCoreApplication::applicationFilePath(), {"everyDiskCallMayFail"});
        QVERIFY(self.waitForFinished(120'000));
        QVERIFY2(self.exitCode() == 0, self.readAllStandardOutput().constData());
        return;
    }
    for (const char* mode : {"plain", "norange"}) {
        failEachDiskCall(mode);
    }
}

void TestDownloads::failEachDiskCall(const QString& mode) {
    constexpr long kMostCalls = 1000;
    long call = 0;
    for (long failed = 1; failed > 0 && call < kMostCalls;) {
        m_folder = std::make_unique<QTemporaryDir>();
        writeBytes(path("net-1.pth.part"), m_content.left(kContentBytes / 2));
        armFailIo(QFileInfo(m_folder->path()).canonicalFilePath().toStdString(), ++call);
        const auto faulty = fetch(entryFor(mode));
        failed = disarmFailIo();
        QCOMPARE(faulty.ok(), failed == 0);
        if (!faulty.ok()) {
            QVERIFY2(faulty.error().code == ErrorCode::DiskFull, lastFailedCall().c_str());
        }
        const QString file = path("net-1.pth");
        QVERIFY2(!QFile::exists(file) || bytesOf(file) == m_content, lastFailedCall().c_str());
        QVERIFY2(fetch(entryFor("plain")).ok(), lastFailedCall().c_str());
        verifyArrived();
    }
    qInfo("%s: %ld calls", qPrintable(mode), call - 1);
    QVERIFY(call > 20 && call < kMostCalls);
}

QTEST_GUILESS_MAIN(TestDownloads)
#include "tst_downloads.moc"
