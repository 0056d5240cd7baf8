// Every rule of the safetensors format, one broken file each, and many damaged ones.
#include "core/base/atomic_file.h"
#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/nn/weights/safetensors.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <nlohmann/json.hpp>

#include <cstring>

using namespace graft;

namespace {

std::string withLength(std::uint64_t length, const std::string& rest) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) {
        bytes += char(length >> (8 * i) & 0xff);
    }
    return bytes + rest;
}

std::string fileOf(const std::string& header, std::size_t dataBytes) {
    std::string data;
    for (std::size_t i = 0; i < dataBytes; ++i) {
        data += char(i);
    }
    return withLength(header.size(), header + data);
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{" + tensor("a", dtype, shape, offsets) + "}";
}

// Every byte that a view shows must be readable; the sanitizers watch.
std::uint64_t touch(const SafetensorsFile& file, std::uint64_t* total) {
    std::uint64_t sum = 0;
    for (const auto& [name, view] : file.tensors()) {
        for (std::uint64_t i = 0; i < view.byteCount; ++i) {
            sum += static_cast<const unsigned char*>(view.data)[i];
        }
        *total += view.byteCount;
    }
    return sum;
}

std::string sampleFile() {
    const std::string header =
        "{\"__metadata__\":{\"format\":\"pt\",\"mean\":\"[0.5, 0.5, 0.5]\"}," +
        tensor("layer1.0.conv1.weight", "F32", "[2,3,1,1]", "[0,24]") + "," +
        tensor("bn.num_batches_tracked", "I64", "[]", "[24,32]") + "," +
        tensor("empty", "F16", "[0,4]", "[32,32]") + "," +
        tensor("b\\u00e9", "BF16", "[3]", "[32,38]") + "}  ";
    return fileOf(header, 38);
}

}  // namespace

class SafetensorsTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void golden();
    void accepted_data();
    void accepted();
    void brokenRules_data();
    void brokenRules();
    void dtypeSizes();
    void roundTrip();
    void writerLayout();
    void writerRefuses();
    void files();
    void towersAndLongLists();
    void mutations();
    void everyTruncation();

 private:
    QTemporaryDir m_folder;
};

void SafetensorsTest::golden() {
    const std::string header = R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})";
    std::string bytes("\x3c\0\0\0\0\0\0\0", 8);
    bytes += header + std::string(16, '\0');
    auto file = SafetensorsFile::parse(bytes);
    QVERIFY(file.ok());
    QCOMPARE(file->tensors().size(), std::size_t(1));
    const TensorView& view = file->tensors().at("test");
    QCOMPARE(view.dtype, std::string("I32"));
    QCOMPARE(view.shape, (std::vector<std::int64_t>{2, 2}));
    QCOMPARE(view.byteCount, std::uint64_t(16));
    QVERIFY(file->metadata().empty());
}

void SafetensorsTest::accepted_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("tensors");
    const auto add = [](const char* name, const std::string& bytes, int tensors) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << tensors;
    };
    add("no tensors", fileOf("{}", 0), 0);
    add("only metadata", fileOf(R"({"__metadata__":{"a":"b"}})", 0), 0);
    add("empty metadata", fileOf(R"({"__metadata__":{}})", 0), 0);
    add("scalar", fileOf(one("F64", "[]", "[0,8]"), 8), 1);
    add("side of zero", fileOf(one("F32", "[3,0,2]", "[0,0]"), 0), 1);
    add("spaces after the header", fileOf(one("U8", "[2]", "[0,2]") + "     ", 2), 1);
    add("two 4-bit numbers in a byte", fileOf(one("F4", "[2]", "[0,1]"), 1), 1);
    add("order of names is not order of data",
        fileOf(
            "{" + tensor("a", "U8", "[2]", "[3,5]") + "," + tensor("b", "U8", "[3]", "[0,3]") + "}",
            5),
        2);
    add("odd address",
        fileOf("{" + tensor("a", "U8", "[1]", "[0,1]") + "," + tensor("b", "F32", "[1]", "[1,5]") +
                   "}",
               5),
        2);
    add("several empty ones at one place",
        fileOf("{" + tensor("a", "U8", "[0]", "[0,0]") + "," + tensor("b", "U8", "[0]", "[0,0]") +
                   "," + tensor("c", "U8", "[1]", "[0,1]") + "}",
               1),
        3);
    add("an unknown field",
        fileOf(R"({"a":{"dtype":"U8","note":{"x":[1,{"dtype":null}]},"shape":[1],)"
               R"("data_offsets":[0,1]}})",
               1),
        1);
    add("everything", sampleFile(), 4);
}

