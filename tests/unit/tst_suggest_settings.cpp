// Settings by rule from facts about the data, and that a person's own choice always stays.
#include "core/train/settings_words.h"
#include "core/train/suggest_settings.h"

#include "core/nn/catalog.h"

#include <nlohmann/json.hpp>

#include <QtTest>

using namespace graft;

namespace {

DatasetFacts photos(std::int64_t count) {
    DatasetFacts facts;
    facts.pictures = count;
    facts.trainPictures = count * 8 / 10;
    facts.smallestClass = facts.largestClass = facts.trainPictures / 2;
    facts.medianSide = 375;
    facts.classes = {"ants", "bees"};
    return facts;
}

std::vector<AvailableNetwork> mobilenet() {
    return {{"mobilenet_v2", "/w/mobilenet_v2.pth", 71.9, 1.5}};
}

}  // namespace

class TestSuggestSettings : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void factsOfADataset() {
        Dataset dataset;
        dataset.classes = {{1, "a"}, {2, "b"}, {3, "nobody"}};
        const auto add = [&](ClassId label, Split split, int width, int height) {
            Sample sample;
            sample.id = SampleId(dataset.samples.size()) + 1;
            sample.label = label;
            sample.split = split;
            sample.width = width;
            sample.height = height;
            dataset.samples.push_back(sample);
        };
        add(1, Split::Train, 100, 50);
        add(1, Split::Train, 100, 70);
        add(1, Split::Validation, 90, 200);
        add(2, Split::Train, 100, 300);
        add(2, Split::Test, 10, 20);
        add(2, Split::Train, 1000, 1000);
        dataset.samples.back().excluded = true;
        const DatasetFacts facts = datasetFacts(dataset);
        QCOMPARE(facts.pictures, 5);
        QCOMPARE(facts.trainPictures, 3);
        QCOMPARE(facts.smallestClass, 1);
        QCOMPARE(facts.largestClass, 2);
        QCOMPARE(facts.medianSide, 70);  // of 10 50 70 90 100
        QVERIFY(facts.classes == std::vector<std::string>({"a", "b"}));
        QVERIFY(datasetFacts(Dataset()) == DatasetFacts());
    }

    // BiT-HyperRule: about 500 updates up to 20,000 pictures, small pictures at 128 px.
    void updatesAreAboutFiveHundred() {
        for (const std::int64_t count : {600, 2000, 2600, 4000}) {
            const TrainOptions options =
                suggestSettings(photos(count), mobilenet()).settings.options;
            const double steps =
                double(options.epochs) * double(photos(count).trainPictures) / options.batchSize;
            const int most = photos(count).trainPictures < 2000 ? 8 : 10;
            QVERIFY2(options.epochs == most || (steps >= 500 && steps < 700),
                     qPrintable(QString("%1: %2").arg(count).arg(steps)));
        }
        QCOMPARE(suggestSettings(photos(300), mobilenet()).settings.options.epochs, 8);
        const std::vector<AvailableNetwork> vit{{"vit_b_16", "/w/vit.pth", 81, 90}};
        QCOMPARE(suggestSettings(photos(300), vit).settings.options.epochs, 20);
        QCOMPARE(suggestSettings(photos(100000), mobilenet()).settings.options.epochs, 4);
        QCOMPARE(suggestSettings(photos(1000), {}).settings.options.epochs, 0);
        DatasetFacts small = photos(1000);
        small.medianSide = 32;
        QCOMPARE(suggestSettings(small, mobilenet()).settings.model.imageSize, 128);
        // Up to 128 px only many of them.
        DatasetFacts many = small;
        many.trainPictures = 1000;
        many.medianSide = 128;
        QCOMPARE(suggestSettings(many, mobilenet()).settings.model.imageSize, 160);
        many.trainPictures = 999;
        QCOMPARE(suggestSettings(many, mobilenet()).settings.model.imageSize, 0);
        many.trainPictures = 1000;
        many.medianSide = 129;
        QCOMPARE(suggestSettings(many, mobilenet()).settings.model.imageSize, 0);
        QCOMPARE(suggestSettings(photos(1000), mobilenet()).settings.model.imageSize, 0);
        const std::vector<AvailableNetwork> tiny{{"graft_nano", "/w/nano.safetensors", 0, 1}};
        QCOMPARE(suggestSettings(small, tiny).settings.model.imageSize, 0);
        // Few photos are looked at more closely by a network that is made for small pictures.
        QCOMPARE(suggestSettings(photos(300), tiny).settings.model.imageSize, 96);
        QCOMPARE(suggestSettings(photos(300), tiny).settings.options.epochs, 20);
        QCOMPARE(suggestSettings(photos(1000), tiny).settings.model.imageSize, 0);
        // What a small network knows is a start only: more rounds, all of it at one speed.
        small.trainPictures = 300;
        const TrainOptions course = suggestSettings(small, tiny).settings.options;
        QCOMPARE(course.epochs, 40);
        QCOMPARE(course.backboneRateFactor, 1.0);
        QCOMPARE(course.averageDecay, 0.98);
        QCOMPARE(course.clipGradient, 5.0);
        QCOMPARE(suggestSettings(photos(1000), tiny).settings.options.epochs, 15);
        QCOMPARE(suggestSettings(photos(1000), tiny).settings.options.backboneRateFactor, 1.0);
        QCOMPARE(suggestSettings(photos(1000), mobilenet()).settings.options.backboneRateFactor,
                 TrainOptions{}.backboneRateFactor);
    }

    // Few pictures: what a large network sees first is known well enough.
    void earlyPartsOfALargeNetworkStayFrozenForFewPictures() {
        const std::vector<std::string> early = findBackbone("mobilenet_v2")->earlyStages;
        QVERIFY(!early.empty());
        const Suggestion few = suggestSettings(photos(1000), mobilenet());
        QCOMPARE(few.settings.model.frozen, early);
        QCOMPARE(few.settings.options.augmentVariants, 2);
        const Suggestion many = suggestSettings(photos(5000), mobilenet());
        QVERIFY(many.settings.model.frozen.empty());
        QCOMPARE(many.settings.options.augmentVariants, TrainOptions{}.augmentVariants);
        QVERIFY(suggestSettings(photos(1000), {}).settings.model.frozen.empty());
    }

    void aChosenNetworkIsFittedToTheData() {
        ModelSpec model;
        model.backbone = "resnet18";
        const ModelSpec scratch = model;
        QVERIFY(fitToData(photos(1000), model).empty());
        QCOMPARE(model, scratch);  // nothing is known that could be kept
        model.weightsPath = "/w/resnet18.pth";
        QCOMPARE(fitToData(photos(1000), model).size(), std::size_t(1));
        QCOMPARE(model.frozen, (std::vector<std::string>{"stem", "layer1", "layer2", "layer3"}));
        ModelSpec chosen = scratch;
        chosen.weightsPath = model.weightsPath;
        chosen.frozen = {"stem"};
        chosen.imageSize = 160;
        const ModelSpec before = chosen;
        DatasetFacts small = photos(1000);
        small.medianSide = 32;
        QVERIFY(fitToData(small, chosen).empty());
        QCOMPARE(chosen, before);
    }

    void networkIsTheFirstThatIsHere() {
        const Suggestion with = suggestSettings(photos(1000), mobilenet());
        QCOMPARE(with.settings.model.backbone, std::string("mobilenet_v2"));
        QCOMPARE(with.settings.model.weightsPath, std::string("/w/mobilenet_v2.pth"));
        const Suggestion without = suggestSettings(photos(1000), {});
        QCOMPARE(without.settings.model, ModelSpec());
        QVERIFY(without.reasons.front().find("from scratch") != std::string::npos);
    }

    void mirroringIsQuestionedWhereItChangesTheMeaning_data() {
        QTest::addColumn<QStringList>("names");
        QTest::addColumn<bool>("warned");
        QTest::newRow("animals") << QStringList{"ants", "bees"} << false;
        QTest::newRow("digits") << QStringList{"0", "1", "9"} << true;
        QTest::newRow("two digits") << QStringList{"10", "11"} << true;
        QTest::newRow("letters") << QStringList{"a", "b"} << true;
        QTest::newRow("some letters") << QStringList{"a", "bees"} << false;
        QTest::newRow("sides") << QStringList{"turn left", "turn_right"} << true;
        QTest::newRow("one side") << QStringList{"left over", "fresh"} << false;
        QTest::newRow("in words") << QStringList{"digit seven", "digit two"} << true;
        QTest::newRow("not a word") << QStringList{"bright", "cleft"} << false;
        QTest::newRow("one class") << QStringList{"7"} << false;
        QTest::newRow("none") << QStringList() << false;
    }

    void mirroringIsQuestionedWhereItChangesTheMeaning() {
        QFETCH(QStringList, names);
        QFETCH(bool, warned);
        DatasetFacts facts = photos(1000);
        facts.classes.clear();
        for (const QString& name : names) {
            facts.classes.push_back(name.toStdString());
        }
        QCOMPARE(!mirrorWarning(facts.classes).empty(), warned);
        const Settings settings = suggestSettings(facts, mobilenet()).settings;
        QCOMPARE(settings.augment.flipHorizontal, warned ? 0.0 : 0.5);
        Settings own = settings;
        own.augment.flipHorizontal = 0.5;
        QCOMPARE(!settingsWords(facts, own).warning.empty(), warned);
    }

    void unevenClassesCountAlike() {
        DatasetFacts facts = photos(1000);
        QCOMPARE(suggestSettings(facts, {}).settings.options.balance, std::string("none"));
        facts.smallestClass = 100;
        facts.largestClass = 300;
        QCOMPARE(suggestSettings(facts, {}).settings.options.balance, std::string("weights"));
    }

    void everySuggestionIsAllowed() {
        for (const std::int64_t count : {0, 1, 2, 5, 30, 199, 200, 5000, 1000000}) {
            for (const auto& networks : {std::vector<AvailableNetwork>(), mobilenet()}) {
                const Settings settings = suggestSettings(photos(count), networks).settings;
                for (const auto& row : trainFields().rows()) {
                    QVERIFY(checkField(row.info, row.get(settings.options)).ok());
                }
                for (const auto& row : augmentFields().rows()) {
                    QVERIFY(checkField(row.info, row.get(settings.augment)).ok());
                }
            }
        }
    }

    // Each option in turn is changed by hand: it stays, everything else follows the data.
    void whatAPersonChoseStays() {
        const Settings base;
        const Advice first = adviseSettings(photos(1000), mobilenet(), base, base);
        QVERIFY(first.settings == first.suggested);
        for (const auto& row : trainFields().rows()) {
            Settings mine = first.settings;
            const FieldValue old = row.get(mine.options);
            FieldValue other = old;
            if (auto* flag = std::get_if<bool>(&other)) {
                *flag = !*flag;
            } else if (auto* number = std::get_if<std::int64_t>(&other)) {
                *number += 1;
            } else if (auto* real = std::get_if<double>(&other)) {
                *real = 0.75 * *real + 0.01;
            } else {
                for (const std::string& choice : row.info.choices) {
                    other = choice == std::get<std::string>(old) ? other : FieldValue(choice);
                }
            }
            QVERIFY2(!(other == old), row.info.key.c_str());
            row.put(mine.options, other);
            const Advice next =
                adviseSettings(photos(150), mobilenet(), first.suggested, mine);
            QVERIFY2(row.get(next.settings.options) == other, row.info.key.c_str());
            const bool other2 = row.info.key == "epochs" || next.settings.options.epochs == 8;
            QVERIFY2(other2, row.info.key.c_str());
            // And it stays the next time, too.
            const Advice later =
                adviseSettings(photos(3000), mobilenet(), next.suggested, next.settings);
            QVERIFY(row.get(later.settings.options) == other);
        }
        Settings network = first.settings;
        network.model.backbone = "resnet18";
        network.model.weightsPath.clear();
        const Advice kept = adviseSettings(photos(1000), mobilenet(), first.suggested, network);
        QCOMPARE(kept.settings.model, network.model);
        QCOMPARE(kept.settings.options.epochs, 0);  // from scratch more rounds are needed
    }

    void aNetworkThatIsGivenIsKeptEvenIfItIsTheUsualOne() {
        const Settings base;
        const Advice advice = adviseSettings(photos(1000), mobilenet(), base, base, true);
        QCOMPARE(advice.settings.model, base.model);
        QCOMPARE(advice.settings.options.epochs, 0);
        QCOMPARE(advice.settings.augment.flipHorizontal, 0.5);
    }

    void betterWeightsThatArriveAreTaken() {
        const Settings base;
        const Advice before = adviseSettings(photos(1000), {}, base, base);
        const Advice after =
            adviseSettings(photos(1000), mobilenet(), before.suggested, before.settings);
        QCOMPARE(after.settings.model.backbone, std::string("mobilenet_v2"));
        QCOMPARE(after.settings.options.epochs, 8);
    }

    void survivesJson() {
        Settings settings = suggestSettings(photos(150), mobilenet()).settings;
        settings.model.frozen = {"backbone"};
        settings.options.quickModel = false;
        QVERIFY(settingsFromJson(toJson(settings)) == settings);
        QVERIFY(settingsFromJson(nlohmann::json()) == Settings());
        QVERIFY(settingsFromJson({{"options", 3}, {"model", "x"}}) == Settings());
    }

    void sentence() {
        SettingsWords words;
        words.pictures = 1000;
        words.classes = 2;
        words.backbone = "mobilenet_v2";
        words.pretrained = true;
        words.imageSize = 224;
        words.mirrored = words.cropped = true;
        words.rounds = 10;
        QCOMPARE(settingsSentence(words),
                 std::string("1,000 pictures in 2 classes: mobilenet_v2 at 224 px, mirrored and "
                             "cropped, 10 rounds."));
        words.partsFrozen = true;
        QVERIFY(settingsSentence(words).find(" 224 px, partly frozen, mirrored") !=
                std::string::npos);
        words = settingsWords(photos(1234567), Settings());
        QCOMPARE(words.rounds, 40);
        QVERIFY(settingsSentence(words).starts_with(
            "1,234,567 pictures in 2 classes: small_cnn from scratch at "));
        QVERIFY(settingsSentence(words).find("pictures as they are") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestSuggestSettings)
#include "tst_suggest_settings.moc"
