// What is special to some backbones: stochastic depth, stage names, the weights that older or other
// files have for them, the first convolution for other numbers of channels.
#include "core/nn/catalog.h"
#include "core/nn/input_channels.h"
#include "core/nn/layers.h"
#include "tests/support/small_networks.h"
#include "tests/support/weight_drafts.h"

#include <ATen/CPUGeneratorImpl.h>

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

using namespace graft;
using namespace graft::testing;

class BackbonesTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void dropPath();
    void keepMaskIsFair();
    void stochasticDepth_data();
    void stochasticDepth();
    void stageNames_data();
    void stageNames();
    void oldDenseNetNames();
    void leftOut_data();
    void leftOut();
    void normOfConvNeXtIsRead();
    void positionsFollowTheImageSize();
    void pixelsAroundZero_data();
    void pixelsAroundZero();
    void inputChannels();

 private:
    QTemporaryDir m_folder;
};

void BackbonesTest::dropPath() {
    DropPath drop(0.3);
    const torch::Tensor branch = torch::ones({4000, 2, 3, 3});
    QVERIFY(torch::equal(drop.forward(branch), branch));  // nothing to draw from
    at::Generator generator = at::detail::createCPUGenerator(5);
    drop.setGenerator(generator);
    const torch::Tensor dropped = drop.forward(branch);
    // A picture as a whole, or not at all; the mean stays.
    const torch::Tensor pictures = dropped.flatten(1);
    QVERIFY(torch::equal(std::get<0>(pictures.min(1)), std::get<0>(pictures.max(1))));
    const double scale = 65536 / std::round(0.7 * 65536);
    QVERIFY(torch::all((pictures == 0).logical_or((pictures - scale).abs() < 1e-6)).item<bool>());
    QVERIFY(std::abs(dropped.mean().item<double>() - 1) < 0.05);
    QVERIFY(std::abs((pictures.select(1, 0) == 0).sum().item<double>() / 4000 - 0.3) < 0.03);
    drop.eval();
    QVERIFY(torch::equal(drop.forward(branch), branch));
}

void BackbonesTest::keepMaskIsFair() {
    const auto mask = [](std::vector<std::int64_t> sizes, double keep, std::uint64_t seed) {
        return keepMask(sizes, keep, at::detail::createCPUGenerator(seed));
    };
    for (const double wished : {0.05, 0.5, 0.8, 0.999}) {
        const double keep = std::round(wished * 65536) / 65536;
        const torch::Tensor one = mask({501, 399}, keep, 3);
        QVERIFY(torch::equal(one, mask({501, 399}, keep, 3)));
        QVERIFY(!torch::equal(one, mask({501, 399}, keep, 4)));
        const torch::Tensor kept = one > 0;
        QVERIFY(torch::equal(one, kept.to(torch::kFloat32) / keep));
        const double spread = std::sqrt(keep * (1 - keep));
        const auto share = [](const torch::Tensor& t) {
            return t.to(torch::kFloat64).mean().item<double>();
        };
        const double error = 5 * spread / std::sqrt(double(one.numel()));
        QVERIFY(std::abs(share(kept) - keep) < error);
        // Places that come from one drawn number know nothing of each other.
        const torch::Tensor row = kept.flatten();
        for (const std::int64_t apart : {1, 2, 3, 4}) {
            const torch::Tensor both =
                row.slice(0, apart).logical_and(row.slice(0, 0, row.numel() - apart));
            const double pairSpread = std::sqrt(keep * keep * (1 - keep * keep));
            QVERIFY(std::abs(share(both) - keep * keep) <
                    10 * pairSpread / std::sqrt(double(one.numel())));
        }
    }
    QCOMPARE(mask({1, 1, 1}, 0.5, 1).sizes().vec(), (std::vector<std::int64_t>{1, 1, 1}));
    QCOMPARE(mask({7}, 1e-9, 1).numel(), std::int64_t(7));
}

void BackbonesTest::stochasticDepth_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("blocks");
    QTest::newRow("efficientnet_b0") << "efficientnet_b0"
                                     << "features.1-7";
    QTest::newRow("convnext_tiny") << "convnext_tiny"
                                   << "features.1-7";
    QTest::newRow("swin_t") << "swin_t"
                            << "features.1-7";
}

