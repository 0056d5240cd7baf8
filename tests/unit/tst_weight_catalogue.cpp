// The catalogue of published weights: what is built in, catalogues of one's own with mistakes, and
// the search for files that are here already.
#include "core/base/hash.h"
#include "core/nn/weights/weight_catalogue.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtTest>

#include <functional>
#include <set>

using namespace graft;

namespace {

constexpr const char* kVariables[] = {"HOME", "TORCH_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
                                      "GRAFT_WEIGHT_CATALOGUE"};
const QByteArray kContent = "not quite a network";

QJsonObject goodEntry() {
    const QString hash = QString::fromStdString(sha256Hex(kContent.toStdString()));
    return {{"id", "resnet18.MINE"},
            {"backbone", "resnet18"},
            {"title", "Mine"},
            {"url", "https://example.org/a/mine-1.pth"},
            {"sha256", hash.left(10)},
            {"mib", 0.5},
            {"parameters", 100},
            {"top1", 50.5},
            {"top5", 80},
            {"resize", 256},
            {"crop", 224},
            {"interpolation", "bicubic"},
            {"mean", QJsonArray{0.5, 0.5, 0.5}},
            {"std", QJsonArray{0.25, 0.25, 0.25}},
            {"container", "safetensors"},
            {"license", "MIT"},
            {"data", "Photos"}};
}

std::string catalogueOf(const QJsonArray& entries) {
    return QJsonDocument(QJsonObject{{"data_terms", QJsonObject{{"Photos", "My own."}}},
                                     {"weights", entries}})
        .toJson()
        .toStdString();
}

void write(const QString& path, const QByteArray& bytes) {
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), qint64(bytes.size()));
}

}  // namespace

class WeightCatalogueTest : public QObject {
    Q_OBJECT

    std::map<std::string, QByteArray> m_environment;

 private Q_SLOTS:
    void init() {
        for (const char* name : kVariables) {
            m_environment[name] = qgetenv(name);
            qunsetenv(name);
        }
    }
    void cleanup() {
        for (const char* name : kVariables) {
            qputenv(name, m_environment[name]);
        }
    }

    void builtIn() {
        const auto catalogue = WeightCatalogue::open();
        QVERIFY2(catalogue.ok(), catalogue.ok() ? "" : catalogue.error().text().c_str());
        QVERIFY(!catalogue->isOwn());
        std::map<std::string, int> defaults;
        for (const WeightEntry& entry : catalogue->entries()) {
            QVERIFY2(entry.id.starts_with(entry.backbone + "."), entry.id.c_str());
            if (entry.bundled) {
                QCOMPARE(entry.fileName(), entry.url);
                QVERIFY(entry.fileName().ends_with(".safetensors"));
            } else {
                QVERIFY2(entry.url.starts_with("https://"), entry.id.c_str());
                QVERIFY2(entry.fileName().ends_with("-" + entry.sha256 + ".pth"), entry.id.c_str());
            }
            // Four bytes a number, two in a file of half floats; at most as much again for the
            // side branches that only training needs and `parameters` does not count.
            const double each = double(entry.bytes) / double(entry.parameters);
            QVERIFY2(each > 1.9 && each < 8, entry.id.c_str());
            QVERIFY2(entry.top1 > (entry.bundled ? 40 : 50) && entry.top1 < entry.top5 && entry.top5 < 100,
                     entry.id.c_str());
            QVERIFY2(!entry.title.empty() && !entry.license.empty() && !entry.dataTerms.empty(),
                     entry.id.c_str());
            defaults[entry.backbone] += entry.isDefault ? 1 : 0;
        }
        QVERIFY(defaults.size() >= 40);
        for (const auto& [backbone, count] : defaults) {
            QVERIFY2(count == 1, backbone.c_str());
            QVERIFY2(catalogue->forBackbone(backbone).front().isDefault, backbone.c_str());
        }
    }

