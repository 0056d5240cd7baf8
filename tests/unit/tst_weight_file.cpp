// Weight files that torch wrote: every tensor must be what torch.load gives, to the bit. And those
// that hold no weights: each refused with what to do about it.
#include "core/nn/weights/finite.h"
#include "core/nn/weights/weight_file.h"
#include "tests/support/data_files.h"
#include "tests/support/python_oracle.h"
#include "tests/support/torch_bytes.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <cstring>

using namespace graft;
using namespace graft::testing;

class WeightFileTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void sameAsTorch_data();
    void sameAsTorch();
    void refused_data();
    void refused();
    void notes_data();
    void notes();
    void realFile();
    void metadata();
    void pointsIntoTheFile();
    void prefixesOfSafetensors();
    void formsOfLaterTorch_data();
    void formsOfLaterTorch();
    void otherFiles();
    void finite_data();
    void finite();

 private:
    std::string path(const QString& name) const {
        return (m_files.path() + '/' + name).toStdString();
    }
    void needTorch() const {
        if (m_oracle.missing) {
            QSKIP(qPrintable(m_oracle.reason));
        }
        QVERIFY2(m_oracle.ok, qPrintable(m_oracle.reason));
    }

    QTemporaryDir m_files;
    OracleRun m_oracle;
};

namespace {

QString difference(const WeightFile& file, const SafetensorsFile& expected) {
    if (file.tensors().size() != expected.tensors().size()) {
        return QString("%1 tensors, %2 expected")
            .arg(file.tensors().size())
            .arg(expected.tensors().size());
    }
    for (const auto& [name, view] : expected.tensors()) {
        const auto found = file.tensors().find(name);
        if (found == file.tensors().end()) {
            return QString::fromStdString("missing: " + name);
        }
        const TensorView& ours = found->second;
        if (ours.dtype != view.dtype || ours.shape != view.shape ||
            ours.byteCount != view.byteCount) {
            return QString::fromStdString("another type or shape: " + name + " " + ours.dtype);
        }
        if (view.byteCount > 0 && std::memcmp(ours.data, view.data, view.byteCount) != 0) {
            return QString::fromStdString("other numbers: " + name);
        }
    }
    return {};
}

}  // namespace

void WeightFileTest::initTestCase() {
    m_oracle = runOracle("weight_files.py", {m_files.path()});
}

void WeightFileTest::sameAsTorch_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("container");
    needTorch();
    const QJsonArray manifest =
        QJsonDocument::fromJson(QByteArray::fromStdString(readBytes(path("manifest.json"))))
            .array();
    QVERIFY(manifest.size() >= 40);
    for (const QJsonValue& entry : manifest) {
        QTest::newRow(qPrintable(entry["file"].toString()))
            << entry["file"].toString() << entry["container"].toString();
    }
}

void WeightFileTest::sameAsTorch() {
    QFETCH(QString, name);
    QFETCH(QString, container);
    auto opened = WeightFile::open(path(name));
    QVERIFY2(opened.ok(), opened.ok() ? "" : opened.error().text().c_str());
    const WeightFile file = std::move(*opened);  // a moved file keeps its views
    const auto expected = SafetensorsFile::open(path(name + ".safetensors"));
    QVERIFY2(expected.ok(), expected.ok() ? "" : expected.error().text().c_str());
    QCOMPARE(difference(file, expected.value()), QString());
    QCOMPARE(QString::fromStdString(file.container()), container);
    // The same from memory.
    const auto parsed = WeightFile::parse(readBytes(path(name)));
    QVERIFY(parsed.ok());
    QCOMPARE(difference(parsed.value(), expected.value()), QString());
}