void BackbonesTest::stochasticDepth() {
    QFETCH(QString, id);
    QFETCH(QString, blocks);
    ModelSpec spec = specOf(id.toStdString());
    spec.imageSize = 32;
    spec.dropout = 0;
    const auto classifier = make(spec);
    {
        // A branch that does nothing is not missed.
        const torch::NoGradGuard noGrad;
        for (const NamedTensor& entry : classifier->parameters()) {
            if (entry.name.find("layer_scale") != std::string::npos) {
                torch::Tensor(entry.tensor).fill_(0.5);
            }
        }
    }
    const torch::Tensor x = pictures(1, 8, 32);
    const auto run = [&](std::uint64_t seed) {
        classifier->setDropoutSeed(seed);
        return classifier->forward(x).detach();
    };
    QVERIFY(torch::equal(run(1), run(2)));  // eval
    classifier->setTraining(true);
    torch::manual_seed(3);
    const torch::Tensor one = run(1);
    torch::manual_seed(4);
    QVERIFY(torch::equal(one, run(1)));
    bool drawn = false;
    for (std::uint64_t seed = 2; seed < 20; ++seed) {
        drawn = drawn || !torch::equal(one, run(seed));
    }
    QVERIFY(drawn);
    // Frozen blocks are never left out, also where something before them learns.
    QVERIFY(classifier->setFrozen(blocks.toStdString(), true).ok());
    QCOMPARE(classifier->frozenPrefix(), std::size_t(0));
    QVERIFY(torch::equal(run(1), run(2)));
    QVERIFY(classifier->setFrozen("features.6-7", false).ok());
    bool differs = false;
    for (std::uint64_t seed = 2; seed < 20; ++seed) {
        differs = differs || !torch::equal(run(1), run(seed));
    }
    QVERIFY(differs);
}

void BackbonesTest::stageNames_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("stage");
    QTest::newRow("Keras") << "vgg19"
                           << "block4_pool" << 3;
    QTest::newRow("torchvision") << "vgg19"
                                 << "features.27" << 3;
    QTest::newRow("tree") << "vgg19"
                          << "features.19-27" << 3;
    QTest::newRow("with norms") << "vgg16_bn"
                                << "block5_pool" << 4;
    QTest::newRow("with norms, node") << "vgg16_bn"
                                      << "features.43" << 4;
    QTest::newRow("first") << "vgg11"
                           << "block1_pool" << 0;
    QTest::newRow("inside") << "vgg11"
                            << "features.1" << -1;
    QTest::newRow("node of a stem") << "resnet18"
                                    << "maxpool" << 0;
    QTest::newRow("path of a stem") << "resnet18"
                                    << "stem" << 0;
    QTest::newRow("dense") << "densenet121"
                           << "features.transition2" << 2;
    QTest::newRow("transformer") << "vit_b_32"
                                 << "encoder.layers.encoder_layer_11" << 12;
    QTest::newRow("unknown") << "resnet18"
                             << "block4_pool" << -1;
    QTest::newRow("empty") << "resnet18"
                           << "" << -1;
}

void BackbonesTest::stageNames() {
    QFETCH(QString, id);
    QFETCH(QString, name);
    QFETCH(int, stage);
    const auto found = make(specOf(id.toStdString()))->stageNamed(name.toStdString());
    QCOMPARE(found ? int(*found) : -1, stage);
}

void BackbonesTest::oldDenseNetNames() {
    const auto source = make(specOf("densenet121"), 5);
    Draft draft = draftOf(*source);
    std::map<std::string, torch::Tensor> old;
    int renamed = 0;
    for (const auto& [name, tensor] : draft.tensors) {
        // "denselayer1.norm1.weight" was "denselayer1.norm.1.weight"; counters came later.
        QString text = QString::fromStdString(name);
        static const QRegularExpression layer("(denselayer\\d+\\.(?:norm|conv))([12])");
        if (!text.endsWith("num_batches_tracked")) {
            old[text.replace(layer, "\\1.\\2").toStdString()] = tensor;
            renamed += text.toStdString() != name ? 1 : 0;
        }
    }
    QCOMPARE(renamed, 58 * 10);
    old["classifier.weight"] = torch::zeros({1000, 1024});
    draft.tensors = old;
    const QString path = m_folder.filePath("densenet.safetensors");
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("densenet121");
    spec.weightsPath = path.toStdString();
    const auto loaded = make(spec, 77);
    QVERIFY(loaded != nullptr);
    QVERIFY(loaded->weightReport().unexpected.empty());
    const Hashes ours = hashesOf(*loaded);
    for (const auto& [name, hash] : hashesOf(*source)) {
        QVERIFY2(layerIsInside(name, "head") || ours.at(name) == hash, name.c_str());
    }
}

