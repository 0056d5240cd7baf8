// Jobs report in the window's thread; a newer one replaces or follows the one that runs.
#include "ui/bridge/job_bridge.h"

#include <QSignalSpy>
#include <QThread>
#include <QtTest>

#include <atomic>

using namespace graft;
using graft::ui::JobBridge;

class TestJobBridge : public QObject {
    Q_OBJECT

    static JobBridge::Start<int> answering(int value) {
        return [value] {
            return Job<int>::start([value](Progress&) -> Result<int> { return value; });
        };
    }
    /// Runs until it is cancelled or `release` is set.
    static JobBridge::Start<int> waiting(std::shared_ptr<std::atomic<bool>> release, int value) {
        return [release, value] {
            return Job<int>::start([release, value](Progress& progress) -> Result<int> {
                while (!*release) {
                    GRAFT_CHECK(progress.checkpoint());
                    progress.set(1, 2);
                    QThread::yieldCurrentThread();
                }
                return value;
            });
        };
    }

 private Q_SLOTS:
    void delivers() {
        JobBridge bridge;
        QSignalSpy active(&bridge, &JobBridge::activeChanged);
        int got = 0;
        QThread* where = nullptr;
        bridge.run<int>(answering(5), [&](Result<int> result) {
            got = *result;
            where = QThread::currentThread();
        });
        QVERIFY(bridge.isActive());
        QTRY_COMPARE(got, 5);
        QCOMPARE(where, QThread::currentThread());
        QVERIFY(!bridge.isActive());
        QCOMPARE(active.count(), 2);
    }
    void chainStaysActive() {
        JobBridge bridge;
        QSignalSpy active(&bridge, &JobBridge::activeChanged);
        int got = 0;
        bridge.run<int>(answering(1), [&](Result<int>) {
            bridge.run<int>(answering(2), [&](Result<int> second) { got = *second; });
        });
        QTRY_COMPARE(got, 2);
        QCOMPARE(active.count(), 2);  // on and off once, nothing between the links
    }
    void replaces() {
        JobBridge bridge;
        auto never = std::make_shared<std::atomic<bool>>(false);
        bool first = false;
        int second = 0;
        bridge.run<int>(waiting(never, 1), [&](Result<int>) { first = true; });
        bridge.run<int>(answering(2), [&](Result<int> result) { second = *result; });
        QTRY_COMPARE(second, 2);
        QVERIFY(!first);
    }
    void latest() {
        JobBridge bridge;
        auto release = std::make_shared<std::atomic<bool>>(false);
        std::vector<int> seen;
        const auto note = [&](Result<int> result) { seen.push_back(*result); };
        bridge.runLatest<int>(waiting(release, 1), note);
        bridge.runLatest<int>(answering(2), note);
        bridge.runLatest<int>(answering(3), note);
        *release = true;
        QTRY_COMPARE(seen.size(), std::size_t(2));
        QCOMPARE(seen, (std::vector<int>{1, 3}));
    }
    void cancels() {
        JobBridge bridge;
        auto never = std::make_shared<std::atomic<bool>>(false);
        ErrorCode code = ErrorCode::Internal;
        bridge.run<int>(waiting(never, 1), [&](Result<int> result) { code = result.error().code; });
        QSignalSpy progress(&bridge, &JobBridge::progressChanged);
        QTRY_VERIFY(progress.count() > 0);
        bridge.cancel();
        QTRY_COMPARE(code, ErrorCode::Cancelled);
    }
    void destroyedWhileRunning() {
        auto never = std::make_shared<std::atomic<bool>>(false);
        bool told = false;
        {
            JobBridge bridge;
            bridge.run<int>(waiting(never, 1), [&](Result<int>) { told = true; });
        }
        QVERIFY(!told);
    }
    void destroyedByItsResult() {
        auto* bridge = new JobBridge;
        bool gone = false;
        connect(bridge, &QObject::destroyed, this, [&] { gone = true; });
        bridge->run<int>(answering(1), [bridge](Result<int>) { delete bridge; });
        QTRY_VERIFY(gone);
    }
    void exceptionBecomesError() {
        JobBridge bridge;
        std::string message;
        bridge.run<int>(
            [] {
                return Job<int>::start(
                    [](Progress&) -> Result<int> { throw std::runtime_error("boom"); });
            },
            [&](Result<int> result) { message = result.error().detail; });
        QTRY_COMPARE(message, std::string("boom"));
    }
};

QTEST_GUILESS_MAIN(TestJobBridge)
#include "tst_job_bridge.moc"
