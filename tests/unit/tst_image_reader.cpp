// Every picture format against PIL, every truncation, hostile and mutated files.
#include "core/base/rng.h"
#include "core/data/idx_file.h"
#include "core/data/image_reader.h"
#include "tests/support/data_files.h"
#include "tests/support/python_oracle.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <zlib.h>

#include <sys/stat.h>
#include <unistd.h>

#include <set>

using namespace graft;
using namespace graft::testing;
namespace fs = std::filesystem;

class TestImageReader : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void initTestCase();
    void pixelsEqualPil_data();
    void pixelsEqualPil();
    void headerKnowsTheSize();
    void reducedJpegKeepsTheShorterSide();
    void everyTruncationIsRefused_data();
    void everyTruncationIsRefused();
    void mutatedFilesNeverCrash_data();
    void mutatedFilesNeverCrash();
    void otherFormatsAreNamed_data();
    void otherFormatsAreNamed();
    void hugeHeadersAreRefused_data();
    void hugeHeadersAreRefused();
    void pixelLimitCanBeSet();
    void onlyOrdinaryFilesAreOpened();
    void anyNameWorks();
    void sharedFixturesAreRefused();
    void cameraPaddingIsNoDamage();
    void exifBlockMayLie();
    void idxPictures();
    void idxThatLies();

 private:
    void requirePictures();
    void addPictures(const char* column);
    fs::path file(const std::string& name) const { return fs::path(m_folder) / name; }

    QTemporaryDir m_dir;
    std::string m_folder;
    OracleRun m_made;
    QJsonArray m_manifest;
};

#define REQUIRE_PICTURES()                \
    if (m_made.missing) {                 \
        QSKIP(qPrintable(m_made.reason)); \
    }                                     \
    QVERIFY2(m_made.ok, qPrintable(m_made.reason))