void SafetensorsTest::accepted() {
    QFETCH(QByteArray, bytes);
    QFETCH(int, tensors);
    auto file = SafetensorsFile::parse(bytes.toStdString());
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    QCOMPARE(int(file->tensors().size()), tensors);
    std::uint64_t total = 0;
    touch(*file, &total);
}

void SafetensorsTest::brokenRules_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    const auto add = [](const char* name, const std::string& bytes, const char* says) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << QString(says);
    };
    const auto header = [&](const char* name, const std::string& text, const char* says) {
        add(name, fileOf(text, 8), says);
    };
    add("empty", "", "only 0 bytes");
    add("seven bytes", "1234567", "only 7 bytes");
    add("header over the limit", withLength(10'000'001, "{}"), "10 MB");
    add("header length of all ones", withLength(~0ULL, "{}"), "10 MB");
    add("header longer than the file", withLength(3, "{}"), "cut short");
    add("no header", withLength(0, ""), "does not start with {");
    header("starts with a space", " {}", "does not start with {");
    header("a list", "[]", "does not start with {");
    header("ends with a line break", "{}\n", "something else than spaces");
    header("not JSON", "{\"a\":}", "not valid JSON");
    header("two objects", "{}{}", "not valid JSON");
    header("a comma too many", "{" + tensor("a", "U8", "[8]", "[0,8]") + ",}", "not valid JSON");
    header("comment", "{/*x*/}", "not valid JSON");
    header("hidden behind a NUL", std::string("{}\0{}", 5), "not valid JSON");
    header("not UTF-8", "{" + tensor("a\xff", "U8", "[8]", "[0,8]") + "}", "not valid JSON");
    header("overlong UTF-8", "{" + tensor("a\xc0\x80", "U8", "[8]", "[0,8]") + "}",
           "not valid JSON");
    header("half a surrogate", "{" + tensor("a\\ud800", "U8", "[8]", "[0,8]") + "}",
           "not valid JSON");
    header("metadata is a list", R"({"__metadata__":[]})", "is a list");
    header("metadata is null", R"({"__metadata__":null})", "is null");
    header("metadata holds a number", R"({"__metadata__":{"a":1}})", "not a text");
    header("metadata holds an object", R"({"__metadata__":{"a":{}}})", "not a text");
    header("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", "twice");
    header("metadata key twice", R"({"__metadata__":{"a":"1","a":"2"}})", "twice");
    header("tensor twice",
           "{" + tensor("a", "U8", "[8]", "[0,8]") + "," + tensor("a", "U8", "[8]", "[0,8]") + "}",
           "twice");
    header("tensor twice, spelled differently",
           "{" + tensor("a", "U8", "[8]", "[0,8]") + "," + tensor("\\u0061", "U8", "[8]", "[0,8]") +
               "}",
           "twice");
    header("field twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
           "twice");
    header("tensor is a number", R"({"a":1})", "is a number");
    header("tensor is a list", R"({"a":[1]})", "is a list");
    header("no dtype", R"({"a":{"shape":[8],"data_offsets":[0,8]}})", "has no dtype");
    header("no shape", R"({"a":{"dtype":"U8","data_offsets":[0,8]}})", "has no shape");
    header("no offsets", R"({"a":{"dtype":"U8","shape":[8]}})", "has no data_offsets");
    header("dtype unknown", one("F31", "[8]", "[0,8]"), "unknown type");
    header("dtype in small letters", one("u8", "[8]", "[0,8]"), "unknown type");
    header("dtype is a number", R"({"a":{"dtype":1,"shape":[8],"data_offsets":[0,8]}})",
           "holds a number");
    header("shape is a number", one("U8", "8", "[0,8]"), "holds a number");
    header("shape negative", one("U8", "[-8]", "[0,8]"), "negative");
    header("shape minus zero", one("U8", "[-0]", "[0,0]"), "negative");
    header("shape a fraction", one("U8", "[8.0]", "[0,8]"), "fraction");
    header("shape a text", one("U8", "[\"8\"]", "[0,8]"), "holds a text");
    header("shape nested", one("U8", "[[8]]", "[0,8]"), "holds a list");
    header("shape null", one("U8", "[null]", "[0,8]"), "holds null");
    header("shape over 63 bits", one("U8", "[9223372036854775808]", "[0,8]"), "too large");
    header("shape over 64 bits", one("U8", "[18446744073709551624]", "[0,8]"), "fraction");
    header("product overflows", one("U8", "[4294967296,4294967296,8]", "[0,8]"),
           "too large to count");
    header("product overflows before a zero", one("U8", "[4294967296,4294967296,0]", "[0,0]"),
           "too large to count");
    header("bits overflow", one("F64", "[4611686018427387904]", "[0,8]"), "too large to count");
    header("half a byte", one("F4", "[3]", "[0,2]"), "whole number of bytes");
    header("three quarters of a byte", one("F6_E2M3", "[1]", "[0,1]"), "whole number of bytes");
    header("one offset", one("U8", "[8]", "[0]"), "two data offsets");
    header("three offsets", one("U8", "[8]", "[0,4,8]"), "two data offsets");
    header("offset negative", one("U8", "[8]", "[-1,7]"), "negative");
    header("offset a fraction", one("U8", "[8]", "[0.0,8]"), "fraction");
    header("ends before it begins", one("U8", "[8]", "[8,0]"), "ends before");
    header("too few bytes for the shape", one("F32", "[2]", "[0,4]"), "needs 8 bytes");
    header("too many bytes for the shape", one("U8", "[4]", "[0,8]"), "needs 4 bytes");
    header("data missing", one("U8", "[9]", "[0,9]"), "cut short");
    header("data left over", one("U8", "[7]", "[0,7]"), "1 bytes too many");
    header("begins after zero", one("U8", "[7]", "[1,8]"), "where 0 is due");
    header("a hole",
           "{" + tensor("a", "U8", "[3]", "[0,3]") + "," + tensor("b", "U8", "[4]", "[4,8]") + "}",
           "where 3 is due");
    header("an overlap",
           "{" + tensor("a", "U8", "[5]", "[0,5]") + "," + tensor("b", "U8", "[4]", "[4,8]") + "}",
           "where 5 is due");
    header("the same bytes twice",
           "{" + tensor("a", "U8", "[8]", "[0,8]") + "," + tensor("b", "U8", "[8]", "[0,8]") + "}",
           "where 8 is due");
    header("far outside", one("U8", "[8]", "[18446744073709551607,18446744073709551615]"),
           "where 0 is due");
}

