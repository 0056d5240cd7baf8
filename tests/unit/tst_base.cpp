// The base layer: results, option tables, random streams, hashes, and the run's control by threads.
#include "core/base/amounts.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/machine.h"
#include "core/base/mailbox.h"
#include "core/base/result.h"
#include "core/base/rng.h"
#include "core/base/run_control.h"
#include "core/base/snapshot_cell.h"

#include <QTemporaryDir>
#include <QtTest>

#include <atomic>
#include <future>
#include <set>
#include <thread>

using namespace graft;

namespace {

struct Options {
    int count = 3;
    double rate = 0.5;
    bool on = false;
    std::string kind = "a";
    std::int64_t seed = 1;
    bool operator==(const Options&) const = default;
};

FieldInfo info(const std::string& key, double min, double max) {
    FieldInfo made;
    made.key = key;
    made.min = min;
    made.max = max;
    return made;
}

const FieldTable<Options>& table() {
    static const FieldTable<Options> made = [] {
        FieldTable<Options> rows;
        FieldInfo kind = info("kind", 0, 0);
        kind.choices = {"a", "b"};
        rows.add(&Options::count, info("count", 1, 10))
            .add(&Options::rate, info("rate", 0, 1))
            .add(&Options::on, info("on", 0, 1))
            .add(&Options::kind, kind)
            .add(&Options::seed, info("seed", 0, 9e15));
        return rows;
    }();
    return made;
}

Result<int> half(int value) {
    if (value % 2) {
        return Error{ErrorCode::InvalidArgument, "odd", {}, {}};
    }
    return value / 2;
}

Result<int> quarter(int value) {
    GRAFT_TRY(const int once, half(value));
    GRAFT_CHECK(half(once));
    return once / 2;
}

}  // namespace

class TestBase : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void resultsLeaveWithTheError();
    void everyErrorCodeHasItsName();
    void fieldsRoundTrip();
    void fieldsCheck_data();
    void fieldsCheck();
    void fieldsParseText_data();
    void fieldsParseText();
    void fieldsIgnoreWhatIsUnknown();
    void amountsInWords();
    void rngGivesKnownValues();
    void rngIsUniform();
    void rngStreamsDiffer();
    void shuffleKeepsAll();
    void sha256KnownVectors_data();
    void sha256KnownVectors();
    void sha256OfAFile();
    void controlStopsARunningThread();
    void controlPausesAndGivesSteps();
    void controlWakesAPausedThread();
    void controlCancelsProgress();
    void mailboxKeepsOrder();
    void snapshotNewestWins();
    void machineTellsPlausibleFigures();
};

void TestBase::resultsLeaveWithTheError() {
    QCOMPARE(quarter(8).value(), 2);
    QVERIFY(quarter(3).error().message == "odd");
    QVERIFY(quarter(6).error().code == ErrorCode::InvalidArgument);
    const Error error{ErrorCode::Io, "What.", "detail", "Do this."};
    QVERIFY(error.text() == "What.\nDo this.\n(detail)");
    QVERIFY(Status().ok());
    QVERIFY(!Status(error).ok());
}

void TestBase::everyErrorCodeHasItsName() {
    std::set<std::string> names;
    for (int code = 0; code <= int(ErrorCode::Internal); ++code) {
        names.insert(errorCodeName(ErrorCode(code)));
    }
    QCOMPARE(names.size(), std::size_t(ErrorCode::Internal) + 1);
}

void TestBase::fieldsRoundTrip() {
    const Options changed{7, 1.0 / 3, true, "b", 123456789012345};
    const auto back = table().fromJson(nlohmann::json::parse(table().toJson(changed).dump()));
    QVERIFY(back.ok());
    QVERIFY(*back == changed);
    Options typed;
    for (const auto& row : table().rows()) {
        const std::string text = fieldText(row.get(Options{7, 0.125, true, "b", 99}));
        QVERIFY(table().setText(typed, row.info.key, text).ok());
    }
    QVERIFY((typed == Options{7, 0.125, true, "b", 99}));
}

