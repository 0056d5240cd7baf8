// Features of the frozen part: what their keys tell apart, and that what is kept is what the
// network gives. Training on them is in tst_feature_training.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/nn/batch_tensor.h"
#include "core/train/feature_key.h"
#include "core/train/feature_source.h"
#include "core/train/frozen_layers.h"
#include "core/train/train_options.h"
#include "tests/support/picture_folder.h"

#include <QTemporaryDir>
#include <QtTest>

#include <set>

using namespace graft;

class TestFeatureSource : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase();
    void keysTellEverythingApart();
    void changedFileIsAnotherPicture();
    void sourceEqualsTheNetwork();
    void variantsForSpecs();
    void layersLeftOutAreNamed();

 private:
    static ModelSpec model() {
        ModelSpec spec;
        spec.backbone = "small_cnn";
        spec.imageSize = 32;
        spec.frozen = {"backbone"};
        return spec;
    }

    QTemporaryDir m_dir;
    Dataset m_dataset;
};

void TestFeatureSource::initTestCase() {
    engine::initialize();
    const QString pictures = m_dir.filePath("pictures");
    testing::writePictureFolder(pictures.toStdString(), 2, 60, 40);
    Progress progress;
    m_dataset = *importDataset(pictures.toStdString(), {}, progress);
}

void TestFeatureSource::keysTellEverythingApart() {
    const auto classifier = *Classifier::create(model(), 2, 3);
    const FeatureBoundary boundary = featureBoundary(*classifier, false);
    QVERIFY(boundary.pooled);
    QCOMPARE(boundary.stage, classifier->stageCount() + 1);
    const Preprocess preprocess = classifier->preprocess();
    const FeatureView view{*augmentPreset("light"), 5, 1};
    const std::vector<FeatureMember> members{{"aa", 1}, {"bb", 2}};
    std::set<std::string> keys{featureKey(boundary, preprocess, view, members)};
    const auto isNew = [&](const std::string& key) { return keys.insert(key).second; };
    QVERIFY(!isNew(featureKey(boundary, preprocess, view, members)));
    FeatureView other = view;
    other.seed = 6;
    QVERIFY(isNew(featureKey(boundary, preprocess, other, members)));
    other = view;
    other.variant = 2;
    QVERIFY(isNew(featureKey(boundary, preprocess, other, members)));
    other = view;
    other.augment->strength = 0.5;
    QVERIFY(isNew(featureKey(boundary, preprocess, other, members)));
    QVERIFY(isNew(featureKey(boundary, preprocess, {}, members)));  // evaluation view
    QVERIFY(isNew(featureKey(boundary, preprocess, view, {{"aa", 1}, {"cc", 2}})));
    QVERIFY(isNew(featureKey(boundary, preprocess, view, {{"aa", 1}, {"bb", 3}})));
    QVERIFY(isNew(featureKey(boundary, preprocess, view, {{"aa", 1}})));
    Preprocess wider = preprocess;
    wider.resizeSize += 1;
    QVERIFY(isNew(featureKey(boundary, wider, view, members)));
    FeatureBoundary half = boundary;
    half.type = torch::kBFloat16;
    QVERIFY(isNew(featureKey(half, preprocess, view, members)));
    // Without changes neither seed nor variant nor number play a part.
    QCOMPARE(featureKey(boundary, preprocess, {AugmentSpec(), 9, 9}, {{"aa", 7}, {"bb", 8}}),
             featureKey(boundary, preprocess, {}, members));

    std::set<std::string> digests{boundary.digest};
    const auto digest = [&] {
        return boundaryDigest(*classifier, classifier->frozenBoundary(), torch::kFloat32);
    };
    QVERIFY(!digests.insert(digest()).second);
    classifier->setExact(true);
    QVERIFY(digests.insert(digest()).second);
    classifier->setExact(false);
    QVERIFY(digests.insert(boundaryDigest(*classifier, boundary.stage, torch::kBFloat16)).second);
    classifier->parameters().front().tensor.data_ptr<float>()[0] += 1e-3F;
    QVERIFY(digests.insert(digest()).second);
    for (NamedTensor& buffer : classifier->buffers()) {
        if (buffer.name.find("running_mean") != std::string::npos) {
            buffer.tensor.data_ptr<float>()[0] += 1e-3F;
            break;
        }
    }
    QVERIFY(digests.insert(digest()).second);
    // The head is behind the cut.
    for (NamedTensor& parameter : classifier->parameters()) {
        if (parameter.name == "head.weight") {
            parameter.tensor.data().add_(1);
        }
    }
    QVERIFY(!digests.insert(digest()).second);
    QVERIFY(classifier->setFrozen("block3", false).ok());
    QVERIFY(digests.insert(digest()).second);
}