namespace {

std::string bigEndian(std::uint32_t value) {
    return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::string littleEndian(std::uint32_t value) {
    return {char(value), char(value >> 8), char(value >> 16), char(value >> 24)};
}

std::uint32_t readBig(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8 | std::uint8_t(bytes[at + i]);
    }
    return value;
}

/// Right checksums again, so that a mutation gets past them to the decoder.
void repairPng(std::string& png) {
    std::size_t at = 8;
    while (at + 12 <= png.size()) {
        const std::uint32_t length = readBig(png, at);
        if (length > png.size() - at - 12) {
            return;
        }
        const auto* data = reinterpret_cast<const Bytef*>(png.data() + at + 4);
        png.replace(at + 8 + length, 4, bigEndian(std::uint32_t(crc32(0, data, length + 4))));
        at += 12 + length;
    }
}

std::string mutated(std::string bytes, Rng& rng) {
    static constexpr std::uint8_t kValues[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
    const std::uint64_t edits = 1 + rng.below(4);
    for (std::uint64_t i = 0; i < edits && !bytes.empty(); ++i) {
        // Headers are short and decide much: half of the edits go there.
        const std::uint64_t reach =
            rng.chance(0.5) ? std::min<std::uint64_t>(bytes.size(), 120) : bytes.size();
        const std::size_t at = std::size_t(rng.below(reach));
        switch (rng.below(5)) {
            case 0:
                bytes[at] = char(kValues[rng.below(6)]);
                break;
            case 1:
                bytes[at] = char(bytes[at] ^ (1 << rng.below(8)));
                break;
            case 2:
                bytes.erase(at, std::size_t(1 + rng.below(8)));
                break;
            case 3:
                bytes.insert(at, std::size_t(1 + rng.below(8)), char(rng.below(256)));
                break;
            default:
                bytes[at] = char(rng.below(256));
        }
    }
    return bytes;
}

}  // namespace

void TestImageReader::initTestCase() {
    QVERIFY(m_dir.isValid());
    m_folder = m_dir.filePath("pictures").toStdString();
    m_made = runOracle("make_pictures.py", {QString::fromStdString(m_folder)});
    m_manifest =
        QJsonDocument::fromJson(QByteArray::fromStdString(readBytes(file("manifest.json"))))
            .array();
}

void TestImageReader::addPictures(const char* column) {
    QTest::addColumn<QString>(column);
    for (const QJsonValue& entry : m_manifest) {
        const QString name = entry["file"].toString();
        QTest::newRow(qPrintable(name)) << name;
    }
    if (m_manifest.isEmpty()) {
        QTest::newRow("none") << QString();
    }
}

void TestImageReader::pixelsEqualPil_data() {
    addPictures("name");
}

void TestImageReader::pixelsEqualPil() {
    REQUIRE_PICTURES();
    QFETCH(QString, name);
    for (const QJsonValue& entry : m_manifest) {
        if (entry["file"].toString() != name) {
            continue;
        }
        const Result<Image> image = readImage({file(name.toStdString()).string(), -1});
        QVERIFY2(image.ok(), image.ok() ? "" : image.error().text().c_str());
        const Image expected = rawImage(file(name.toStdString() + ".rgb"), entry["width"].toInt(),
                                        entry["height"].toInt());
        QVERIFY(!expected.empty());
        QCOMPARE(image->width, expected.width);
        QCOMPARE(image->height, expected.height);
        const int difference = largestDifference(*image, expected);
        QVERIFY2(difference <= entry["tolerance"].toInt(),
                 qPrintable(QString("largest difference %1").arg(difference)));
    }
}

void TestImageReader::headerKnowsTheSize() {
    REQUIRE_PICTURES();
    for (const QJsonValue& entry : m_manifest) {
        const QString name = entry["file"].toString();
        const Result<ImageHeader> header = probeImage({file(name.toStdString()).string(), -1});
        QVERIFY2(header.ok(), qPrintable(name));
        const bool swapped = header->orientation >= 5;
        QCOMPARE(swapped ? header->height : header->width, entry["width"].toInt());
        QCOMPARE(swapped ? header->width : header->height, entry["height"].toInt());
        if (name.startsWith("turned-")) {
            QCOMPARE(header->orientation, name.section('.', 0, 0).right(1).toInt());
        }
    }
}

void TestImageReader::reducedJpegKeepsTheShorterSide() {
    REQUIRE_PICTURES();
    const ImageRef ref{file("big.jpg").string(), -1};
    const Result<Image> full = readImage(ref);
    QVERIFY(full.ok());
    QCOMPARE(full->height, 400);
    const auto heightFor = [&ref](int shorter) {
        ReadOptions options;
        options.minShorterSide = shorter;
        return readImage(ref, options).value().height;
    };
    QCOMPARE(heightFor(400), 400);
    QCOMPARE(heightFor(201), 400);
    QCOMPARE(heightFor(200), 200);
    QCOMPARE(heightFor(100), 100);
    QCOMPARE(heightFor(7), 50);
}

void TestImageReader::everyTruncationIsRefused_data() {
    addPictures("name");
}

void TestImageReader::everyTruncationIsRefused() {
    REQUIRE_PICTURES();
    QFETCH(QString, name);
    const std::string bytes = readBytes(file(name.toStdString()));
    const Result<Image> whole = decodeImage(bytes);
    QVERIFY(whole.ok());
    QList<qsizetype> accepted;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const Result<Image> cut = decodeImage(std::string_view(bytes).substr(0, length));
        // Behind the first page of a TIFF there may be padding or further pages.
        const bool unharmed = cut && name.endsWith(".tif") && *cut == *whole;
        if (cut && !unharmed) {
            accepted.push_back(qsizetype(length));
        }
    }
    QVERIFY2(accepted.isEmpty(), qPrintable(QString("%1 of %2 lengths were accepted, the first %3")
                                                .arg(accepted.size())
                                                .arg(bytes.size())
                                                .arg(accepted.value(0))));
}