void TestBase::fieldsCheck_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("text");
    QTest::newRow("below") << "count"
                           << "0";
    QTest::newRow("above") << "count"
                           << "11";
    QTest::newRow("real above") << "rate"
                                << "1.01";
    QTest::newRow("not a number") << "rate"
                                  << "nan";
    QTest::newRow("no choice") << "kind"
                               << "c";
    QTest::newRow("unknown") << "nothing"
                             << "1";
    QTest::newRow("word") << "count"
                          << "many";
    QTest::newRow("tail") << "count"
                          << "3x";
    QTest::newRow("real for whole") << "count"
                                    << "3.5";
    QTest::newRow("comma") << "rate"
                           << "0,5";
    QTest::newRow("no flag") << "on"
                             << "perhaps";
    QTest::newRow("empty") << "count"
                           << "";
}

void TestBase::fieldsCheck() {
    QFETCH(const QString, key);
    QFETCH(const QString, text);
    Options options;
    const Status status = table().setText(options, key.toStdString(), text.toStdString());
    QVERIFY(!status);
    QVERIFY(status.error().code == ErrorCode::InvalidArgument);
    QVERIFY(status.error().message.find(key.toStdString()) != std::string::npos);
    QVERIFY(options == Options());
}

void TestBase::fieldsParseText_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("stored");
    QTest::newRow("whole") << "count"
                           << "10"
                           << "10";
    QTest::newRow("real") << "rate"
                          << "1e-2"
                          << "0.01";
    QTest::newRow("whole for real") << "rate"
                                    << "1"
                                    << "1";
    QTest::newRow("on") << "on"
                        << "on"
                        << "true";
    QTest::newRow("0") << "on"
                       << "0"
                       << "false";
    QTest::newRow("choice") << "kind"
                            << "b"
                            << "b";
}

void TestBase::fieldsParseText() {
    QFETCH(const QString, key);
    QFETCH(const QString, text);
    QFETCH(const QString, stored);
    Options options;
    QVERIFY(table().setText(options, key.toStdString(), text.toStdString()).ok());
    const auto* row = table().find(key.toStdString());
    QCOMPARE(QString::fromStdString(fieldText(row->get(options))), stored);
}

void TestBase::fieldsIgnoreWhatIsUnknown() {
    const auto read = table().fromJson({{"count", 4}, {"later", "x"}});
    QVERIFY(read.ok());
    QCOMPARE(read->count, 4);
    QCOMPARE(read->rate, 0.5);
    QVERIFY(!table().fromJson({{"count", "four"}}));
    QVERIFY(!table().fromJson({{"count", 40}}));
    QCOMPARE(table().fromJson({{"rate", 1}})->rate, 1.0);
    QVERIFY(table().fromJson(nlohmann::json::array())->count == 3);
}

