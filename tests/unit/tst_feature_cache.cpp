// The feature cache as bytes: bounds, eviction, torn and foreign files, a full disk, sharing.
#include "core/train/feature_cache.h"
#include "core/train/feature_file.h"
#include "tests/support/fail_io.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>
#include <fstream>

using namespace graft;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kRowBytes = 1000;
constexpr std::uint64_t kMuch = 1u << 30;

std::string keyOf(int number) {
    const std::string digits = std::to_string(number);
    return std::string(64 - digits.size(), '0') + digits;
}

// Ten pictures, of which the third could not be read.
std::shared_ptr<const FeatureBlock> blockOf(int number) {
    auto block = std::make_shared<FeatureBlock>();
    block->rowBytes = kRowBytes;
    for (std::uint32_t place = 0; place < 10; ++place) {
        if (place == 2) {
            continue;
        }
        block->places.push_back(place);
        for (std::uint64_t i = 0; i < kRowBytes; ++i) {
            block->bytes.push_back(char(std::uint64_t(number) * 31 + place * 7 + i * i));
        }
    }
    return block;
}

bool rowIsRight(FeatureCache& cache, int number, std::uint32_t place) {
    std::vector<char> row(kRowBytes);
    if (cache.row(keyOf(number), place, kRowBytes, row.data()) != FeatureCache::Row::Copied) {
        return false;
    }
    const auto block = blockOf(number);
    const std::size_t index = place < 2 ? place : place - 1;
    return std::equal(row.begin(), row.end(),
                      block->bytes.begin() + std::ptrdiff_t(index * kRowBytes));
}

bool allRight(FeatureCache& cache, int number) {
    for (const std::uint32_t place : {0u, 1u, 3u, 9u}) {
        if (!rowIsRight(cache, number, place)) {
            return false;
        }
    }
    std::vector<char> row(kRowBytes);
    return cache.row(keyOf(number), 2, kRowBytes, row.data()) == FeatureCache::Row::Unread;
}

void age(const fs::path& file, int minutes) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::minutes(minutes));
}

}  // namespace