void WeightFileTest::refused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const char* says) {
        QTest::newRow(name) << QString(name) << QString(says);
    };
    const char* object = "This file holds a Python object, not weights: save its state_dict.";
    for (const QString ending : {".refused", ".old.refused"}) {
        row(qPrintable("module" + ending), object);
        row(qPrintable("inside" + ending), object);
        row(qPrintable("tensor" + ending), "one tensor without a name");
        row(qPrintable("list" + ending), "no weights");
        row(qPrintable("nothing" + ending), "it holds epoch");
        row(qPrintable("sparse" + ending), "_rebuild_sparse_tensor");
        row(qPrintable("complex" + ending), "torch.ComplexDoubleStorage");
        row(qPrintable("huge" + ending), "far larger than itself");
    }
    row("quantised.refused", "_rebuild_qtensor");
    row("quantised.old.refused", "torch.QUInt8Storage");
    row("frozen.refused", "no weights by name");
}

void WeightFileTest::refused() {
    needTorch();
    QFETCH(QString, name);
    QFETCH(QString, says);
    const auto file = WeightFile::open(path(name));
    QVERIFY(!file.ok());
    QVERIFY(file.error().code == ErrorCode::Unsupported ||
            file.error().code == ErrorCode::TooLarge);
    QVERIFY2(QString::fromStdString(file.error().message).contains(says),
             file.error().message.c_str());
    QVERIFY(!file.error().hint.empty());
    QVERIFY(file.error().message.find(name.toStdString()) != std::string::npos);
}

void WeightFileTest::notes_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QStringList>("expected");
    const auto row = [](const char* name, const QStringList& expected) {
        QTest::newRow(name) << QString(name) << expected;
    };
    row("state.zip.pth", {});
    row("checkpoint.zip.pth", {R"(The weights were taken from "state_dict" in the file.)"});
    row("deep.old.pth", {R"(The weights were taken from "model.state_dict" in the file.)"});
    row("others.zip.pth", {"3 entries that are no tensors were left out."});
    row("ddp.old.pth", {R"("module." was taken off the names.)"});
    row("compiled.zip.pth",
        {R"(The weights were taken from "state_dict" in the file.)",
         R"("module." was taken off the names.)", R"("_orig_mod." was taken off the names.)",
         R"("model." was taken off the names.)"});
    row("backbone.zip.pth", {R"("backbone." was taken off the names of 14 tensors; )"
                             "1 other does not carry it."});
    row("half-prefixed.zip.pth", {});
    row("script.pt", {"The tensors of a TorchScript program were read; its code was not."});
}

void WeightFileTest::notes() {
    needTorch();
    QFETCH(QString, name);
    QFETCH(QStringList, expected);
    const auto file = WeightFile::open(path(name));
    QVERIFY(file.ok());
    QStringList notes;
    for (const std::string& note : file->notes()) {
        notes << QString::fromStdString(note);
    }
    QCOMPARE(notes, expected);
}

void WeightFileTest::realFile() {
    const QString folder = QString::fromStdString(sharedFolder());
    const std::string weights = (folder + "/weights/cifar10_resnet20-12fca82f.th").toStdString();
    if (folder.isEmpty() || !std::filesystem::exists(weights)) {
        QSKIP("GRAFT_SHARED names no folder with weights/cifar10_resnet20-12fca82f.th");
    }
    needTorch();
    const QString copy = m_files.filePath("real.th");
    QVERIFY(QFile::copy(QString::fromStdString(weights), copy));
    const OracleRun loaded = runOracle("weight_files.py", {"--load-all", copy});
    QVERIFY2(loaded.ok, qPrintable(loaded.reason));
    const auto file = WeightFile::open(copy.toStdString());
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    QCOMPARE(file->container(), std::string("PyTorch (before 1.6)"));
    QCOMPARE(file->tensors().size(), std::size_t(97));
    QCOMPARE(file->tensors().at("linear.weight").shape, (std::vector<std::int64_t>{10, 64}));
    QCOMPARE(file->notes().size(), std::size_t(2));
    // The script keeps the names as they are in the file.
    const auto expected = SafetensorsFile::open((copy + ".safetensors").toStdString());
    QVERIFY(expected.ok());
    QCOMPARE(expected->tensors().size(), std::size_t(97));
    for (const auto& [name, view] : expected->tensors()) {
        const TensorView& ours = file->tensors().at(name.substr(std::strlen("module.")));
        QCOMPARE(ours.byteCount, view.byteCount);
        QCOMPARE(std::memcmp(ours.data, view.data, view.byteCount), 0);
    }
}

