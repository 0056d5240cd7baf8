// What a server may answer instead of the file, or whoever stands in its place: each becomes a
// sentence, and nothing is taken from an address that is not safe.
#include "tests/support/download_fixture.h"

#include <QUrl>

using namespace graft;
using namespace graft::testing;

class TestDownloadAnswers : public DownloadFixture {
    Q_OBJECT

 private Q_SLOTS:
    void answersBecomeSentences_data();
    void answersBecomeSentences();
    void redirects_data();
    void redirects();
    void onlyHttps();
    void certificateIsChecked();
    void offlineIsSaid_data();
    void offlineIsSaid();
};

void TestDownloadAnswers::answersBecomeSentences_data() {
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

void TestDownloadAnswers::answersBecomeSentences() {
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

void TestDownloadAnswers::redirects_data() {
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

void TestDownloadAnswers::redirects() {
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

void TestDownloadAnswers::onlyHttps() {
    const auto refused =
        downloadWeights(entryFor("plain"), m_folder->path().toStdString(), m_progress);
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::Unsupported);
    QCOMPARE(files(), QStringList());
    QVERIFY(fetch(entryFor("plain")).ok());
    QCOMPARE(m_server->requests(1).size(), 1);  // the second, allowed one
}

void TestDownloadAnswers::certificateIsChecked() {
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

void TestDownloadAnswers::offlineIsSaid_data() {
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("said");
    QTest::newRow("no such host") << "https://nowhere.invalid/net-1.pth"
                                  << "seems to be offline";
    QTest::newRow("nobody listens") << "https://127.0.0.1:1/net-1.pth"
                                    << "could not be reached";
}

void TestDownloadAnswers::offlineIsSaid() {
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

QTEST_GUILESS_MAIN(TestDownloadAnswers)
#include "tst_download_answers.moc"