// Reference values of SplitMix64 for the seed 1234567 (Vigna's splitmix64.c).
void TestBase::amountsInWords() {
    QCOMPARE(bytesText(0), std::string("0 bytes"));
    QCOMPARE(bytesText(999), std::string("999 bytes"));
    QCOMPARE(bytesText(1000), std::string("1.0 kB"));
    QCOMPARE(bytesText(14'210'000), std::string("14.2 MB"));
    QCOMPARE(bytesText(99'960'000), std::string("100 MB"));
    QCOMPARE(bytesText(103'400'000), std::string("103 MB"));
    QCOMPARE(bytesText(999'600'000), std::string("1.0 GB"));
    QCOMPARE(bytesText(3'200'000'000'000'000), std::string("3200 TB"));
    QCOMPARE(thousandsText(0), std::string("0"));
    QCOMPARE(thousandsText(-123), std::string("-123"));
    QCOMPARE(thousandsText(999), std::string("999"));
    QCOMPARE(thousandsText(-1234), std::string("-1,234"));
    QCOMPARE(thousandsText(1234567), std::string("1,234,567"));
}

void TestBase::rngGivesKnownValues() {
    Rng rng(1234567);
    for (const std::uint64_t expected :
         {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
          4593380528125082431ULL, 16408922859458223821ULL}) {
        QCOMPARE(rng.next(), expected);
    }
}

void TestBase::rngIsUniform() {
    Rng rng("test", {1});
    constexpr int kDraws = 200'000;
    std::vector<int> counts(10, 0);
    double sum = 0;
    double normalSum = 0;
    double normalSquares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double value = rng.uniform();
        QVERIFY(value >= 0 && value < 1);
        sum += value;
        ++counts[rng.below(10)];
        const double normal = rng.normal();
        normalSum += normal;
        normalSquares += normal * normal;
    }
    // Six standard deviations.
    QVERIFY(std::abs(sum / kDraws - 0.5) < 6 * std::sqrt(1.0 / 12 / kDraws));
    QVERIFY(std::abs(normalSum / kDraws) < 6 / std::sqrt(double(kDraws)));
    QVERIFY(std::abs(normalSquares / kDraws - 1) < 6 * std::sqrt(2.0 / kDraws));
    for (const int count : counts) {
        QVERIFY(std::abs(count - kDraws / 10) < 6 * std::sqrt(kDraws * 0.09));
    }
}

void TestBase::rngStreamsDiffer() {
    std::set<std::uint64_t> seeds;
    for (const char* name : {"augment", "shuffle", ""}) {
        for (std::uint64_t a = 0; a < 50; ++a) {
            for (std::uint64_t b = 0; b < 50; ++b) {
                seeds.insert(streamSeed(name, {a, b}));
            }
        }
    }
    QCOMPARE(seeds.size(), std::size_t(3 * 50 * 50));
    QCOMPARE(Rng("x", {1, 2}).next(), Rng("x", {1, 2}).next());
}

void TestBase::shuffleKeepsAll() {
    std::vector<int> items(1000);
    std::iota(items.begin(), items.end(), 0);
    const std::vector<int> sorted = items;
    Rng(7).shuffle(items);
    QVERIFY(items != sorted);
    std::vector<int> again = sorted;
    Rng(7).shuffle(again);
    QVERIFY(again == items);
    std::sort(items.begin(), items.end());
    QVERIFY(items == sorted);
}

// FIPS 180-4 examples.
void TestBase::sha256KnownVectors_data() {
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<QString>("digest");
    QTest::newRow("empty") << QByteArray()
                           << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    QTest::newRow("abc") << QByteArray("abc")
                         << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QTest::newRow("two blocks")
        << QByteArray("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    QTest::newRow("a million a")
        << QByteArray(1'000'000, 'a')
        << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
}

void TestBase::sha256KnownVectors() {
    QFETCH(const QByteArray, message);
    QFETCH(const QString, digest);
    QCOMPARE(QString::fromStdString(sha256Hex(message.toStdString())), digest);
    Sha256 pieces;
    for (qsizetype at = 0; at < message.size(); at += 777) {
        const QByteArray piece = message.mid(at, 777);
        pieces.add(piece.constData(), std::size_t(piece.size()));
    }
    QCOMPARE(QString::fromStdString(pieces.hex()), digest);
}

void TestBase::sha256OfAFile() {
    const QTemporaryDir folder;
    QFile file(folder.filePath("a"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(QByteArray(1'000'000, 'a')), 1'000'000);
    file.close();
    const auto digest = sha256File(folder.filePath("a").toStdString());
    QVERIFY(digest.ok());
    QVERIFY(*digest == sha256Hex(std::string(1'000'000, 'a')));
    QVERIFY(sha256File(folder.filePath("b").toStdString()).error().code == ErrorCode::NotFound);
}

void TestBase::controlStopsARunningThread() {
    RunControl control;
    std::atomic<std::int64_t> steps{0};
    std::thread run([&] {
        while (control.mayStep()) {
            ++steps;
        }
    });
    while (steps < 100) {
        std::this_thread::yield();
    }
    control.requestStop();
    run.join();
    QVERIFY(control.stopRequested());
    QVERIFY(!control.mayStep());
}

void TestBase::controlPausesAndGivesSteps() {
    RunControl control;
    control.requestPause();
    std::atomic<std::int64_t> steps{0};
    std::atomic<std::int64_t> rests{0};
    std::thread run([&] {
        while (!control.stopRequested()) {
            if (control.mayStep()) {
                ++steps;
            } else {
                ++rests;
                control.waitWhilePaused();
            }
        }
    });
    const auto reaches = [](const std::atomic<std::int64_t>& value, std::int64_t wanted) {
        QElapsedTimer deadline;
        deadline.start();
        while (value < wanted && deadline.elapsed() < 30'000) {
            std::this_thread::yield();
        }
        return value >= wanted;
    };
    QVERIFY(reaches(rests, 1));
    QCOMPARE(steps.load(), 0);
    control.runSteps(5);
    QVERIFY(reaches(rests, 2));
    QCOMPARE(steps.load(), 5);
    QVERIFY(control.pauseRequested());
    control.resume();
    QVERIFY(reaches(steps, 1000));
    control.requestPause();
    QVERIFY(reaches(rests, 3));
    const std::int64_t held = steps;
    control.runSteps(1);
    QVERIFY(reaches(rests, 4));
    QCOMPARE(steps.load(), held + 1);
    control.requestStop();
    run.join();
}

void TestBase::controlWakesAPausedThread() {
    RunControl control;
    control.requestPause();
    auto woken = std::async(std::launch::async, [&] {
        control.waitWhilePaused();
        return control.pauseRequested();
    });
    control.wake();
    QVERIFY(woken.wait_for(std::chrono::seconds(30)) == std::future_status::ready);
    QVERIFY(woken.get());
    auto stopped = std::async(std::launch::async, [&] { control.waitWhilePaused(); });
    control.requestStop();
    QVERIFY(stopped.wait_for(std::chrono::seconds(30)) == std::future_status::ready);
    control.waitWhilePaused();  // after a stop it does not block
}

void TestBase::controlCancelsProgress() {
    RunControl control;
    Progress early;
    control.cancelOnStop(&early);
    QVERIFY(early.checkpoint().ok());
    control.requestStop();
    QVERIFY(early.checkpoint().error().code == ErrorCode::Cancelled);
    Progress late;
    control.cancelOnStop(&late);
    QVERIFY(late.cancelled());
    control.cancelOnStop(nullptr);
    early.set(3, 7);
    early.setText("Counting");
    QCOMPARE(early.state().done, 3);
    QCOMPARE(early.state().total, 7);
    QVERIFY(early.state().text == "Counting");
}

void TestBase::mailboxKeepsOrder() {
    Mailbox<int> mailbox;
    constexpr int kCount = 20'000;
    std::thread writer([&] {
        for (int i = 0; i < kCount; ++i) {
            mailbox.post(i);
        }
    });
    int next = 0;
    while (next < kCount) {
        for (const int message : mailbox.takeAll()) {
            if (message != next++) {
                next = kCount + 1;
            }
        }
    }
    writer.join();
    QCOMPARE(next, kCount);
    QVERIFY(mailbox.empty());
}

void TestBase::snapshotNewestWins() {
    SnapshotCell<int> cell;
    QVERIFY(!cell.latest());
    std::thread writer([&] {
        for (int i = 1; i <= 20'000; ++i) {
            cell.publish(i);
        }
    });
    int last = 0;
    bool ordered = true;
    while (last < 20'000) {
        const auto value = cell.latest();
        ordered = ordered && (!value || *value >= last);
        last = value ? *value : 0;
    }
    writer.join();
    QVERIFY(ordered);
}

void TestBase::machineTellsPlausibleFigures() {
    QVERIFY(hardwareThreads() >= 1);
    QVERIFY(availableMemory() > 1'000'000);
    QVERIFY(freeDiskSpace("/") > 0);
    QCOMPARE(freeDiskSpace("/no such folder"), std::uint64_t(0));
    const auto now = QDateTime::fromString(QString::fromStdString(utcNow()), Qt::ISODate).toUTC();
    QVERIFY(now.isValid());
    QVERIFY(std::abs(now.secsTo(QDateTime::currentDateTimeUtc())) < 60);
}

QTEST_GUILESS_MAIN(TestBase)
#include "tst_base.moc"