void WeightFileTest::metadata() {
    needTorch();
    const auto file = WeightFile::open(path("checkpoint.old.pth"));
    QVERIFY(file.ok());
    QCOMPARE(file->metadata(), (std::map<std::string, std::string>{{"architecture", "resnet18"}}));
}

// Row by row means not copied: the numbers lie where the file is mapped, so two views of one
// storage lie as far apart as in the file.
void WeightFileTest::pointsIntoTheFile() {
    needTorch();
    const auto file = WeightFile::open(path("shared.zip.pth"));
    QVERIFY(file.ok());
    const auto* all = static_cast<const char*>(file->tensors().at("all").data);
    QCOMPARE(static_cast<const char*>(file->tensors().at("part").data), all + 2 * sizeof(float));
    QCOMPARE(file->tensors().at("grid").data, static_cast<const void*>(all));
    // Tied weights in another order are put in order once.
    QCOMPARE(file->tensors().at("tied").data, file->tensors().at("tied2").data);
}

void WeightFileTest::prefixesOfSafetensors() {
    const float value = 1;
    const auto names = [&](const std::vector<std::string>& given) {
        std::vector<TensorToWrite> tensors;
        for (const std::string& name : given) {
            tensors.push_back({name, "F32", {1}, &value, 4});
        }
        const std::string file = path("prefix.safetensors");
        QStringList found;
        if (writeSafetensors(file, tensors, {{"architecture", "x"}}).ok()) {
            const auto opened = WeightFile::open(file);
            if (opened.ok() && opened->container() == "safetensors" &&
                opened->metadata().at("architecture") == "x") {
                for (const auto& [name, view] : opened->tensors()) {
                    found << QString::fromStdString(name);
                }
            }
        }
        return found;
    };
    QCOMPARE(names({"module.a", "module.b"}), (QStringList{"a", "b"}));
    QCOMPARE(names({"model.a", "model.encoder.b"}), (QStringList{"a", "encoder.b"}));
    QCOMPARE(names({"backbone.module.a"}), (QStringList{"a"}));
    QCOMPARE(names({"backbone.a", "head.b"}), (QStringList{"a", "head.b"}));
    // Two names must not become one, and nothing is left of a name that is all prefix.
    QCOMPARE(names({"backbone.a", "a"}), (QStringList{"a", "backbone.a"}));
    QCOMPARE(names({"module."}), (QStringList{"module."}));
    QCOMPARE(names({"module.a", "moduleb"}), (QStringList{"module.a", "moduleb"}));
}

// Written by PyTorch 2 and not by the one that the other tests ask.
void WeightFileTest::formsOfLaterTorch_data() {
    using namespace pickled;
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("dtype");
    const auto row = [](const char* name, const std::string& tensor, const char* dtype) {
        QTest::newRow(name) << QByteArray::fromStdString(torchZip(whole(dict({{"w", tensor}}))))
                            << QString(dtype);
    };
    const Tensor plain;
    const std::vector<std::string> parts{plain.storage(),  integer(0), integers({2, 3}),
                                         integers({3, 1}), "\x89",     "}"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), parts.begin(), parts.end());
        return more;
    };
    const char* utils = "torch._utils";
    row("empty metadata", call(utils, "_rebuild_tensor_v2", with({"}"})), "F32");
    row("parameter with state",
        call(utils, "_rebuild_parameter_with_state", {plain.made(), "\x88", "}", "}"}), "F32");
    row("attributes of its own",
        call("torch._tensor", "_rebuild_from_type_v2",
             {global(utils, "_rebuild_tensor_v2"), global("torch", "Tensor"), tuple(parts), "}"}),
        "F32");
    Tensor untyped;
    untyped.type = "UntypedStorage";
    untyped.count = 24;
    row("float8",
        call(utils, "_rebuild_tensor_v3",
             {untyped.storage(), integer(8), integers({2, 3}), integers({3, 1}), "\x89", "}",
              global("torch", "float8_e4m3fn")}),
        "F8_E4M3");
    row("unsigned of two bytes",
        call(utils, "_rebuild_tensor_v3",
             {untyped.storage(), integer(1), integers({2, 3}), integers({3, 1}), "\x89", "}",
              global("torch", "uint16"), "N"}),
        "U16");
}

