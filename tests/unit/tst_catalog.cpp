// The catalog tells the truth about each network: its size, its tree, its smallest picture; and
// its random start depends on the seed alone.
#include "core/nn/catalog.h"
#include "core/nn/classifier.h"
#include "tests/support/small_networks.h"

#include <QtTest>

#include <set>

using namespace graft;
using namespace graft::testing;

namespace {

std::int64_t leafSum(const LayerNode& node, std::set<std::string>* paths) {
    paths->insert(node.path);
    if (node.children.empty()) {
        return node.parameters;
    }
    std::int64_t sum = 0;
    for (const LayerNode& child : node.children) {
        sum += leafSum(child, paths);
    }
    return sum;
}

}  // namespace

class CatalogTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void catalogTellsTheTruth_data();
    void catalogTellsTheTruth();
    void smallestSizeWorks_data();
    void smallestSizeWorks();
    void seedAlone_data();
    void seedAlone();
};

void CatalogTest::catalogTellsTheTruth_data() {
    QTest::addColumn<QString>("id");
    for (const BackboneInfo& info : backboneCatalog()) {
        QTest::newRow(info.id.c_str()) << QString::fromStdString(info.id);
    }
    QCOMPARE(backboneCatalog().size(), std::size_t(46));
}

void CatalogTest::catalogTellsTheTruth() {
    QFETCH(QString, id);
    const auto info = findBackbone(id.toStdString());
    QVERIFY(info.ok());
    const auto tree = layerTree(info->id, 5);
    QVERIFY(tree.ok());
    ModelSpec spec = specOf(info->id);
    spec.imageSize = info->defaultImageSize;
    const auto classifier = make(spec, 1, 5);
    std::int64_t total = 0;
    for (const NamedTensor& entry : classifier->parameters()) {
        total += entry.tensor.numel();
    }
    const LayerNode& head = tree->children.back();
    QCOMPARE(head.path, std::string("head"));
    QCOMPARE(tree->parameters, total);
    QCOMPARE(classifier->trainableCount(), total);
    QCOMPARE(tree->parameters - head.parameters, info->parameters);
    std::set<std::string> paths;
    QCOMPARE(leafSum(*tree, &paths), total);
    // What counts as early is the tree's beginning, and something is left to learn.
    QVERIFY(info->earlyStages.size() + 1 < tree->children.size());
    for (std::size_t i = 0; i < info->earlyStages.size(); ++i) {
        QCOMPARE(tree->children[i].path, info->earlyStages[i]);
    }
    // Each path of the tree can be frozen, and freezes exactly what the tree counts.
    const std::function<void(const LayerNode&)> check = [&](const LayerNode& node) {
        QVERIFY2(!node.label.empty(), node.path.c_str());
        QVERIFY2(classifier->setFrozen(node.path, true).ok(), node.path.c_str());
        QCOMPARE(total - classifier->trainableCount(), node.parameters);
        QVERIFY(classifier->setFrozen(node.path, false).ok());
        for (const LayerNode& child : node.children) {
            QVERIFY2(layerIsInside(child.path, node.path), child.path.c_str());
            check(child);
        }
    };
    check(*tree);
}

void CatalogTest::smallestSizeWorks_data() {
    catalogTellsTheTruth_data();
}

void CatalogTest::smallestSizeWorks() {
    QFETCH(QString, id);
    const auto info = findBackbone(id.toStdString());
    ModelSpec spec = specOf(info->id);
    spec.imageSize = info->minImageSize;
    const auto classifier = make(spec, 1, 5);
    // In training, too, where a batch norm needs more than one value for a channel.
    classifier->setTraining(true);
    const torch::Tensor logits = classifier->forward(pictures(1, 2, info->minImageSize));
    QCOMPARE(logits.sizes().vec(), (std::vector<std::int64_t>{2, 5}));
    QVERIFY(logits.isfinite().all().item<bool>());
    logits.square().sum().backward();
    for (const NamedTensor& entry : classifier->parameters()) {
        QVERIFY2(entry.tensor.grad().defined(), entry.name.c_str());
    }
    // Each stage has a name of its own.
    std::set<std::size_t> stages;
    for (std::size_t i = 0; i + 1 < classifier->tree().children.size(); ++i) {
        if (const auto stage = classifier->stageNamed(classifier->tree().children[i].path)) {
            stages.insert(*stage);
        }
    }
    QCOMPARE(stages.size(), classifier->stageCount());
    QVERIFY(stages.size() >= 4 && stages.size() <= 20);
    --spec.imageSize;
    QVERIFY(!Classifier::create(spec, 5, 1).ok());
}

void CatalogTest::seedAlone_data() {
    QTest::addColumn<QString>("id");
    for (const BackboneInfo& info : backboneCatalog()) {
        // The larger ones of a family are built and started by the same code.
        if (info.parameters < 12'000'000 || info.id == "swin_t" || info.id == "vit_b_32") {
            QTest::newRow(info.id.c_str()) << QString::fromStdString(info.id);
        }
    }
}

void CatalogTest::seedAlone() {
    QFETCH(QString, id);
    const ModelSpec spec = specOf(id.toStdString());
    torch::manual_seed(1);
    const auto first = make(spec, 7);
    const torch::Tensor drawn = torch::rand({1});
    torch::manual_seed(99);
    const auto second = make(spec, 7);
    QVERIFY(hashesOf(*first) == hashesOf(*second));
    torch::manual_seed(1);
    QVERIFY(torch::equal(drawn, torch::rand({1})));  // building draws nothing of the global stream
    const auto other = make(spec, 8);
    QVERIFY(hashesOf(*first) != hashesOf(*other));
    // More classes, same backbone.
    const auto more = make(spec, 7, 9);
    Hashes expected = hashesOf(*first);
    Hashes found = hashesOf(*more);
    for (const char* name : {"head.weight", "head.bias"}) {
        QVERIFY(expected.erase(name) == 1 && found.erase(name) == 1);
    }
    QVERIFY(expected == found);
    for (const NamedTensor& entry : first->parameters()) {
        const bool constant = entry.name == "class_token";
        const bool weight = entry.tensor.dim() > 1 && !constant;
        QVERIFY2(!weight || entry.tensor.std().item<double>() > 1e-4, entry.name.c_str());
    }
}

QTEST_GUILESS_MAIN(CatalogTest)
#include "tst_catalog.moc"