void SafetensorsTest::brokenRules() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    const auto file = SafetensorsFile::parse(bytes.toStdString());
    QVERIFY(!file.ok());
    QCOMPARE(file.error().code, ErrorCode::BadFormat);
    QVERIFY2(QString::fromStdString(file.error().message).contains(says),
             file.error().message.c_str());
    QVERIFY(!file.error().hint.empty());
}

void SafetensorsTest::dtypeSizes() {
    // Bits of eight numbers are bytes: the format's list.
    const std::map<std::string, int> bits{
        {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
        {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
        {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
        {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
        {"I64", 64},        {"U64", 64}};
    for (const auto& [name, size] : bits) {
        const std::string end = std::to_string(size);
        QVERIFY(
            SafetensorsFile::parse(fileOf(one(name, "[8]", "[0," + end + "]"), std::size_t(size)))
                .ok());
        QVERIFY(
            !SafetensorsFile::parse(fileOf(one(name, "[8]", "[0," + std::to_string(size + 1) + "]"),
                                           std::size_t(size) + 1))
                 .ok());
    }
}

void SafetensorsTest::roundTrip() {
    const std::filesystem::path path = m_folder.filePath("rund fähre.safetensors").toStdString();
    const std::vector<float> weights{1.5f, -2.0f, 0.0f, 3e-39f, 1e30f, -0.0f};
    const std::int64_t counter = 77;
    const std::uint8_t flag = 1;
    const std::map<std::string, std::string> metadata{{"note", "line\nbreak \"quoted\" é"}};
    const auto hash = writeSafetensors(path,
                                       {{"w", "F32", {2, 3}, weights.data(), 24},
                                        {"flag", "BOOL", {}, &flag, 1},
                                        {"n", "I64", {}, &counter, 8},
                                        {"none", "F32", {0, 7}, nullptr, 0}},
                                       metadata);
    QVERIFY2(hash.ok(), hash.ok() ? "" : hash.error().text().c_str());
    QCOMPARE(*hash, *sha256File(path));
    auto file = SafetensorsFile::open(path);
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    QCOMPARE(file->tensors().size(), std::size_t(4));
    QCOMPARE(std::memcmp(file->tensors().at("w").data, weights.data(), 24), 0);
    QCOMPARE(std::memcmp(file->tensors().at("n").data, &counter, 8), 0);
    QCOMPARE(file->tensors().at("none").shape, (std::vector<std::int64_t>{0, 7}));
    QCOMPARE(file->metadata().at("format"), std::string("pt"));
    QCOMPARE(file->metadata().at("note"), metadata.at("note"));
    // A moved file object keeps its views.
    SafetensorsFile moved = std::move(*file);
    QCOMPARE(std::memcmp(moved.tensors().at("w").data, weights.data(), 24), 0);
}

void SafetensorsTest::writerLayout() {
    const std::filesystem::path path = m_folder.filePath("layout.safetensors").toStdString();
    const std::vector<char> bytes(64, 'x');
    QVERIFY(writeSafetensors(path,
                             {{"b", "F16", {1}, bytes.data(), 2},
                              {"z", "F32", {2}, bytes.data(), 8},
                              {"a", "F32", {1}, bytes.data(), 4},
                              {"c", "U8", {3}, bytes.data(), 3},
                              {"y", "I64", {1}, bytes.data(), 8}},
                             {})
                .ok());
    const std::string all = *readWholeFile(path, 10000);
    std::uint64_t length = 0;
    std::memcpy(&length, all.data(), 8);
    QCOMPARE(length % 8, std::uint64_t(0));
    const auto json = nlohmann::json::parse(all.substr(8, length));
    // By alignment, largest first, then by name.
    std::uint64_t due = 0;
    for (const char* name : {"y", "a", "z", "b", "c"}) {
        QCOMPARE(json.at(name).at("data_offsets").at(0).get<std::uint64_t>(), due);
        due = json.at(name).at("data_offsets").at(1).get<std::uint64_t>();
    }
    QCOMPARE(all.size(), std::size_t(8 + length + due));
}

void SafetensorsTest::writerRefuses() {
    const std::filesystem::path path = m_folder.filePath("refused.safetensors").toStdString();
    const float value = 1;
    const auto code = [&](std::vector<TensorToWrite> tensors,
                          std::map<std::string, std::string> metadata = {}) {
        const auto written = writeSafetensors(path, std::move(tensors), std::move(metadata));
        return written ? ErrorCode::Internal : written.error().code;
    };
    const TensorToWrite good{"a", "F32", {1}, &value, 4};
    QCOMPARE(code({good, good}), ErrorCode::InvalidArgument);
    QCOMPARE(code({{"a", "F31", {1}, &value, 4}}), ErrorCode::InvalidArgument);
    QCOMPARE(code({{"a", "F32", {2}, &value, 4}}), ErrorCode::InvalidArgument);
    QCOMPARE(code({{"a", "F32", {-1}, &value, 4}}), ErrorCode::InvalidArgument);
    QCOMPARE(code({{"__metadata__", "F32", {1}, &value, 4}}), ErrorCode::InvalidArgument);
    QCOMPARE(code({{"a\xff", "F32", {1}, &value, 4}}), ErrorCode::InvalidArgument);
    QCOMPARE(code({good}, {{"note", "\xff"}}), ErrorCode::InvalidArgument);
    QVERIFY(!std::filesystem::exists(path));
    QVERIFY(!writeSafetensors(path / "no" / "such" / "folder", {good}, {}).ok());
}

void SafetensorsTest::files() {
    const auto codeOf = [](const std::filesystem::path& path) {
        const auto file = SafetensorsFile::open(path);
        return file ? ErrorCode::Internal : file.error().code;
    };
    const std::filesystem::path folder = m_folder.path().toStdString();
    QCOMPARE(codeOf(folder / "absent"), ErrorCode::NotFound);
    QCOMPARE(codeOf(folder), ErrorCode::BadFormat);
    QVERIFY(writeFileAtomically(folder / "empty", "").ok());
    QCOMPARE(codeOf(folder / "empty"), ErrorCode::BadFormat);
    QVERIFY(writeFileAtomically(folder / "text", "This is no weight file at all.\n").ok());
    QCOMPARE(codeOf(folder / "text"), ErrorCode::BadFormat);
    QVERIFY(writeFileAtomically(folder / "good", sampleFile()).ok());
    auto good = SafetensorsFile::open(folder / "good");
    QVERIFY(good.ok());
    std::uint64_t total = 0;
    touch(*good, &total);
    QCOMPARE(total, std::uint64_t(38));
    QVERIFY(good->tensors().count("b\xc3\xa9") == 1);
}

void SafetensorsTest::towersAndLongLists() {
    const std::string tower(2'000'000, '[');
    for (const std::string& start :
         {std::string("{\"a\":"), std::string("{\"a\":{\"shape\":"),
          std::string("{\"a\":{\"other\":"), std::string("{\"__metadata__\":{\"a\":")}) {
        QVERIFY(!SafetensorsFile::parse(fileOf(start + tower + "}", 0)).ok());
    }
    std::string ones = "[1";
    for (int i = 0; i < 100'000; ++i) {
        ones += ",1";
    }
    QVERIFY(SafetensorsFile::parse(fileOf(one("U8", ones + "]", "[0,1]"), 1)).ok());
}

// Damages a good file in many ways. What is still accepted must hold together.
void SafetensorsTest::mutations() {
    const std::string good = sampleFile();
    const std::vector<std::string> tokens{"0",
                                          "-1",
                                          "1e3",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "null",
                                          "[]",
                                          "{}",
                                          "\"",
                                          "\\u0000",
                                          "\\ud800",
                                          ",",
                                          ":",
                                          "}",
                                          "]",
                                          "[",
                                          "{",
                                          "true",
                                          "\"dtype\"",
                                          "\"shape\"",
                                          "\"data_offsets\"",
                                          "\"__metadata__\"",
                                          "\"F32\"",
                                          "\"F4\"",
                                          "[0,0]",
                                          "4294967296",
                                          std::string(1, '\0'),
                                          "\xff",
                                          "\xef\xbb\xbf",
                                          " ",
                                          "\n"};
    Rng rng(20240608);
    int accepted = 0;
    int rejected = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = good;
        const int changes = 1 + int(rng.below(3));
        for (int i = 0; i < changes; ++i) {
            const std::size_t at = rng.below(bytes.size());
            const std::size_t span = std::min<std::size_t>(rng.below(24), bytes.size() - at);
            switch (rng.below(8)) {
                case 0:
                    bytes[at] = char(rng.next());
                    break;
                case 1:
                    bytes[at] = char(bytes[at] ^ (1 << rng.below(8)));
                    break;
                case 2:
                    bytes.erase(at, span);
                    break;
                case 3:
                    bytes.insert(at, bytes.substr(at, span));
                    break;
                case 4:
                    bytes.insert(at, tokens[rng.below(tokens.size())]);
                    break;
                case 5:
                    bytes.replace(at, span, tokens[rng.below(tokens.size())]);
                    break;
                case 6:
                    bytes[rng.below(8) % bytes.size()] = char(rng.next());
                    break;
                default:
                    bytes.resize(at + 1);
                    break;
            }
            if (bytes.empty()) {
                bytes = "x";
            }
        }
        // Half of the time the length is put right, so that the damage reaches the deeper checks.
        if (rng.chance(0.5) && bytes.size() > 46) {
            const std::string rest = bytes.substr(8);
            bytes = withLength(rest.size() - 38, rest);
        }
        auto file = SafetensorsFile::parse(bytes);
        if (!file) {
            ++rejected;
            QCOMPARE(file.error().code, ErrorCode::BadFormat);
            QVERIFY(!file.error().message.empty());
            continue;
        }
        ++accepted;
        std::uint64_t total = 0;
        touch(*file, &total);
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        QCOMPARE(total + 8 + length, std::uint64_t(bytes.size()));
    }
    qInfo("%d damaged files refused, %d still valid", rejected, accepted);
    QVERIFY(rejected > 15'000);
    QVERIFY(accepted > 100);  // data bytes may be anything, names too
}

void SafetensorsTest::everyTruncation() {
    const std::string good = sampleFile();
    for (std::size_t size = 0; size < good.size(); ++size) {
        QVERIFY(!SafetensorsFile::parse(good.substr(0, size)).ok());
    }
    QVERIFY(SafetensorsFile::parse(good).ok());
}

QTEST_GUILESS_MAIN(SafetensorsTest)
#include "tst_safetensors.moc"
