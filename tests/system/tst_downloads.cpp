// Downloads over a line and a disk that fail in every way: never a wrong file in place, and what
// has come once does not come again.
#include "tests/support/download_fixture.h"
#include "tests/support/fail_io.h"

#include <QElapsedTimer>

#include <thread>

using namespace graft;
using namespace graft::testing;

class TestDownloads : public DownloadFixture {
    Q_OBJECT

 private Q_SLOTS:
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
    void failEachDiskCall(const QString& mode);
};

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
