// A traced network answers like the live one for batches of 1, 2 and 5: nothing of the batch that
// it was traced with stays in it. Small pictures: the trace is the same at any size.
#include "core/deploy/torchscript_export.h"
#include "core/nn/catalog.h"
#include "tests/support/small_networks.h"

#include <QtTest>

using namespace graft;
using namespace graft::testing;

class TracedBackbones : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void sameAnswers_data();
    void sameAnswers();
};

void TracedBackbones::sameAnswers_data() {
    QTest::addColumn<QString>("id");
    for (const BackboneInfo& info : backboneCatalog()) {
        // The larger ones of a family repeat the same blocks.
        if (info.parameters < 30'000'000 || info.id == "vit_b_32") {
            QTest::newRow(info.id.c_str()) << QString::fromStdString(info.id);
        }
    }
}

void TracedBackbones::sameAnswers() {
    QFETCH(QString, id);
    const BackboneInfo info = *findBackbone(id.toStdString());
    ModelSpec spec = specOf(info.id);
    spec.imageSize = std::max(info.minImageSize, 64);
    const auto classifier = make(spec);
    QVERIFY(classifier != nullptr);
    classifier->setTraining(false);
    {
        // Large answers, so that the comparison of the export is strict.
        const torch::NoGradGuard noGrad;
        const torch::Tensor features = classifier->features(pictures(1, 4, spec.imageSize));
        classifier->scaleHeadTo(features);
    }
    const auto script =
        scriptNetwork({&classifier->module(),
                       [&classifier](const torch::Tensor& x) { return classifier->forward(x); },
                       classifier->preprocess()});
    QVERIFY2(script.ok(), script.ok() ? "" : script.error().text().c_str());
    const torch::NoGradGuard noGrad;
    for (const int batch : {1, 2, 5}) {
        const torch::Tensor x = pictures(batch, batch, spec.imageSize);
        const torch::Tensor live = classifier->forward(x);
        const torch::Tensor traced = script->get_method("network")({x}).toTensor();
        QCOMPARE(traced.sizes().vec(), live.sizes().vec());
        QVERIFY2(
            (traced - live).abs().max().item<double>() <= 1e-4 * live.abs().max().item<double>(),
            qPrintable(QString("batch of %1").arg(batch)));
        QVERIFY(live.std().item<double>() > 1e-3);
    }
}

QTEST_GUILESS_MAIN(TracedBackbones)
#include "tst_traced_backbones.moc"
