// Unpacking archives that others made: what is inside comes out, damaged or hostile ones leave
// nothing behind.
#include "core/base/atomic_file.h"
#include "core/data/archive.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>

using namespace graft;
namespace fs = std::filesystem;

class ArchiveTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void init();
    void whatIsInsideComesOut_data();
    void whatIsInsideComesOut();
    void linksAreLeftOut();
    void nothingLiesOutside_data();
    void nothingLiesOutside();
    void damagedLeavesNothing();
    void errors();
    void cancelled();

 private:
    /// Python's tarfile and zipfile write what they are told, hostile names too.
    bool python(const QString& code);
    bool nothingThere() const;

    QTemporaryDir m_dir;
    std::string m_folder;
    int m_number = 0;
};

void ArchiveTest::initTestCase() {
    QVERIFY(m_dir.isValid());
    if (!python("pass")) {
        QSKIP("python3 is not there to make archives with");
    }
}

void ArchiveTest::init() {
    m_folder = m_dir.filePath(QString("out%1/data").arg(++m_number)).toStdString();
    fs::create_directories(fs::path(m_folder).parent_path());
}

bool ArchiveTest::python(const QString& code) {
    const QString prelude =
        "import io, os, tarfile, zipfile\n"
        "def entry(t, name, data, **more):\n"
        "    i = tarfile.TarInfo(name)\n"
        "    i.size = len(data)\n"
        "    for k, v in more.items(): setattr(i, k, v)\n"
        "    t.addfile(i, io.BytesIO(data))\n";
    QProcess process;
    process.setWorkingDirectory(m_dir.path());
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start("/usr/bin/python3", {"-c", prelude + code});
    return process.waitForFinished(60000) && process.exitCode() == 0;
}

bool ArchiveTest::nothingThere() const {
    return fs::is_empty(fs::path(m_folder).parent_path());
}

void ArchiveTest::whatIsInsideComesOut_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("mode");
    QTest::newRow("tar") << "a.tar" << "w";
    QTest::newRow("tar.gz") << "a.tar.gz" << "w:gz";
    QTest::newRow("tar.xz") << "a.tar.xz" << "w:xz";
    QTest::newRow("zip") << "a.zip" << "";
}

void ArchiveTest::whatIsInsideComesOut() {
    QFETCH(QString, name);
    QFETCH(QString, mode);
    const QString code =
        mode.isEmpty()
            ? QString("z = zipfile.ZipFile('%1', 'w', zipfile.ZIP_DEFLATED)\n"
                      "z.writestr('top/cats/1.jpg', bytes(range(256)) * 5000)\n"
                      "z.writestr('top/dogs/2.jpg', b'')\n"
                      "z.close()\n").arg(name)
            : QString("t = tarfile.open('%1', '%2')\n"
                      "entry(t, 'top/cats', b'', type=tarfile.DIRTYPE)\n"
                      "entry(t, 'top/cats/1.jpg', bytes(range(256)) * 5000)\n"
                      "entry(t, './top/dogs/2.jpg', b'')\n"
                      "t.close()\n").arg(name, mode);
    QVERIFY(python(code));
    const std::string path = m_dir.filePath(name).toStdString();
    QVERIFY(looksLikeArchive(path));
    Progress progress;
    const Status done = unpackArchive(path, m_folder, progress);
    QVERIFY2(done.ok(), done ? "" : done.error().text().c_str());
    const auto bytes = readWholeFile(m_folder + "/top/cats/1.jpg", 1u << 24);
    QVERIFY(bytes.ok());
    QCOMPARE(bytes->size(), std::size_t(256 * 5000));
    for (std::size_t i = 0; i < bytes->size(); i += 4099) {
        QCOMPARE(int(static_cast<unsigned char>((*bytes)[i])), int(i % 256));
    }
    QCOMPARE(fs::file_size(m_folder + "/top/dogs/2.jpg"), std::uintmax_t(0));
    // Nothing else, and no second time over it.
    QCOMPARE(std::distance(fs::recursive_directory_iterator(m_folder), {}), std::ptrdiff_t(5));
    QVERIFY(unpackArchive(path, m_folder, progress).error().code == ErrorCode::InvalidArgument);
}