    void entriesAreFound() {
        const auto catalogue = WeightCatalogue::open();
        QVERIFY(catalogue.ok());
        const WeightEntry* entry = catalogue->find("resnet50.IMAGENET1K_V2");
        QVERIFY(entry);
        QCOMPARE(entry->url,
                 std::string("https://download.pytorch.org/models/resnet50-11ad3fa6.pth"));
        QCOMPARE(entry->fileName(), std::string("resnet50-11ad3fa6.pth"));
        QCOMPARE(entry->preprocess.resizeSize, 232);
        QCOMPARE(entry->bytes / 1000, 102'540u);
        QVERIFY(!catalogue->find("resnet50"));
        QCOMPARE(catalogue->forBackbone("resnet50").size(), std::size_t(2));
        QVERIFY(catalogue->forBackbone("small_cnn").empty());
        const std::string rest(56, '0');
        QCOMPARE(catalogue->findBySha256("11ad3fa6" + rest), entry);
        QVERIFY(!catalogue->findBySha256("11ad3fa7" + rest));
        QVERIFY(!catalogue->findBySha256("11ad3fa6"));
    }

    void ownCatalogue() {
        const QTemporaryDir folder;
        write(folder.filePath("own.json"), QByteArray::fromStdString(catalogueOf({goodEntry()})));
        qputenv("GRAFT_WEIGHT_CATALOGUE", folder.filePath("own.json").toUtf8());
        const auto catalogue = WeightCatalogue::open();
        QVERIFY(catalogue.ok());
        QVERIFY(catalogue->isOwn());
        QCOMPARE(catalogue->entries().size(), std::size_t(1));
        const WeightEntry& entry = catalogue->entries().front();
        QCOMPARE(entry.bytes, std::uint64_t(512 * 1024));
        QCOMPARE(entry.preprocess.inputSize, 224);
        QVERIFY((entry.preprocess.mean == std::array<double, 3>{0.5, 0.5, 0.5}));
        QCOMPARE(entry.dataTerms, std::string("My own."));
        QVERIFY(!entry.isDefault);

        write(folder.filePath("own.json"), "{");
        const auto broken = WeightCatalogue::open();
        QVERIFY(!broken.ok());
        QVERIFY(broken.error().hint.find("own.json") != std::string::npos);
        qputenv("GRAFT_WEIGHT_CATALOGUE", folder.filePath("none.json").toUtf8());
        QCOMPARE(WeightCatalogue::open().error().code, ErrorCode::NotFound);
    }

    void mistakesAreNamed_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        QTest::addColumn<QString>("said");
        const auto row = [](const char* key, const QJsonValue& value, const char* said) {
            QTest::addRow("%s %s", key, value.toVariant().toByteArray().constData())
                << key << value << said;
        };
        row("id", "", "no id");
        row("backbone", QJsonValue::Undefined, "lacks something");
        row("url", "https://example.org/", "file name");
        row("url", "https://example.org/..", "file name");
        row("url", "https://example.org/a?b=c", "file name");
        row("sha256", "abc", "hexadecimal");
        row("sha256", "../../../etc", "hexadecimal");
        row("mib", 0, "lacks something");
        row("mib", "1", "lacks something");
        row("mib", 1e9, "lacks something");
        row("crop", 300, "resize and crop");
        row("crop", 0, "resize and crop");
        row("resize", 1e6, "resize and crop");
        row("interpolation", "nearest", "interpolation");
        row("mean", QJsonArray{0.5, 0.5}, "lacks something");
        row("std", QJsonArray{0.25, 0, 0.25}, "std");
        row("container", "tar", "container");
        row("data", "Paintings", "lacks something");
    }
    void mistakesAreNamed() {
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        QFETCH(QString, said);
        QVERIFY(WeightCatalogue::parse(catalogueOf({goodEntry()})).ok());
        QJsonObject second = goodEntry();
        second["id"] = "resnet18.SECOND";
        second[key] = value;
        const auto broken = WeightCatalogue::parse(catalogueOf({goodEntry(), second}));
        QVERIFY(!broken.ok());
        QCOMPARE(broken.error().code, ErrorCode::BadFormat);
        const QString message = QString::fromStdString(broken.error().message);
        QVERIFY2(message.contains("entry 2") && message.contains(said), qPrintable(message));
    }

    void otherMistakes() {
        for (const char* text :
             {"", "{}", "[]", "{\"weights\": {}}", "\xff", "{\"weights\": [1]}"}) {
            QCOMPARE(WeightCatalogue::parse(text).error().code, ErrorCode::BadFormat);
        }
        const auto twice = WeightCatalogue::parse(catalogueOf({goodEntry(), goodEntry()}));
        QVERIFY(!twice.ok());
        QVERIFY(twice.error().message.find("the id of another") != std::string::npos);
    }

    void foldersFollowTheEnvironment() {
        QCOMPARE(ownWeightsFolder().error().code, ErrorCode::NotFound);
        QVERIFY(weightFolders().empty());
        qputenv("HOME", "/home/someone");
        QCOMPARE(ownWeightsFolder()->string(),
                 std::string("/home/someone/.local/share/graft/weights"));
        QCOMPARE(weightFolders().size(), std::size_t(2));
        QCOMPARE(weightFolders()[1].string(),
                 std::string("/home/someone/.cache/torch/hub/checkpoints"));
        qputenv("XDG_DATA_HOME", "not/absolute");
        qputenv("XDG_CACHE_HOME", "/cache");
        qputenv("TORCH_HOME", "/torch");
        const auto folders = weightFolders();
        QCOMPARE(folders.size(), std::size_t(3));
        QCOMPARE(folders[0].string(), std::string("/home/someone/.local/share/graft/weights"));
        QCOMPARE(folders[1].string(), std::string("/torch/hub/checkpoints"));
        QCOMPARE(folders[2].string(), std::string("/cache/torch/hub/checkpoints"));
    }

    void filesThatAreHereAreFound_data() {
        QTest::addColumn<QString>("place");
        QTest::newRow("Graft's own") << "data/graft/weights";
        QTest::newRow("TORCH_HOME") << "torch/hub/checkpoints";
        QTest::newRow("cache") << "cache/torch/hub/checkpoints";
    }
    void filesThatAreHereAreFound() {
        QFETCH(QString, place);
        const QTemporaryDir folder;
        qputenv("XDG_DATA_HOME", folder.filePath("data").toUtf8());
        qputenv("TORCH_HOME", folder.filePath("torch").toUtf8());
        qputenv("XDG_CACHE_HOME", folder.filePath("cache").toUtf8());
        const auto catalogue = WeightCatalogue::parse(catalogueOf({goodEntry()}));
        QVERIFY(catalogue.ok());
        const WeightEntry& entry = catalogue->entries().front();
        QVERIFY(!findByName(entry) && !findInHubCache(entry));
        const QString path = folder.filePath(place) + "/mine-1.pth";
        write(path, "something else");
        QVERIFY(findByName(entry));
        QVERIFY2(!findInHubCache(entry), "a file of another content was taken");
        write(path, kContent);
        QCOMPARE(QString::fromStdString(findInHubCache(entry).value_or("").string()), path);
        QCOMPARE(QString::fromStdString(findByName(entry).value_or("").string()), path);
        // A wrong file in the first place does not hide the right one in another.
        write(folder.filePath("data/graft/weights/mine-1.pth"),
              place.startsWith("data") ? kContent : QByteArray("wrong"));
        QVERIFY(findInHubCache(entry));
    }
};

QTEST_GUILESS_MAIN(WeightCatalogueTest)
#include "tst_weight_catalogue.moc"