void TestFeatureSource::changedFileIsAnotherPicture() {
    const QString pictures = m_dir.filePath("changing");
    testing::writePictureFolder(pictures.toStdString(), 2, 5, 40);
    Progress progress;
    const Dataset dataset = *importDataset(pictures.toStdString(), {}, progress);
    std::vector<LoaderItem> items;
    for (const Sample& sample : dataset.samples) {
        items.push_back({sample.id, dataset.imageRef(sample), 0});
    }
    const auto before = contentIdentities(dataset, items);
    for (std::size_t i = 0; i < items.size(); ++i) {
        QCOMPARE(before[i], dataset.samples[i].contentHash);
    }
    // The same size, other pixels: the time tells.
    testing::writeBmp(items[3].image.path, testing::stripes(1, 99, 40));
    QVERIFY(QFile::remove(QString::fromStdString(items[5].image.path)));
    const auto after = contentIdentities(dataset, items);
    for (std::size_t i = 0; i < items.size(); ++i) {
        QCOMPARE(after[i] == before[i], i != 3 && i != 5);
    }
}

void TestFeatureSource::sourceEqualsTheNetwork() {
    for (const char* frozen : {"backbone", "block1"}) {
        ModelSpec spec = model();
        spec.frozen = {frozen};
        const auto classifier = *Classifier::create(spec, 2, 3);
        std::vector<LoaderItem> items;
        for (const Sample& sample : m_dataset.samples) {
            items.push_back({sample.id, m_dataset.imageRef(sample), 0});
        }
        LoaderOptions options;
        options.items = items;
        options.preprocess = classifier->preprocess();
        BatchLoader loader(options);
        const auto cache =
            std::make_shared<FeatureCache>(FeatureCache::Settings{"", 1u << 30, 0});
        FeatureSource source(classifier, cache, items, contentIdentities(m_dataset, items));
        const FeatureBoundary boundary = featureBoundary(*classifier, false);
        source.select(boundary, std::nullopt, 0, 0);
        QCOMPARE(source.missing().size(), source.blockCount());
        std::vector<std::vector<std::size_t>> blocks;
        for (std::size_t i = 0; i < source.blockCount(); ++i) {
            blocks.push_back(source.members(i));
        }
        loader.start(blocks, 0, 0, std::nullopt);
        std::vector<torch::Tensor> direct;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const Batch batch = *loader.next();
            direct.push_back(classifier
                                 ->forwardTo(boundary.stage, pixelTensor(batch))
                                 .clone());
            QVERIFY(source.add(i, batch));
        }
        QVERIFY(source.missing().empty());
        const torch::Tensor all = torch::cat(direct);
        const std::vector<std::size_t> order{77, 3, 32, 31, 0, 119, 3};
        const FeatureSource::Gathered gathered = source.gather(order);
        QVERIFY(gathered.items == order && gathered.lost.empty());
        for (std::size_t i = 0; i < order.size(); ++i) {
            QVERIFY(torch::equal(gathered.features[std::int64_t(i)],
                                 all[std::int64_t(order[i])]));
        }
        const FeatureSource::Gathered block = source.gatherBlock(2);
        QVERIFY(torch::equal(block.features, direct[2]));
        QVERIFY(block.items == blocks[2]);
    }
}

void TestFeatureSource::variantsForSpecs() {
    TrainOptions options;
    AugmentSpec spec;
    QCOMPARE(cachedVariants(options, spec), 1);
    spec.flipHorizontal = 0.5;
    QCOMPARE(cachedVariants(options, spec), 2);
    spec.flipVertical = 0.5;
    QCOMPARE(cachedVariants(options, spec), 2);
    spec.cropMinArea = 0.6;
    QCOMPARE(cachedVariants(options, spec), 8);
    options.augmentVariants = 3;
    QCOMPARE(cachedVariants(options, spec), 3);
    options.augmentVariants = 0;
    QCOMPARE(cachedVariants(options, spec), 0);
    spec.strength = 0;
    QCOMPARE(cachedVariants(options, spec), 1);
}

void TestFeatureSource::layersLeftOutAreNamed() {
    ModelSpec spec;
    spec.backbone = "resnet18";
    spec.imageSize = 64;
    spec.frozen = {"conv1", "layer1", "layer2"};
    const auto classifier = *Classifier::create(spec, 2, 3);
    QCOMPARE(classifier->frozenPrefix(), std::size_t(0));
    QCOMPARE(layersLeftOut(*classifier), std::vector<std::string>{"bn1"});
    QVERIFY(classifier->setFrozen("bn1", true).ok());
    QCOMPARE(classifier->frozenPrefix(), std::size_t(3));
    QVERIFY(layersLeftOut(*classifier).empty());
    // One block of the next stage learns: what is behind it is computed anew in any case.
    for (const char* learning : {"bn1", "layer1.1"}) {
        QVERIFY(classifier->setFrozen(learning, false).ok());
    }
    QVERIFY(layersLeftOut(*classifier).empty());
    // A part of a stage, with nothing frozen behind it, has no work to save.
    for (const char* learning : {"bn1", "layer1", "layer2"}) {
        QVERIFY(classifier->setFrozen(learning, false).ok());
    }
    QVERIFY(layersLeftOut(*classifier).empty());
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    QVERIFY(layersLeftOut(*classifier).empty());
}

QTEST_GUILESS_MAIN(TestFeatureSource)
#include "tst_feature_source.moc"