class TestFeatureCache : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void init() {
        m_folder = m_dir.filePath(QString::number(++m_number)).toStdString();
    }

    void memoryAlone() {
        FeatureCache cache({"", kMuch, kMuch});
        QVERIFY(!cache.has(keyOf(1)));
        QVERIFY(cache.insert(keyOf(1), blockOf(1)));
        QVERIFY(cache.has(keyOf(1)));
        QVERIFY(allRight(cache, 1));
        QCOMPARE(cache.memoryUsed(), 9 * kRowBytes);
        QCOMPARE(cache.diskUsed(), 0u);
    }

    void anotherObjectFindsItOnTheDisk() {
        {
            FeatureCache cache({m_folder, kMuch, kMuch});
            for (int i = 0; i < 5; ++i) {
                QVERIFY(cache.insert(keyOf(i), blockOf(i)));
            }
        }
        for (const std::uint64_t memory : {std::uint64_t(0), kMuch}) {
            FeatureCache cache({m_folder, memory, kMuch});
            QCOMPARE(cache.diskUsed(), featureFolder(m_folder).bytes);
            for (int i = 4; i >= 0; --i) {
                QVERIFY(cache.has(keyOf(i)));
                QVERIFY(allRight(cache, i));
                const auto whole = cache.block(keyOf(i));
                QVERIFY(whole && whole->bytes == blockOf(i)->bytes &&
                        whole->places == blockOf(i)->places);
            }
            QVERIFY(!cache.has(keyOf(5)));
            QCOMPARE(cache.memoryUsed() > 0, memory > 0);
        }
    }

    void memoryKeepsWhatIsInUse() {
        FeatureCache cache({"", 2 * 9 * kRowBytes, 0});
        QVERIFY(cache.insert(keyOf(1), blockOf(1)));
        QVERIFY(cache.insert(keyOf(2), blockOf(2)));
        QVERIFY(!cache.insert(keyOf(3), blockOf(3)));  // no room, and nothing is thrown out for it
        QVERIFY(cache.has(keyOf(1)) && cache.has(keyOf(2)) && !cache.has(keyOf(3)));
        cache.beginUse();
        QVERIFY(cache.has(keyOf(1)));                 // used again
        QVERIFY(cache.insert(keyOf(3), blockOf(3)));  // in place of 2
        QVERIFY(cache.has(keyOf(1)) && !cache.has(keyOf(2)) && cache.has(keyOf(3)));
        QVERIFY(!cache.insert(keyOf(4), blockOf(4)));
        QVERIFY(cache.memoryUsed() <= 2 * 9 * kRowBytes);
    }

    void diskThrowsOutTheOldest() {
        const std::uint64_t fileBytes = featureFileBytes(*blockOf(0), keyOf(0));
        const std::uint64_t bound = 10 * fileBytes + 100;
        {
            FeatureCache before({m_folder, 0, bound});
            for (int i = 0; i < 10; ++i) {
                QVERIFY(before.insert(keyOf(i), blockOf(i)));
                age(fs::path(m_folder) / (keyOf(i) + ".features"), 100 - i);
            }
            QVERIFY(!before.insert(keyOf(50), blockOf(50)));  // all ten are in use
        }
        FeatureCache cache({m_folder, 0, bound});
        QVERIFY(cache.has(keyOf(0)));  // the oldest is wanted again
        for (int i = 10; i < 14; ++i) {
            QVERIFY(cache.insert(keyOf(i), blockOf(i)));
            QVERIFY(featureFolder(m_folder).bytes <= bound);
        }
        QVERIFY(allRight(cache, 0));
        for (int i = 10; i < 14; ++i) {
            QVERIFY(allRight(cache, i));
        }
        FeatureCache after({m_folder, 0, bound});
        for (int i = 1; i <= 4; ++i) {
            QVERIFY2(!after.has(keyOf(i)), qPrintable(QString::number(i)));
        }
        QVERIFY(after.has(keyOf(9)));  // the newest of before is there still
    }

    void tornAndAlteredFilesAreNotBelieved() {
        const std::string path = (fs::path(m_folder) / (keyOf(7) + ".features")).string();
        std::string whole;
        {
            FeatureCache cache({m_folder, 0, kMuch});
            QVERIFY(cache.insert(keyOf(7), blockOf(7)));
            std::ifstream in(path, std::ios::binary);
            whole.assign(std::istreambuf_iterator<char>(in), {});
        }
        QCOMPARE(whole.size(), featureFileBytes(*blockOf(7), keyOf(7)));
        const auto isBelieved = [&](const std::string& content) {
            std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
            FeatureCache cache({m_folder, kMuch, kMuch});
            return cache.has(keyOf(7));
        };
        QVERIFY(isBelieved(whole));
        for (std::size_t length = 0; length < whole.size(); length += 61) {
            QVERIFY2(!isBelieved(whole.substr(0, length)), qPrintable(QString::number(length)));
            std::string zeros = whole;  // what a power failure leaves of a file that was not synced
            std::fill(zeros.begin() + std::ptrdiff_t(length), zeros.end(), '\0');
            QVERIFY2(!isBelieved(zeros), qPrintable(QString::number(length)));
        }
        for (std::size_t at = 0; at < whole.size(); at += 13) {
            std::string altered = whole;
            altered[at] = char(altered[at] ^ 0x10);
            QVERIFY2(!isBelieved(altered), qPrintable(QString::number(at)));
        }
        // It is simply made again.
        FeatureCache cache({m_folder, 0, kMuch});
        QVERIFY(!cache.has(keyOf(7)));
        QVERIFY(cache.insert(keyOf(7), blockOf(7)));
        QVERIFY(allRight(cache, 7));
    }

    void aFileUnderAnotherNameIsNotBelieved() {
        FeatureCache cache({m_folder, 0, kMuch});
        QVERIFY(cache.insert(keyOf(1), blockOf(1)));
        fs::copy_file(fs::path(m_folder) / (keyOf(1) + ".features"),
                      fs::path(m_folder) / (keyOf(2) + ".features"));
        QVERIFY(!cache.has(keyOf(2)));
    }

    void changesUnderAnOpenCacheAreNoticed() {
        FeatureCache cache({m_folder, 0, kMuch});
        for (int i = 1; i <= 3; ++i) {
            QVERIFY(cache.insert(keyOf(i), blockOf(i)));
        }
        const auto file = [&](int i) { return fs::path(m_folder) / (keyOf(i) + ".features"); };
        fs::resize_file(file(1), fs::file_size(file(1)) - 5);  // the last row is torn
        std::vector<char> row(kRowBytes);
        QVERIFY(rowIsRight(cache, 1, 0));
        QVERIFY(cache.row(keyOf(1), 9, kRowBytes, row.data()) == FeatureCache::Row::Missing);
        {
            std::fstream altered(file(2), std::ios::in | std::ios::out | std::ios::binary);
            altered.seekp(-3, std::ios::end);
            altered.put('x');
        }
        QVERIFY(cache.row(keyOf(2), 9, kRowBytes, row.data()) == FeatureCache::Row::Missing);
        QVERIFY(clearFeatureFolder(m_folder).ok());
        QCOMPARE(featureFolder(m_folder).files, 0);
        QVERIFY(cache.row(keyOf(3), 0, kRowBytes, row.data()) == FeatureCache::Row::Missing);
        QVERIFY(!cache.has(keyOf(3)));
        QVERIFY(cache.insert(keyOf(3), blockOf(3)));
        QVERIFY(allRight(cache, 3));
    }

    void twoObjectsShareAFolder() {
        FeatureCache one({m_folder, 0, kMuch});
        FeatureCache two({m_folder, 0, kMuch});
        for (int i = 0; i < 20; ++i) {
            QVERIFY((i % 3 ? one : two).insert(keyOf(i), blockOf(i)));
            QVERIFY((i % 2 ? one : two).insert(keyOf(i), blockOf(i)));  // both made it
        }
        for (int i = 0; i < 20; ++i) {
            QVERIFY(one.has(keyOf(i)) && allRight(one, i));
            QVERIFY(two.has(keyOf(i)) && allRight(two, i));
        }
        QCOMPARE(featureFolder(m_folder).files, 20);
    }

    void leftoversOfAKilledProcessGo() {
        fs::create_directories(m_folder);
        const fs::path old = fs::path(m_folder) / (keyOf(1) + ".features.tmp123-0");
        const fs::path fresh = fs::path(m_folder) / (keyOf(2) + ".features.tmp124-0");
        const fs::path foreign = fs::path(m_folder) / "notes.txt";
        for (const fs::path& path : {old, fresh, foreign}) {
            std::ofstream(path) << "half";
        }
        age(old, 60);
        age(foreign, 60);
        const FeatureCache cache({m_folder, 0, kMuch});
        QVERIFY(!fs::exists(old));
        QVERIFY(fs::exists(fresh));  // someone may be writing it
        QVERIFY(clearFeatureFolder(m_folder).ok());
        QVERIFY(!fs::exists(fresh));
        QVERIFY(fs::exists(foreign));  // not ours
    }

    void fullDiskOnlyEndsTheDiskPart() {
        if (!testing::failIoLoaded()) {
            QSKIP("runs with the preloaded library that makes calls fail");
        }
        int failing = 0;
        for (long call = 1;; ++call) {
            const std::string folder = m_folder + "-" + std::to_string(call);
            FeatureCache cache({folder, kMuch, kMuch});
            QVERIFY(cache.insert(keyOf(1), blockOf(1)));
            testing::armFailIo(folder, call, ENOSPC, true);
            QVERIFY(cache.insert(keyOf(2), blockOf(2)));
            const long failed = testing::disarmFailIo();
            if (failed == 0) {
                break;
            }
            ++failing;
            const auto problem = cache.takeDiskProblem();
            QVERIFY(problem.has_value());
            QVERIFY(problem->code == ErrorCode::DiskFull);
            QVERIFY(!cache.takeDiskProblem());
            QVERIFY(cache.insert(keyOf(3), blockOf(3)));  // in memory; the disk is left alone
            QVERIFY(allRight(cache, 1) && allRight(cache, 2) && allRight(cache, 3));
            QCOMPARE(featureFolder(folder).files, 1);
        }
        QVERIFY2(failing >= 4, qPrintable(QString::number(failing)));
    }

  private:
    QTemporaryDir m_dir;
    std::string m_folder;
    int m_number = 0;
};

QTEST_GUILESS_MAIN(TestFeatureCache)
#include "tst_feature_cache.moc"