void TestImageReader::mutatedFilesNeverCrash_data() {
    QTest::addColumn<QString>("ending");
    for (const char* ending : {".jpg", ".png", ".bmp", ".tif", ".webp"}) {
        QTest::newRow(ending) << ending;
    }
}

void TestImageReader::mutatedFilesNeverCrash() {
    REQUIRE_PICTURES();
    QFETCH(QString, ending);
    std::vector<std::string> seeds;
    for (const QJsonValue& entry : m_manifest) {
        if (entry["file"].toString().endsWith(ending)) {
            seeds.push_back(readBytes(file(entry["file"].toString().toStdString())));
        }
    }
    QVERIFY(!seeds.empty());
    Rng rng("mutations", {std::uint64_t(ending.size()), std::uint64_t(ending.at(1).unicode())});
    ReadOptions options;
    options.maxPixels = 4'000'000;
    int decoded = 0;
    constexpr int kCount = 1500;
    for (int i = 0; i < kCount; ++i) {
        std::string bytes = mutated(seeds[std::size_t(i) % seeds.size()], rng);
        if (ending == ".png" && i % 2 == 0) {
            repairPng(bytes);
        }
        const Result<Image> image = decodeImage(bytes, options);
        if (image) {
            ++decoded;
            QCOMPARE(image->rgb.size(), std::size_t(image->width) * std::size_t(image->height) * 3);
        } else {
            QVERIFY(!image.error().message.empty());
        }
    }
    // Some mutations hit nothing that matters; if none or all decode, the test tests nothing.
    QVERIFY2(decoded > 0 && decoded < kCount, qPrintable(QString::number(decoded)));
}

void TestImageReader::otherFormatsAreNamed_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("word");
    QTest::newRow("gif") << "other.gif"
                         << "GIF";
    QTest::newRow("ppm") << "other.ppm"
                         << "PPM";
    QTest::newRow("ico") << "other.ico"
                         << "icon";
    QTest::newRow("animated webp") << "animated.webp"
                                   << "animated WebP";
}

void TestImageReader::otherFormatsAreNamed() {
    REQUIRE_PICTURES();
    QFETCH(QString, name);
    QFETCH(QString, word);
    const Result<Image> image = readImage({file(name.toStdString()).string(), -1});
    QVERIFY(!image.ok());
    QCOMPARE(image.error().code, ErrorCode::Unsupported);
    QVERIFY2(QString::fromStdString(image.error().message).contains(word),
             image.error().message.c_str());
    const Result<ImageHeader> header = probeImage({file(name.toStdString()).string(), -1});
    QCOMPARE(header.error().code, ErrorCode::Unsupported);
}

void TestImageReader::hugeHeadersAreRefused_data() {
    QTest::addColumn<QByteArray>("bytes");
    const std::string png = std::string("\x89PNG\r\n\x1a\n", 8) + bigEndian(13) + "IHDR" +
                            bigEndian(60000) + bigEndian(60000) + std::string("\x08\x02\0\0\0", 5) +
                            bigEndian(0);
    QTest::newRow("png") << QByteArray::fromStdString(png);
    const std::string jpeg = std::string(
        "\xFF\xD8\xFF\xC0\x00\x11\x08\xFF\xDC\xFF\xDC\x03\x01\x22\x00\x02\x11\x01\x03"
        "\x11\x01\xFF\xD9",
        23);
    QTest::newRow("jpeg") << QByteArray::fromStdString(jpeg);
    const std::string bmp = "BM" + littleEndian(54) + littleEndian(0) + littleEndian(54) +
                            littleEndian(40) + littleEndian(70000) + littleEndian(70000) +
                            littleEndian(1u | 24u << 16) + std::string(24, '\0');
    QTest::newRow("bmp") << QByteArray::fromStdString(bmp);
    const std::string tiff = std::string("II*\0", 4) + littleEndian(8) + std::string("\x02\0", 2) +
                             std::string("\0\x01\x04\0", 4) + littleEndian(1) +
                             littleEndian(2'000'000) + std::string("\x01\x01\x04\0", 4) +
                             littleEndian(1) + littleEndian(2'000'000) + littleEndian(0);
    QTest::newRow("tiff") << QByteArray::fromStdString(tiff);
    const std::string webp = "RIFF" + littleEndian(30) + "WEBPVP8L" + littleEndian(10) + "\x2F" +
                             littleEndian(16382u | 16382u << 14) + std::string(5, '\0');
    QTest::newRow("webp") << QByteArray::fromStdString(webp);
}