void BackbonesTest::leftOut_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QStringList>("names");
    QTest::newRow("vgg11") << "vgg11"
                           << QStringList{"classifier.0.weight", "classifier.3.bias",
                                          "classifier.6.weight"};
    QTest::newRow("alexnet") << "alexnet"
                             << QStringList{"classifier.1.weight", "classifier.6.weight"};
    QTest::newRow("mobilenet_v3_small")
        << "mobilenet_v3_small" << QStringList{"classifier.0.weight", "classifier.3.weight"};
    QTest::newRow("googlenet") << "googlenet"
                               << QStringList{"aux1.fc2.weight", "aux2.conv.bn.running_mean",
                                              "fc.weight"};
    QTest::newRow("inception_v3") << "inception_v3"
                                  << QStringList{"AuxLogits.fc.weight", "fc.weight"};
    QTest::newRow("vit_b_32") << "vit_b_32" << QStringList{"heads.head.weight"};
    QTest::newRow("swin_t") << "swin_t" << QStringList{"head.weight"};
    QTest::newRow("cifar_resnet20") << "cifar_resnet20" << QStringList{"linear.weight"};
}

void BackbonesTest::leftOut() {
    QFETCH(QString, id);
    QFETCH(QStringList, names);
    ModelSpec spec = specOf(id.toStdString());
    spec.imageSize = 0;
    Draft draft = draftOf(*make(spec, 5));
    const std::size_t own = draft.tensors.size();
    for (const QString& name : names) {
        // The last one is the classifier of the file.
        const bool last = name == names.back();
        draft.tensors[name.toStdString()] = last ? torch::zeros({37, 3}) : torch::zeros({11, 2});
    }
    const QString path = m_folder.filePath("more.safetensors");
    QVERIFY(write(path, draft));
    const auto report = checkWeights(path.toStdString(), id.toStdString());
    QVERIFY(report.ok());
    QVERIFY2(report->usable, report->sentence.c_str());
    QCOMPARE(std::size_t(report->matched), own);
    QVERIFY(report->unexpected.empty());
    QVERIFY2(QString::fromStdString(report->sentence).contains("for 37 classes"),
             report->sentence.c_str());
}

void BackbonesTest::normOfConvNeXtIsRead() {
    const auto source = make(specOf("convnext_tiny"), 5);
    Draft draft = draftOf(*source);
    draft.tensors["classifier.0.bias"] = torch::full({768}, 0.25);
    draft.tensors["classifier.2.weight"] = torch::zeros({1000, 768});
    const QString path = m_folder.filePath("convnext.safetensors");
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("convnext_tiny");
    spec.weightsPath = path.toStdString();
    const auto loaded = make(spec, 5);
    QVERIFY(loaded->weightReport().unexpected.empty());
    // It is a part of the tree and of the answer, and can be frozen on its own.
    const torch::Tensor x = pictures(1);
    QVERIFY(!torch::allclose(loaded->forward(x), source->forward(x), 1e-3));
    QVERIFY(loaded->setFrozen("classifier.0", true).ok());
    QVERIFY(loaded->parameterIsFrozen("classifier.0.weight"));
    QVERIFY(loaded->setFrozen("backbone", true).ok());
    QVERIFY(!loaded->parameterIsFrozen("head.weight"));
    QVERIFY(!loaded->forward(x).isnan().any().item<bool>());
}

