// AtomicFile: the new content whole or the old one untouched, and sentences for what went wrong.
// Failures at each call are in tst_faults.
#include "core/base/atomic_file.h"

#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>

using namespace graft;

class TestAtomicFile : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->filePath("file ä.bin").toStdString();
    }

    void writesAndReadsBack_data();
    void writesAndReadsBack();
    void writesInPieces();
    void withoutCommitTheOldFileStays();
    void movedObjectStillCommits();
    void twoWritersDoNotMix();
    void namesTheFileThatCannotBeWritten();
    void sentencesByErrno_data();
    void sentencesByErrno();
    void readsOnlyFilesUpToTheLimit();

 private:
    std::size_t filesInFolder() const {
        return std::size_t(
            QDir(m_folder->path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot).size());
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::string m_path;
};

void TestAtomicFile::writesAndReadsBack_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("hello\n");
    QTest::newRow("bytes") << QByteArray("\0\xff\n\r\0", 5);
    QTest::newRow("five megabytes") << QByteArray(5 << 20, 'x');
}

void TestAtomicFile::writesAndReadsBack() {
    QFETCH(const QByteArray, content);
    QVERIFY(writeFileAtomically(m_path, "before").ok());
    QVERIFY(writeFileAtomically(m_path, content.toStdString()).ok());
    const auto read = readWholeFile(m_path, 100 << 20);
    QVERIFY(read.ok());
    QVERIFY(*read == content.toStdString());
    QCOMPARE(filesInFolder(), std::size_t(1));
}

void TestAtomicFile::writesInPieces() {
    auto file = AtomicFile::create(m_path);
    QVERIFY(file.ok());
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string piece = std::to_string(i) + ",";
        QVERIFY(file->write(piece).ok());
        expected += piece;
    }
    QVERIFY(!QFile::exists(QString::fromStdString(m_path)));
    QVERIFY(file->commit().ok());
    QVERIFY(*readWholeFile(m_path, 1 << 20) == expected);
}

void TestAtomicFile::withoutCommitTheOldFileStays() {
    QVERIFY(writeFileAtomically(m_path, "old").ok());
    {
        auto file = AtomicFile::create(m_path);
        QVERIFY(file->write("new").ok());
        QCOMPARE(filesInFolder(), std::size_t(2));
    }
    QVERIFY(*readWholeFile(m_path, 100) == "old");
    QCOMPARE(filesInFolder(), std::size_t(1));
}

void TestAtomicFile::movedObjectStillCommits() {
    auto file = AtomicFile::create(m_path);
    QVERIFY(file->write("one ").ok());
    {
        AtomicFile moved = std::move(*file);
        QVERIFY(moved.write("two").ok());
        QVERIFY(moved.commit().ok());
    }
    QVERIFY(*readWholeFile(m_path, 100) == "one two");
    QCOMPARE(filesInFolder(), std::size_t(1));
}

// Two writers of one file do not mix: the later commit wins whole.
void TestAtomicFile::twoWritersDoNotMix() {
    auto first = AtomicFile::create(m_path);
    auto second = AtomicFile::create(m_path);
    QVERIFY(first.ok() && second.ok());
    QVERIFY(first->write("first").ok());
    QVERIFY(second->write("second one").ok());
    QVERIFY(second->commit().ok());
    QVERIFY(first->commit().ok());
    QVERIFY(*readWholeFile(m_path, 100) == "first");
    QCOMPARE(filesInFolder(), std::size_t(1));
}

void TestAtomicFile::namesTheFileThatCannotBeWritten() {
    const std::string inside = m_folder->filePath("missing/file").toStdString();
    const auto file = AtomicFile::create(inside);
    QVERIFY(!file);
    QVERIFY(file.error().code == ErrorCode::NotFound);
    QVERIFY(file.error().message.find(inside) != std::string::npos);
    // A folder cannot be replaced by a file.
    QVERIFY(QDir().mkdir(m_folder->filePath("folder")));
    const Status status = writeFileAtomically(m_folder->filePath("folder").toStdString(), "x");
    QVERIFY(!status);
    QVERIFY(!status.error().message.empty());
    QCOMPARE(filesInFolder(), std::size_t(1));
}

void TestAtomicFile::sentencesByErrno_data() {
    QTest::addColumn<int>("value");
    QTest::addColumn<int>("code");
    QTest::newRow("full") << ENOSPC << int(ErrorCode::DiskFull);
    QTest::newRow("quota") << EDQUOT << int(ErrorCode::DiskFull);
    QTest::newRow("access") << EACCES << int(ErrorCode::PermissionDenied);
    QTest::newRow("read-only drive") << EROFS << int(ErrorCode::PermissionDenied);
    QTest::newRow("missing") << ENOENT << int(ErrorCode::NotFound);
    QTest::newRow("bad drive") << EIO << int(ErrorCode::Io);
}

void TestAtomicFile::sentencesByErrno() {
    QFETCH(const int, value);
    QFETCH(const int, code);
    const Error error = fileError(value, m_path, "write", 3'000'000);
    QCOMPARE(int(error.code), code);
    QVERIFY(error.message.find(m_path) != std::string::npos);
    QVERIFY(error.message.ends_with("."));
    QVERIFY(!error.hint.empty());
    QVERIFY(error.detail.starts_with("write: "));
    if (error.code == ErrorCode::DiskFull) {
        QVERIFY(error.message.find("3.0 MB needed") != std::string::npos);
        QVERIFY(error.message.find(" free") != std::string::npos);
    }
}

void TestAtomicFile::readsOnlyFilesUpToTheLimit() {
    QVERIFY(writeFileAtomically(m_path, std::string(1000, 'x')).ok());
    QVERIFY(readWholeFile(m_path, 1000).ok());
    QVERIFY(readWholeFile(m_path, 999).error().code == ErrorCode::TooLarge);
    QVERIFY(readWholeFile(m_path + "?", 999).error().code == ErrorCode::NotFound);
    QVERIFY(readWholeFile(m_folder->path().toStdString(), 999).error().code ==
            ErrorCode::BadFormat);
}

QTEST_GUILESS_MAIN(TestAtomicFile)
#include "tst_atomic_file.moc"