void TestImageReader::hugeHeadersAreRefused() {
    QFETCH(QByteArray, bytes);
    const Result<Image> image = decodeImage(bytes.toStdString());
    QVERIFY(!image.ok());
    QVERIFY2(image.error().code == ErrorCode::TooLarge, image.error().text().c_str());
}

void TestImageReader::pixelLimitCanBeSet() {
    REQUIRE_PICTURES();
    ReadOptions options;
    options.maxPixels = 29 * 21 - 1;
    QCOMPARE(readImage({file("plain.png").string(), -1}, options).error().code,
             ErrorCode::TooLarge);
    options.maxPixels = 29 * 21;
    QVERIFY(readImage({file("plain.png").string(), -1}, options).ok());
}

void TestImageReader::onlyOrdinaryFilesAreOpened() {
    const std::string pipe = m_dir.filePath("pipe.jpg").toStdString();
    QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
    QCOMPARE(readImage({pipe, -1}).error().code, ErrorCode::BadFormat);
    QCOMPARE(readImage({pipe, 0}).error().code, ErrorCode::BadFormat);
    QCOMPARE(probeImage({pipe, -1}).error().code, ErrorCode::BadFormat);
    QCOMPARE(readImage({"/dev/zero", -1}).error().code, ErrorCode::BadFormat);
    QCOMPARE(readImage({m_dir.path().toStdString(), -1}).error().code, ErrorCode::BadFormat);
    QCOMPARE(readImage({m_dir.filePath("none.jpg").toStdString(), -1}).error().code,
             ErrorCode::NotFound);
    const fs::path empty = m_dir.filePath("empty.jpg").toStdString();
    writeBytes(empty, "");
    const Result<Image> nothing = readImage({empty.string(), -1});
    QCOMPARE(nothing.error().code, ErrorCode::BadFormat);
    QVERIFY(nothing.error().message.find("empty") != std::string::npos);
    const fs::path text = m_dir.filePath("text.jpg").toStdString();
    writeBytes(text, "this is not a picture");
    QCOMPARE(readImage({text.string(), -1}).error().code, ErrorCode::BadFormat);
    if (::geteuid() != 0) {
        ::chmod(text.c_str(), 0);
        QCOMPARE(readImage({text.string(), -1}).error().code, ErrorCode::PermissionDenied);
    }
}

void TestImageReader::anyNameWorks() {
    REQUIRE_PICTURES();
    for (const char* name : {"fläche größe.png", "花と虫.png", "пчела.png", "🐝 bee.png",
                             "a%20b'\"`$;.png", "\xFF\xFE raw.png"}) {
        const fs::path path = fs::path(m_dir.path().toStdString()) / name;
        fs::copy_file(file("plain.png"), path, fs::copy_options::overwrite_existing);
        QVERIFY2(readImage({path.string(), -1}).ok(), name);
        fs::remove(path);  // QTemporaryDir cannot remove a name that is not UTF-8
    }
}

void TestImageReader::sharedFixturesAreRefused() {
    const std::string shared = sharedFolder();
    const fs::path folder = fs::path(shared) / "fixtures";
    std::error_code failed;
    int count = 0;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; ++at) {
        QVERIFY(!readImage({at->path().string(), -1}).ok());
        QVERIFY(!readImage({at->path().string(), 0}).ok());
        ++count;
    }
    if (shared.empty() || count == 0) {
        QSKIP("no folder of shared fixtures (GRAFT_SHARED)");
    }
}

