// The layer tree: freezing at any depth, the shortest list of what is frozen, factors inherited.
#include "ui/models/layer_tree_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QtTest>

using namespace graft;
using namespace graft::ui;

namespace {

LayerNode leaf(const char* path, std::int64_t parameters) {
    return {path, path, "conv", parameters, {}};
}

LayerNode tree() {
    LayerNode root{"", "net", "", 1110, {}};
    LayerNode stem{"stem", "Stem", "stage", 100, {leaf("conv1", 60), leaf("bn1", 40)}};
    LayerNode block{"layer1.0",
                    "Block 1",
                    "block",
                    600,
                    {leaf("layer1.0.conv1", 400), leaf("layer1.0.conv2", 200)}};
    LayerNode layer1{"layer1", "Stage 1", "stage", 1000, {block, leaf("layer1.1", 400)}};
    root.children = {stem, layer1, {"head", "Head", "head", 10, {}}};
    return root;
}

class Rig {
 public:
    Rig() { model.setTree(tree()); }
    LayerTreeModel model;
    QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::Fatal};

    QModelIndex at(const char* path, int column) {
        const QModelIndex found = model.indexOf(path);
        return found.siblingAtColumn(column);
    }
    Qt::CheckState state(const char* path) {
        return Qt::CheckState(
            at(path, LayerTreeModel::FrozenColumn).data(Qt::CheckStateRole).toInt());
    }
    bool freeze(const char* path, bool on) {
        return model.setData(at(path, LayerTreeModel::FrozenColumn),
                             int(on ? Qt::Checked : Qt::Unchecked), Qt::CheckStateRole);
    }
};

using Paths = std::vector<std::string>;

}  // namespace

class TestLayerTreeModel : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void freezesAtAnyDepth() {
        Rig r;
        QSignalSpy edits(&r.model, &LayerTreeModel::frozenEdited);
        QCOMPARE(r.model.trainableCount(), 1110);
        QVERIFY(r.freeze("layer1.0.conv1", true));
        QCOMPARE(r.state("layer1.0.conv1"), Qt::Checked);
        QCOMPARE(r.state("layer1.0"), Qt::PartiallyChecked);
        QCOMPARE(r.state("layer1"), Qt::PartiallyChecked);
        QCOMPARE(r.state("stem"), Qt::Unchecked);
        QCOMPARE(r.model.frozen(), (Paths{"layer1.0.conv1"}));
        QVERIFY(r.freeze("layer1", true));
        QCOMPARE(r.state("layer1.0.conv2"), Qt::Checked);
        QCOMPARE(r.model.frozen(), (Paths{"layer1"}));
        QCOMPARE(r.model.trainableCount(), 110);
        QVERIFY(r.freeze("layer1.1", false));
        QCOMPARE(r.model.frozen(), (Paths{"layer1.0"}));
        QCOMPARE(edits.count(), 3);
        QCOMPARE(edits[1][0].toString(), QString("layer1"));
        QCOMPARE(edits[1][1].toBool(), true);
    }

    void namesAStageByItsOwnPath() {
        // "stem" is no prefix of "conv1", but stands for just its layers.
        Rig r;
        QVERIFY(r.freeze("stem", true));
        QCOMPARE(r.model.frozen(), (Paths{"stem"}));
    }

    void saysBackboneWhenAllButTheHeadIsFrozen() {
        Rig r;
        QVERIFY(!r.model.backboneIsFrozen());
        r.freeze("stem", true);
        r.freeze("layer1", true);
        QCOMPARE(r.model.frozen(), (Paths{"backbone"}));
        QVERIFY(r.model.backboneIsFrozen());
        QCOMPARE(r.model.trainableCount(), 10);
        r.freeze("head", true);
        QCOMPARE(r.model.frozen(), (Paths{"backbone", "head"}));
        r.model.setChoice({"backbone"}, {});
        QCOMPARE(r.state("conv1"), Qt::Checked);
        QCOMPARE(r.state("head"), Qt::Unchecked);
        r.model.setChoice({}, {});
        QVERIFY(r.model.frozen().empty());
    }

    void factorsOfTheDeepestGroupCount() {
        Rig r;
        r.model.setChoice({}, {{"backbone", 0.5}, {"layer1", 0.1}});
        const auto factor = [&](const char* path) {
            return r.at(path, LayerTreeModel::RateColumn).data(Qt::EditRole).toDouble();
        };
        QCOMPARE(factor("conv1"), 0.5);
        QCOMPARE(factor("layer1.0.conv1"), 0.1);
        QCOMPARE(factor("head"), 1.0);
        QSignalSpy edits(&r.model, &LayerTreeModel::rateFactorEdited);
        const QModelIndex cell = r.at("layer1.0", LayerTreeModel::RateColumn);
        QVERIFY(cell.flags().testFlag(Qt::ItemIsEditable));
        QVERIFY(r.model.setData(cell, 0.02, Qt::EditRole));
        QCOMPARE(factor("layer1.0.conv2"), 0.02);
        QCOMPARE(factor("layer1.1"), 0.1);
        QVERIFY(!r.model.setData(cell, -1, Qt::EditRole));
        QVERIFY(!r.model.setData(cell, "abc", Qt::EditRole));
        QCOMPARE(edits.count(), 1);
        QCOMPARE(r.model.rateFactors().at("layer1.0"), 0.02);
    }

    void readOnlyMeansReadOnly() {
        Rig r;
        r.model.setEditable(false);
        QVERIFY(!r.freeze("layer1", true));
        QVERIFY(!r.at("layer1", LayerTreeModel::FrozenColumn)
                     .flags()
                     .testFlag(Qt::ItemIsUserCheckable));
        QVERIFY(r.model.frozen().empty());
    }

    void saysItsStateInWords() {
        Rig r;
        r.freeze("layer1.0.conv1", true);
        const auto words = [&](const char* path) {
            return r.at(path, LayerTreeModel::FrozenColumn).data(Qt::AccessibleTextRole).toString();
        };
        QCOMPARE(words("stem"), QString("Stem: learns"));
        QCOMPARE(words("layer1"), QString("Stage 1: partly frozen"));
        QCOMPARE(words("layer1.0.conv1"), QString("layer1.0.conv1: frozen"));
    }
};

QTEST_GUILESS_MAIN(TestLayerTreeModel)
#include "tst_layer_tree_model.moc"
