// Threads and memory that the process may use: control groups as the kernel writes them (made-up
// folders in the layout of its documentation) and the real limits of a child process.
#include "core/base/machine.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QtTest>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

using namespace graft;

namespace {

constexpr std::uint64_t kMega = 1 << 20;

// What `work` returns (0..255) in a child of its own, whose limits may be changed; -1 if it crashed.
int inChild(const std::function<int()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(work());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

class TestMachine : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    QString m_root;
    int m_number = 0;

    void write(const QString& path, const QByteArray& text) const {
        const QString full = m_root + path;
        QVERIFY(QDir().mkpath(QFileInfo(full).path()));
        QFile file(full);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text + "\n");
    }
    GroupLimits limits() const { return controlGroupLimits(m_root.toStdString()); }

 private Q_SLOTS:
    void init() { m_root = m_dir.filePath(QString::number(++m_number)); }

    void noGroupsMeanNoLimits() {
        QVERIFY(!limits().cpus);
        QVERIFY(!limits().memoryLeft);
        write("/proc/self/cgroup", "0::/user.slice");
        write("/sys/fs/cgroup/user.slice/cpu.max", "max 100000");
        write("/sys/fs/cgroup/user.slice/memory.max", "max");
        write("/sys/fs/cgroup/user.slice/memory.current", "123");
        QVERIFY(!limits().cpus);
        QVERIFY(!limits().memoryLeft);
    }

    void versionTwo() {
        write("/proc/self/cgroup", "0::/app.slice/graft.scope");
        const QString scope = "/sys/fs/cgroup/app.slice/graft.scope";
        write(scope + "/cpu.max", "150000 100000");
        write(scope + "/memory.max", QByteArray::number(1000 * kMega));
        write(scope + "/memory.current", QByteArray::number(700 * kMega));
        write(scope + "/memory.stat",
              "anon 1\nfile 2\ninactive_file " + QByteArray::number(200 * kMega));
        QCOMPARE(*limits().cpus, 1.5);
        QCOMPARE(*limits().memoryLeft, 500 * kMega);
        // A group around it that is tighter counts.
        write("/sys/fs/cgroup/app.slice/memory.max", QByteArray::number(900 * kMega));
        write("/sys/fs/cgroup/app.slice/memory.current", QByteArray::number(880 * kMega));
        write("/sys/fs/cgroup/app.slice/cpu.max", "50000 100000");
        QCOMPARE(*limits().cpus, 0.5);
        QCOMPARE(*limits().memoryLeft, 20 * kMega);
        // Used beyond the limit: nothing is left, rather than nearly everything.
        write("/sys/fs/cgroup/app.slice/memory.current", QByteArray::number(950 * kMega));
        QCOMPARE(*limits().memoryLeft, std::uint64_t(0));
    }

    // A container whose groups are mounted at the root while the path is that of the host.
    void containerSeesOnlyItsMount() {
        write("/proc/self/cgroup", "0::/system.slice/docker-3fa.scope");
        write("/sys/fs/cgroup/cpu.max", "200000 100000");
        write("/sys/fs/cgroup/memory.max", QByteArray::number(512 * kMega));
        write("/sys/fs/cgroup/memory.current", QByteArray::number(112 * kMega));
        QCOMPARE(*limits().cpus, 2.0);
        QCOMPARE(*limits().memoryLeft, 400 * kMega);
    }

    void versionOne() {
        write("/proc/self/cgroup",
              "9:name=systemd:/\n4:memory:/batch/job7\n1:cpu,cpuacct:/batch\n0::/");
        const QString memory = "/sys/fs/cgroup/memory/batch/job7";
        write(memory + "/memory.limit_in_bytes", QByteArray::number(300 * kMega));
        write(memory + "/memory.usage_in_bytes", QByteArray::number(250 * kMega));
        write(memory + "/memory.stat",
              "cache 1\ntotal_inactive_file " + QByteArray::number(50 * kMega));
        write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1");
        write("/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us", "25000");
        write("/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us", "50000");
        write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1");
        write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
        QCOMPARE(*limits().cpus, 0.5);
        QCOMPARE(*limits().memoryLeft, 100 * kMega);
    }

    void threadsFollowTheAllowedCores() {
        const int all = hardwareThreads();
        QVERIFY(all >= 1);
        const int pinned = inChild([] {
            cpu_set_t mine;
            sched_getaffinity(0, sizeof mine, &mine);
            int first = 0;
            while (!CPU_ISSET(first, &mine)) {
                ++first;
            }
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(first, &one);
            sched_setaffinity(0, sizeof one, &one);
            return hardwareThreads();
        });
        QCOMPARE(pinned, 1);
    }

    void addressSpaceLimitCounts() {
        QVERIFY(availableMemory() > kMega);
        QVERIFY(residentMemory() > kMega);
        const int megabytes = inChild([] {
            // The end of the address space is 100 MB away, besides what threads take.
            QFile statm("/proc/self/statm");
            if (!statm.open(QIODevice::ReadOnly)) {
                return 255;
            }
            const auto used = statm.readAll().split(' ').first().toULongLong() *
                              std::uint64_t(sysconf(_SC_PAGESIZE));
            const auto arenas = (std::uint64_t(128) << 20) * std::uint64_t(hardwareThreads());
            const rlimit limit{used + arenas + 100 * kMega, used + arenas + 100 * kMega};
            setrlimit(RLIMIT_AS, &limit);
            return int(std::min<std::uint64_t>(255, availableMemory() / kMega));
        });
        QVERIFY2(megabytes > 80 && megabytes <= 100, qPrintable(QString::number(megabytes)));
    }

    void waitingForACoreIsCounted() {
        if (!QFile::exists("/proc/self/schedstat")) {
            QSKIP("this kernel does not count it");
        }
        const double before = secondsWithoutCore();
        std::atomic<bool> stop = false;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3 * hardwareThreads(); ++i) {
            threads.emplace_back([&stop] {
                while (!stop) {
                }
            });
        }
        QTest::qSleep(500);
        const double during = secondsWithoutCore() - before;  // two of three wait at any time
        stop = true;
        for (std::thread& thread : threads) {
            thread.join();
        }
        QVERIFY2(during > 0.25 * hardwareThreads(), qPrintable(QString::number(during)));
    }

    void lowPriorityIsOfTheThreadAndItsChildren() {
        const auto nice = [] { return getpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid))); };
        const int before = nice();
        int own = 0;
        int child = 0;
        std::thread worker([&] {
            lowerThreadPriority();
            own = nice();
            std::thread([&] { child = nice(); }).join();
        });
        worker.join();
        QVERIFY(own > before || before >= 10);
        QCOMPARE(child, own);
        QCOMPARE(nice(), before);
    }
};

QTEST_GUILESS_MAIN(TestMachine)
#include "tst_machine.moc"