void BackbonesTest::positionsFollowTheImageSize() {
    ModelSpec spec = specOf("vit_b_32");
    spec.imageSize = 96;
    Draft draft = draftOf(*make(spec, 5));
    const auto sizesAt = [&](int size) {
        spec.imageSize = size;
        const auto classifier = make(spec, 5);
        for (const NamedTensor& entry : classifier->parameters()) {
            if (entry.name == "encoder.pos_embedding") {
                return entry.tensor.sizes().vec();
            }
        }
        return std::vector<std::int64_t>();
    };
    const QString path = m_folder.filePath("vit.safetensors");
    QVERIFY(write(path, draft));
    spec.weightsPath = path.toStdString();
    QCOMPARE(sizesAt(96), (std::vector<std::int64_t>{1, 10, 768}));
    QCOMPARE(sizesAt(160), (std::vector<std::int64_t>{1, 26, 768}));
    QCOMPARE(sizesAt(32), (std::vector<std::int64_t>{1, 2, 768}));
    QCOMPARE(sizesAt(0), (std::vector<std::int64_t>{1, 50, 768}));
    // What is no grid is refused.
    draft.tensors["encoder.pos_embedding"] = torch::zeros({1, 12, 768});
    QVERIFY(write(path, draft));
    QVERIFY(!Classifier::create(spec, 3, 1).ok());
}

void BackbonesTest::pixelsAroundZero_data() {
    QTest::addColumn<QString>("mean");
    QTest::addColumn<QString>("std");
    QTest::addColumn<double>("firstMean");
    QTest::newRow("not said") << ""
                              << "" << 0.5;
    QTest::newRow("torchvision's") << "[0.485, 0.456, 0.406]"
                                   << "[0.229, 0.224, 0.225]" << 0.5;
    QTest::newRow("its own") << "[0.1, 0.2, 0.3]"
                             << "[0.3, 0.3, 0.3]" << 0.1;
}

void BackbonesTest::pixelsAroundZero() {
    QFETCH(QString, mean);
    QFETCH(QString, std);
    QFETCH(double, firstMean);
    Draft draft = draftOf(*make(specOf("googlenet"), 5));
    draft.metadata = {{"input_size", "[3, 224, 224]"}};
    if (!mean.isEmpty()) {
        draft.metadata["mean"] = mean.toStdString();
        draft.metadata["std"] = std.toStdString();
    }
    const QString path = m_folder.filePath("googlenet.safetensors");
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("googlenet");
    spec.weightsPath = path.toStdString();
    const auto preprocess = resolvePreprocess(spec);
    QVERIFY(preprocess.ok());
    QCOMPARE(preprocess->mean[0], firstMean);
    QCOMPARE(preprocess->std[2], firstMean == 0.5 ? 0.5 : 0.3);
    QCOMPARE(make(spec)->preprocess().mean[0], firstMean);
}

void BackbonesTest::inputChannels() {
    const torch::Tensor weight = torch::randn({8, 3, 3, 3});
    const torch::Tensor grey = torch::randn({2, 1, 9, 9});
    const torch::Tensor expected = torch::conv2d(grey.expand({2, 3, 9, 9}), weight);
    const torch::Tensor one = forInputChannels(weight, 1);
    QCOMPARE(one.sizes().vec(), (std::vector<std::int64_t>{8, 1, 3, 3}));
    QVERIFY(torch::allclose(torch::conv2d(grey, one), expected, 1e-4, 1e-5));
    QVERIFY(torch::equal(forInputChannels(weight, 3), weight));
    const torch::Tensor six = forInputChannels(weight, 6);
    QVERIFY(torch::allclose(torch::conv2d(grey.expand({2, 6, 9, 9}), six), expected, 1e-4, 1e-5));
    const torch::Tensor five = forInputChannels(weight, 5);
    QCOMPARE(five.sizes().vec(), (std::vector<std::int64_t>{8, 5, 3, 3}));
    QVERIFY(torch::allclose(five.select(1, 4), weight.select(1, 1) * 0.6));
    const torch::Tensor back = forInputChannels(one, 3);
    QVERIFY(torch::allclose(torch::conv2d(grey.expand({2, 3, 9, 9}), back), expected, 1e-4, 1e-5));
    QVERIFY_EXCEPTION_THROWN(forInputChannels(torch::zeros({8, 3}), 1), c10::Error);
    QVERIFY_EXCEPTION_THROWN(forInputChannels(weight, 0), c10::Error);
}

QTEST_GUILESS_MAIN(BackbonesTest)
#include "tst_backbones.moc"