void ArchiveTest::linksAreLeftOut() {
    QVERIFY(python("t = tarfile.open('links.tar', 'w')\n"
                   "entry(t, 'a/1.jpg', b'x')\n"
                   "entry(t, 'a/link', b'', type=tarfile.SYMTYPE, linkname='/etc/passwd')\n"
                   "entry(t, 'a/hard', b'', type=tarfile.LNKTYPE, linkname='a/1.jpg')\n"
                   "entry(t, 'a/fifo', b'', type=tarfile.FIFOTYPE)\n"
                   "t.close()\n"));
    Progress progress;
    QVERIFY(unpackArchive(m_dir.filePath("links.tar").toStdString(), m_folder, progress).ok());
    QCOMPARE(std::distance(fs::recursive_directory_iterator(m_folder), {}), std::ptrdiff_t(2));
}

void ArchiveTest::nothingLiesOutside_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("above") << "../evil";
    QTest::newRow("above, later") << "a/../../evil";
    QTest::newRow("absolute") << "/tmp/graft-evil";
}

void ArchiveTest::nothingLiesOutside() {
    QFETCH(QString, name);
    QVERIFY(python(QString("t = tarfile.open('evil.tar', 'w')\n"
                           "entry(t, 'a/1.jpg', b'x')\n"
                           "entry(t, '%1', b'evil')\n"
                           "t.close()\n").arg(name)));
    Progress progress;
    const Status done = unpackArchive(m_dir.filePath("evil.tar").toStdString(), m_folder, progress);
    QVERIFY(!done.ok());
    QVERIFY(done.error().code == ErrorCode::BadFormat);
    QVERIFY(nothingThere());
    QVERIFY(!fs::exists("/tmp/graft-evil"));
}

void ArchiveTest::damagedLeavesNothing() {
    QVERIFY(python("t = tarfile.open('whole.tar.gz', 'w:gz')\n"
                   "entry(t, 'a/1.jpg', os.urandom(200000))\n"
                   "entry(t, 'a/2.jpg', os.urandom(200000))\n"
                   "t.close()\n"
                   "whole = open('whole.tar.gz', 'rb').read()\n"
                   "open('half.tar.gz', 'wb').write(whole[:len(whole) // 2])\n"
                   "open('noise.tar', 'wb').write(os.urandom(50000))\n"
                   "open('empty.tar', 'wb').close()\n"));
    for (const char* name : {"half.tar.gz", "noise.tar", "empty.tar"}) {
        Progress progress;
        const Status done =
            unpackArchive(m_dir.filePath(name).toStdString(), m_folder, progress);
        QVERIFY2(!done.ok(), name);
        QVERIFY2(done.error().code == ErrorCode::BadFormat, name);
        QVERIFY2(nothingThere(), name);
    }
}

void ArchiveTest::errors() {
    Progress progress;
    const Status missing =
        unpackArchive(m_dir.filePath("missing.tar").toStdString(), m_folder, progress);
    QVERIFY(!missing.ok());
    QVERIFY2(missing.error().code == ErrorCode::NotFound, missing.error().text().c_str());
    QVERIFY(nothingThere());
    for (const char* other : {"photos", "photos.jpg", ".tar", "tar"}) {
        QVERIFY2(!looksLikeArchive(other), other);
    }
}

void ArchiveTest::cancelled() {
    QVERIFY(python("t = tarfile.open('stop.tar', 'w')\n"
                   "entry(t, 'a/1.jpg', b'x')\n"
                   "t.close()\n"));
    Progress progress;
    progress.cancel();
    const Status done = unpackArchive(m_dir.filePath("stop.tar").toStdString(), m_folder, progress);
    QVERIFY(!done.ok());
    QVERIFY(done.error().code == ErrorCode::Cancelled);
    QVERIFY(nothingThere());
}

QTEST_GUILESS_MAIN(ArchiveTest)
#include "tst_archive.moc"