void TestImageReader::cameraPaddingIsNoDamage() {
    REQUIRE_PICTURES();
    std::string bytes = readBytes(file("plain.jpg"));
    const Image clean = decodeImage(bytes).value();
    bytes += std::string(5000, '\0');  // thumbnails and padding behind the end
    const Result<Image> padded = decodeImage(bytes);
    QVERIFY(padded.ok());
    QCOMPARE(largestDifference(clean, *padded), 0);
}

void TestImageReader::exifBlockMayLie() {
    REQUIRE_PICTURES();
    const std::string bytes = readBytes(file("turned-6.jpg"));
    const std::size_t exif = bytes.find("Exif");
    QVERIFY(exif != std::string::npos);
    // Whatever stands in the block, the picture itself is read.
    Rng rng("exif", {1});
    for (int i = 0; i < 500; ++i) {
        std::string changed = bytes;
        for (int k = 0; k < 3; ++k) {
            changed[exif + 6 + rng.below(26)] = char(rng.below(256));
        }
        QVERIFY(decodeImage(changed).ok());
    }
}

void TestImageReader::idxPictures() {
    const std::string header =
        std::string("\0\0\x08\x03", 4) + bigEndian(3) + bigEndian(2) + bigEndian(4);
    std::string pixels;
    for (int i = 0; i < 24; ++i) {
        pixels += char(i * 10);
    }
    const fs::path plain = m_dir.filePath("train-images-idx3-ubyte").toStdString();
    writeBytes(plain, header + pixels);
    const fs::path zipped = plain.string() + ".gz";
    gzFile out = gzopen(zipped.c_str(), "wb");
    gzwrite(out, (header + pixels).data(), unsigned(header.size() + pixels.size()));
    gzclose(out);
    for (const fs::path& path : {plain, zipped}) {
        const Result<Image> image = readImage({path.string(), 1});
        QVERIFY(image.ok());
        QCOMPARE(image->width, 4);
        QCOMPARE(image->height, 2);
        QCOMPARE(int(image->rgb[0]), 80);
        QCOMPARE(int(image->rgb[2]), 80);
        QCOMPARE(int(image->rgb[3 * 7 + 1]), 150);
        QCOMPARE(readImage({path.string(), 3}).error().code, ErrorCode::NotFound);
        QCOMPARE(probeImage({path.string(), 2}).value().format, std::string("idx"));
    }
    const std::string gz = readBytes(zipped);
    for (std::size_t length = 0; length < gz.size(); ++length) {
        const fs::path cut = m_dir.filePath("cut.gz").toStdString() + std::to_string(length);
        writeBytes(cut, gz.substr(0, length));
        QVERIFY2(!readImage({cut.string(), 0}).ok(), std::to_string(length).c_str());
    }
}

void TestImageReader::idxThatLies() {
    const auto refused = [this](const std::string& bytes) {
        const fs::path path = m_dir.filePath("lie.idx").toStdString();
        writeBytes(path, bytes);
        return !readImage({path.string(), 0}).ok();
    };
    const std::string magic("\0\0\x08\x03", 4);
    QVERIFY(refused(""));
    QVERIFY(refused(magic));
    QVERIFY(refused(magic + bigEndian(0) + bigEndian(28) + bigEndian(28)));
    QVERIFY(refused(magic + bigEndian(0xFFFFFFFF) + bigEndian(28) + bigEndian(28)));
    QVERIFY(refused(magic + bigEndian(2'000'000) + bigEndian(28) + bigEndian(28) + "few"));
    QVERIFY(refused(magic + bigEndian(60000) + bigEndian(30000) + bigEndian(30000)));
    QVERIFY(refused(magic + bigEndian(1) + bigEndian(1) + bigEndian(1) + "too many"));
    QVERIFY(refused(std::string("\0\0\x0D\x03", 4) + bigEndian(1) + bigEndian(1) + bigEndian(1)));
}

QTEST_GUILESS_MAIN(TestImageReader)
#include "tst_image_reader.moc"
