// The weights that come with Graft: the file is the one of the catalogue and of its card, fits its
// network, and is found without a network or a setting. Graft works where it is missing.
#include "core/nn/catalog.h"
#include "core/nn/weights/weight_catalogue.h"
#include "core/base/hash.h"
#include "tests/support/small_networks.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>

using namespace graft;
using namespace graft::testing;

class BundledWeightsTest : public QObject {
    Q_OBJECT

    std::optional<WeightEntry> m_entry;
    QString m_folder = GRAFT_SOURCE_DIR "/resources/weights/";

 private Q_SLOTS:
    void initTestCase() {
        const auto catalogue = WeightCatalogue::open();
        QVERIFY(catalogue.ok());
        for (const WeightEntry& entry : catalogue->entries()) {
            if (entry.bundled) {
                QVERIFY2(!m_entry, "there is one");
                m_entry = entry;
            }
        }
        if (!m_entry || !QFile::exists(m_folder + QString::fromStdString(m_entry->fileName()))) {
            QSKIP("the sources came without the weights");
        }
    }

    void isFoundBesideTheProgram() {
        const auto folder = bundledWeightsFolder();
        QVERIFY(folder);
        const auto file = findInHubCache(*m_entry);  // reads all of it
        QVERIFY(file);
        QVERIFY(*file == *folder / m_entry->fileName());
        QCOMPARE(findByName(*m_entry), file);
        for (const char* name : {"graft_nano.md", "graft_nano.json", "LICENSE.md"}) {
            QVERIFY2(std::filesystem::exists(*folder / name), name);
        }
    }

    void fitsItsNetwork() {
        const std::string path = findInHubCache(*m_entry)->string();
        QVERIFY(std::filesystem::file_size(path) < 6'000'000);
        const auto report = checkWeights(path, m_entry->backbone);
        QVERIFY(report.ok());
        QVERIFY2(report->usable, report->sentence.c_str());
        QVERIFY(report->unexpected.empty());
        QVERIFY(report->license.find("non-commercial") != std::string::npos);
        QVERIFY(report->preprocess == m_entry->preprocess);
        ModelSpec spec = specOf(m_entry->backbone);
        spec.weightsPath = path;
        const auto classifier = make(spec);
        QVERIFY(classifier);
        // As smooth as photos are; white noise says nothing to a trained network.
        const torch::Tensor x = torch::upsample_bilinear2d(pictures(1, 8, 8), {64, 64}, false);
        const torch::Tensor features = classifier->features(x).mean({2, 3});
        QVERIFY(features.isfinite().all().item<bool>());
        // Trained features differ from picture to picture in most of their numbers.
        QVERIFY((features.std(0) > 1e-3).sum().item<std::int64_t>() > 256);
    }

    void cardTellsOfThisFile() {
        QFile file(m_folder + "graft_nano.json");
        QVERIFY(file.open(QFile::ReadOnly));
        const QJsonObject card = QJsonDocument::fromJson(file.readAll()).object();
        const auto sha256 =
            sha256File((m_folder + QString::fromStdString(m_entry->fileName())).toStdString());
        QCOMPARE(card["sha256"].toString().toStdString(), *sha256);
        QVERIFY(sha256->starts_with(m_entry->sha256));
        QCOMPARE(card["backbone"].toString().toStdString(), m_entry->backbone);
        const QJsonObject result = card["result"].toObject();
        QVERIFY(result["validation_accuracy"].toDouble() >= 0.48);
        QVERIFY(std::abs(100 * result["validation_accuracy"].toDouble() - m_entry->top1) < 0.05);
    }
};

QTEST_GUILESS_MAIN(BundledWeightsTest)
#include "tst_bundled_weights.moc"
