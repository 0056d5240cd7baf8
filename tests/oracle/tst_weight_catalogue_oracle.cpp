// Every entry of the catalogue against what torchvision itself says of that file.
#include "core/nn/weights/weight_catalogue.h"
#include "tests/support/python_oracle.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>

#include <map>
#include <set>

using namespace graft;

namespace {

// These files were uploaded anew, so under the addresses that torchvision 0.14 knows the content no
// longer has the hash in the name; later versions name the new ones.
// Source: github.com/pytorch/vision, issue 7744; torchvision 0.17.2.
const std::map<std::string, std::string> kUploadedAnew{
    {"efficientnet_b0_rwightman-3dd342df.pth", "efficientnet_b0_rwightman-7f5810bc.pth"},
    {"efficientnet_b1_rwightman-533bc792.pth", "efficientnet_b1_rwightman-bac287d4.pth"},
    {"efficientnet_b2_rwightman-bcdf34b7.pth", "efficientnet_b2_rwightman-c35c1473.pth"},
    {"efficientnet_b3_rwightman-cf984f9c.pth", "efficientnet_b3_rwightman-b3899882.pth"},
    {"efficientnet_b4_rwightman-7eb33cd5.pth", "efficientnet_b4_rwightman-23ab8bcd.pth"}};

std::array<double, 3> triple(const QJsonValue& value) {
    const QJsonArray list = value.toArray();
    return {list[0].toDouble(), list[1].toDouble(), list[2].toDouble()};
}

std::string addressNow(const QJsonObject& theirs) {
    const std::string url = theirs["url"].toString().toStdString();
    const std::size_t name = url.rfind('/') + 1;
    const auto anew = kUploadedAnew.find(url.substr(name));
    return anew == kUploadedAnew.end() ? url : url.substr(0, name) + anew->second;
}

}  // namespace

class WeightCatalogueOracle : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void sameAsTorchvision() {
        const auto catalogue = WeightCatalogue::open();
        QVERIFY(catalogue.ok());
        std::set<std::string> backbones;
        QStringList names;
        for (const WeightEntry& entry : catalogue->entries()) {
            if (!entry.bundled && backbones.insert(entry.backbone).second) {
                names << QString::fromStdString(entry.backbone);
            }
        }
        const auto run = testing::runOracle("weight_catalogue.py", names);
        if (run.missing) {
            QSKIP(qPrintable("torchvision is not there: " + run.reason));
        }
        QVERIFY2(run.ok, qPrintable(run.reason));
        const QJsonObject answers = QJsonDocument::fromJson(run.output).object();
        std::map<std::string, QJsonObject> theirs;
        for (const QJsonValue& list : answers) {
            for (const QJsonValue& facts : list.toArray()) {
                theirs[facts["id"].toString().toStdString()] = facts.toObject();
            }
        }
        for (const WeightEntry& entry : catalogue->entries()) {
            if (entry.bundled) {
                continue;  // Graft's own, see tst_bundled_weights
            }
            QVERIFY2(theirs.count(entry.id), entry.id.c_str());
            compare(entry, theirs.at(entry.id));
        }
    }

 private:
    static void compare(const WeightEntry& entry, const QJsonObject& theirs) {
        qInfo("%s", entry.id.c_str());
        QCOMPARE(entry.url, addressNow(theirs));
        QCOMPARE(entry.isDefault, theirs["default"].toBool());
        QCOMPARE(entry.parameters, theirs["parameters"].toInteger());
        QCOMPARE(entry.top1, theirs["top1"].toDouble());
        QCOMPARE(entry.top5, theirs["top5"].toDouble());
        QCOMPARE(entry.preprocess.resizeSize, theirs["resize"].toInt());
        QCOMPARE(entry.preprocess.inputSize, theirs["crop"].toInt());
        QCOMPARE(QString::fromStdString(entry.interpolation), theirs["interpolation"].toString());
        QVERIFY(entry.preprocess.mean == triple(theirs["mean"]));
        QVERIFY(entry.preprocess.std == triple(theirs["std"]));
    }
};

QTEST_GUILESS_MAIN(WeightCatalogueOracle)
#include "tst_weight_catalogue_oracle.moc"