void WeightFileTest::formsOfLaterTorch() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, dtype);
    const auto file = WeightFile::parse(bytes.toStdString());
    QVERIFY2(file.ok(), file.ok() ? "" : file.error().text().c_str());
    const TensorView& view = file->tensors().at("w");
    QCOMPARE(QString::fromStdString(view.dtype), dtype);
    QCOMPARE(view.shape, (std::vector<std::int64_t>{2, 3}));
    const std::size_t skipped = dtype == "F8_E4M3" ? 8 : dtype == "U16" ? 2 : 0;
    QCOMPARE(std::memcmp(view.data, sixFloats()[0].second.data() + skipped, view.byteCount), 0);
}

void WeightFileTest::otherFiles() {
    const auto told = [&](const std::string& bytes, const char* name = "other") {
        writeBytes(path(name), bytes);
        const auto file = WeightFile::open(path(name));
        return file ? QString("read") : QString::fromStdString(file.error().text());
    };
    std::string tar(600, '\0');
    tar.replace(257, 5, "ustar");
    QVERIFY(told(tar).contains("older than 0.1.10"));
    QVERIFY(told("").contains("is empty"));
    QVERIFY(told("weights, honestly").contains("not a file of weights"));
    QVERIFY(told("weights, honestly", "a.safetensors").contains("not a valid safetensors file"));
    QVERIFY(told(pickled::whole("}")).contains("Python objects"));
    // The content counts, not the name.
    QCOMPARE(told(oneTensor({}), "b.safetensors"), QString("read"));
    const auto absent = WeightFile::open(path("absent"));
    QVERIFY(!absent.ok());
    QCOMPARE(absent.error().code, ErrorCode::NotFound);
    const auto folder = WeightFile::open(m_files.path().toStdString());
    QVERIFY(!folder.ok());
    QCOMPARE(folder.error().code, ErrorCode::BadFormat);
}

void WeightFileTest::finite_data() {
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<QByteArray>("number");
    QTest::addColumn<bool>("isFinite");
    const auto row = [](const char* name, const char* dtype, std::uint64_t bits, int byteCount,
                        bool isFinite) {
        QTest::newRow(name) << QString(dtype) << QByteArray::fromStdString(little(bits, byteCount))
                            << isFinite;
    };
    row("float largest", "F32", 0x7f7fffff, 4, true);
    row("float smallest", "F32", 0x80000001, 4, true);
    row("float infinite", "F32", 0x7f800000, 4, false);
    row("float minus infinite", "F32", 0xff800000, 4, false);
    row("float none", "F32", 0x7fc00000, 4, false);
    row("half largest", "F16", 0x7bff, 2, true);
    row("half infinite", "F16", 0xfc00, 2, false);
    row("half none", "F16", 0x7e01, 2, false);
    row("brain float largest", "BF16", 0x7f7f, 2, true);
    row("brain float none", "BF16", 0x7fc0, 2, false);
    row("double largest", "F64", 0x7fefffffffffffff, 8, true);
    row("double infinite", "F64", 0xfff0000000000000, 8, false);
    row("double none", "F64", 0x7ff8000000000000, 8, false);
    row("integer", "I32", 0x7fc00000, 4, true);
}

// At any place in a row of numbers, and at an odd address.
void WeightFileTest::finite() {
    QFETCH(QString, dtype);
    QFETCH(QByteArray, number);
    QFETCH(bool, isFinite);
    for (int place = 0; place < 37; ++place) {
        QByteArray bytes(1 + 37 * number.size(), '\0');
        bytes.replace(1 + place * number.size(), number.size(), number);
        const TensorView view{
            dtype.toStdString(), {37}, bytes.constData() + 1, std::uint64_t(bytes.size() - 1)};
        QCOMPARE(allFinite(view), isFinite);
    }
}

QTEST_GUILESS_MAIN(WeightFileTest)
#include "tst_weight_file.moc"
