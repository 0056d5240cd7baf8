// The classifier: freezing means no gradient, no moved buffer, no dropout; its state is taken over
// whole or not at all.
#include "core/nn/catalog.h"
#include "core/nn/classifier.h"
#include "tests/support/small_networks.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <set>

using namespace graft;
using namespace graft::testing;

class ClassifierTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void insideGroups_data();
    void insideGroups();
    void specJson();
    void headScaling();
    void frozenMeansFrozen_data();
    void frozenMeansFrozen();
    void toggling();
    void frozenPrefixAndStages();
    void dropout();
    void stateRoundTrip();
    void badArguments();
};

void ClassifierTest::insideGroups_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("group");
    QTest::addColumn<bool>("inside");
    const auto add = [](const char* path, const char* group, bool inside) {
        QTest::addRow("%s in %s", path, group) << path << group << inside;
    };
    add("layer1.0.conv1", "", true);
    add("", "", true);
    add("", "backbone", false);
    add("layer1", "backbone", true);
    add("head", "backbone", false);
    add("head.weight", "backbone", false);
    add("headroom.weight", "backbone", true);
    add("head.weight", "head", true);
    add("headroom.weight", "head", false);
    add("layer1.0.conv1.weight", "layer1", true);
    add("layer1.0.conv1.weight", "layer1.0", true);
    add("layer10.0", "layer1", false);
    add("layer1", "layer1.0", false);
    add("conv1.weight", "stem", true);
    add("bn1", "stem", true);
    add("stem", "stem", true);
    add("layer1.0.conv1", "stem", false);
    add("features.3.squeeze", "features.3", true);
    add("features.31", "features.3", false);
    add("features.4.conv.0.0", "features.4-6", true);
    add("features.6", "features.4-6", true);
    add("features.4-6", "features.4-6", true);
    add("features.7", "features.4-6", false);
    add("features.3.conv", "features.4-6", false);
    add("features.14.conv.0", "features.14-17", true);
    add("features.1.conv.0", "features.14-17", false);
    add("features", "features.4-6", false);
    add("other.5", "features.4-6", false);
    add("features.5x", "features.4-6", false);
    add("features.5", "features.4-", false);
    add("features.5", "features.-6", false);
    add("features.norm0.weight", "features.conv0+features.norm0", true);
    add("features.conv0", "features.conv0+features.norm0", true);
    add("features.conv0+features.norm0", "features.conv0+features.norm0", true);
    add("features.norm1", "features.conv0+features.norm0", false);
    add("features.7.block", "features.2-3+features.6-8", true);
    add("features.5.block", "features.2-3+features.6-8", false);
}

void ClassifierTest::insideGroups() {
    QFETCH(QString, path);
    QFETCH(QString, group);
    QFETCH(bool, inside);
    QCOMPARE(layerIsInside(path.toStdString(), group.toStdString()), inside);
}

void ClassifierTest::specJson() {
    ModelSpec spec = specOf("resnet18", {"stem", "layer1"});
    spec.weightsPath = "/a/ö.safetensors";
    spec.weightsSha256 = "ab";
    spec.dropout = 0.35;
    spec.padding = "tf-same";
    spec.rateFactors = {{"layer4", 0.5}, {"head", 2}};
    const auto read = modelSpecFromJson(nlohmann::json::parse(toJson(spec).dump()));
    QVERIFY(read.ok());
    QVERIFY(*read == spec);
    QVERIFY(*modelSpecFromJson(nlohmann::json::object()) == ModelSpec());
    QVERIFY(!modelSpecFromJson(nlohmann::json::array()).ok());
    QVERIFY(!modelSpecFromJson({{"image_size", "large"}}).ok());
}

void ClassifierTest::headScaling() {
    const auto classifier = make(specOf("squeezenet1_0"));
    const torch::NoGradGuard noGrad;
    const torch::Tensor input = pictures(3, 6);
    const torch::Tensor features = classifier->features(input);
    const torch::Tensor pooled = features.mean({2, 3});
    torch::Tensor weight;
    torch::Tensor bias;
    for (const NamedTensor& entry : classifier->parameters()) {
        weight = entry.name == "head.weight" ? entry.tensor : weight;
        bias = entry.name == "head.bias" ? entry.tensor : bias;
    }
    // Until it is fitted it changes nothing, to the bit.
    QVERIFY(torch::equal(classifier->forward(input), torch::linear(pooled, weight, bias)));
    classifier->scaleHeadTo(features);
    const torch::Tensor centred = pooled - pooled.mean(0);
    const torch::Tensor expected = centred / centred.square().mean().sqrt();
    QVERIFY(torch::allclose(classifier->forward(input), torch::linear(expected, weight, bias), 1e-5,
                            1e-6));
    // Features that are all the same do not divide by zero.
    classifier->scaleHeadTo(torch::ones_like(features));
    QVERIFY(classifier->forward(input).isfinite().all().item<bool>());
}

void ClassifierTest::frozenMeansFrozen_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QStringList>("frozen");
    const auto add = [](const char* id, const QStringList& frozen) {
        QTest::newRow(qPrintable(QString(id) + ": " + frozen.join(", "))) << id << frozen;
    };
    add("small_cnn", {"backbone"});
    add("small_cnn", {"block2"});
    add("small_cnn", {"head"});
    add("resnet18", {"backbone"});
    add("resnet18", {"stem", "layer1"});
    add("resnet18", {"layer2.0.conv1", "layer3.1.bn2", "layer4"});
    add("resnet18", {"layer2.0.downsample.1.bias"});
    add("mobilenet_v2", {"features.0-1", "features.5", "features.7.conv.1.1"});
    add("squeezenet1_0", {"features.0", "features.3-5"});
    add("squeezenet1_1", {"features.9.expand1x1"});
    add("mobilenet_v3_small", {"features.0-1", "features.5.block.2"});
    add("densenet121", {"features.conv0+features.norm0", "features.denseblock2.denselayer3"});
    add("vit_b_32", {"conv_proj+class_token+encoder.pos_embedding",
                     "encoder.layers.encoder_layer_3.self_attention"});
}

void ClassifierTest::frozenMeansFrozen() {
    QFETCH(QString, id);
    QFETCH(QStringList, frozen);
    std::vector<std::string> paths;
    for (const QString& path : frozen) {
        paths.push_back(path.toStdString());
    }
    const auto classifier = make(specOf(id.toStdString(), paths));
    const Hashes before = hashesOf(*classifier);
    train(*classifier, 3);
    const Hashes after = hashesOf(*classifier);
    const auto inside = [&](const std::string& name) {
        return std::any_of(paths.begin(), paths.end(),
                           [&](const std::string& path) { return layerIsInside(name, path); });
    };
    int moved = 0;
    int rested = 0;
    for (const NamedTensor& entry : classifier->parameters()) {
        QCOMPARE(classifier->parameterIsFrozen(entry.name), inside(entry.name));
        QCOMPARE(entry.tensor.requires_grad(), !inside(entry.name));
        const bool same = before.at(entry.name) == after.at(entry.name);
        QVERIFY2(same == inside(entry.name), entry.name.c_str());
        same ? ++rested : ++moved;
    }
    for (const NamedTensor& entry : classifier->buffers()) {
        const std::string layer = entry.name.substr(0, entry.name.rfind('.'));
        // The scaling of the head is fitted once, not learnt.
        const bool rests =
            layer == "head" || (inside(layer + ".weight") && inside(layer + ".bias"));
        QVERIFY2((before.at(entry.name) == after.at(entry.name)) == rests, entry.name.c_str());
    }
    QVERIFY(rested > 0 && moved > 0);
}

void ClassifierTest::toggling() {
    const auto classifier = make(specOf("resnet18"));
    classifier->setTraining(true);
    torch::nn::functional::cross_entropy(classifier->forward(pictures(1)),
                                         torch::tensor({0, 1, 2, 0}))
        .backward();
    // Freezing in the middle takes the gradient away and stops the buffers at once.
    QVERIFY(classifier->setFrozen("layer3", true).ok());
    for (const NamedTensor& entry : classifier->parameters()) {
        QCOMPARE(entry.tensor.grad().defined(), !layerIsInside(entry.name, "layer3"));
    }
    const Hashes before = hashesOf(*classifier);
    classifier->forward(pictures(2));
    Hashes after = hashesOf(*classifier);
    QCOMPARE(after.at("layer3.0.bn1.running_mean"), before.at("layer3.0.bn1.running_mean"));
    QCOMPARE(after.at("layer3.0.bn1.num_batches_tracked"),
             before.at("layer3.0.bn1.num_batches_tracked"));
    QVERIFY(after.at("layer4.0.bn1.running_mean") != before.at("layer4.0.bn1.running_mean"));
    QVERIFY(classifier->setFrozen("layer3", false).ok());
    classifier->forward(pictures(3));
    QVERIFY(hashesOf(*classifier).at("layer3.0.bn1.running_mean") !=
            before.at("layer3.0.bn1.running_mean"));
    // A block thawed inside a frozen backbone.
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    QVERIFY(classifier->setFrozen("layer4.1", false).ok());
    QVERIFY(classifier->parameterIsFrozen("layer4.0.conv1.weight"));
    QVERIFY(!classifier->parameterIsFrozen("layer4.1.conv1.weight"));
    classifier->setTraining(false);
    const Hashes rest = hashesOf(*classifier);
    classifier->forward(pictures(4));
    QVERIFY(hashesOf(*classifier) == rest);
}

void ClassifierTest::frozenPrefixAndStages() {
    const auto classifier = make(specOf("mobilenet_v2"));
    QCOMPARE(classifier->frozenPrefix(), std::size_t(0));
    QVERIFY(classifier->setFrozen("features.2-3", true).ok());
    QCOMPARE(classifier->frozenPrefix(), std::size_t(0));
    QVERIFY(classifier->setFrozen("features.0-1", true).ok());
    QCOMPARE(classifier->frozenPrefix(), std::size_t(2));
    classifier->setTraining(true);
    const torch::Tensor x = pictures(5);
    const torch::Tensor middle = classifier->forwardTo(2, x);
    QVERIFY(!middle.requires_grad());
    const torch::Tensor later = classifier->forwardTo(3, x);
    QVERIFY(later.requires_grad());
    classifier->setTraining(false);
    const torch::Tensor whole = classifier->forward(x);
    QVERIFY(torch::equal(whole, classifier->forwardFrom(2, classifier->forwardTo(2, x))));
    QCOMPARE(classifier->features(x).size(1), std::int64_t(1280));
    QVERIFY(classifier->setFrozen("backbone", true).ok());
    QCOMPARE(classifier->frozenPrefix(), classifier->stageCount());
    // Freezing changes no answer in eval mode.
    QVERIFY(torch::equal(whole, classifier->forward(x)));
}

void ClassifierTest::dropout() {
    ModelSpec spec = specOf("small_cnn", {"backbone"});
    spec.dropout = 0.5;
    const auto classifier = make(spec);
    const torch::Tensor x = pictures(6);
    const auto run = [&](std::uint64_t seed) {
        classifier->setDropoutSeed(seed);
        return classifier->forward(x).detach();
    };
    const torch::Tensor quiet = run(1);
    QVERIFY(torch::equal(quiet, run(2)));  // eval
    classifier->setTraining(true);
    const torch::Tensor one = run(1);
    QVERIFY(torch::equal(one, run(1)));
    QVERIFY(!torch::equal(one, run(2)));
    QVERIFY(!torch::equal(one, quiet));
    // Unbiased: the mean over many masks is the answer without dropout.
    torch::Tensor sum = torch::zeros_like(quiet);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        sum += run(seed);
    }
    QVERIFY(((sum / 2000) - quiet).abs().max().item<double>() < 0.1);
    QVERIFY(classifier->setFrozen("head", true).ok());
    QVERIFY(torch::equal(run(1), quiet));
}

void ClassifierTest::stateRoundTrip() {
    const auto source = make(specOf("mobilenet_v2"), 3);
    train(*source, 2);
    ModelSpec resolved = source->spec();
    const auto target = Classifier::createBare(resolved, 3, source->preprocess());
    QVERIFY(target.ok());
    std::vector<NamedTensor> state;
    for (const auto& list : {source->parameters(), source->buffers()}) {
        for (const NamedTensor& entry : list) {
            state.push_back({entry.name, entry.tensor.detach().clone().contiguous()});
        }
    }
    QVERIFY((*target)->loadState(state).ok());
    QVERIFY(hashesOf(**target) == hashesOf(*source));
    source->setTraining(false);
    (*target)->setTraining(false);
    QVERIFY(torch::equal(source->forward(pictures(8)), (*target)->forward(pictures(8))));

    const Hashes before = hashesOf(**target);
    const auto refused = [&](const std::vector<NamedTensor>& broken) {
        const Status status = (*target)->loadState(broken);
        return !status.ok() && status.error().code == ErrorCode::Mismatch &&
               hashesOf(**target) == before;
    };
    auto broken = state;
    broken.front().tensor = torch::zeros({2, 2});
    QVERIFY(refused(broken));
    broken = state;
    broken.pop_back();
    QVERIFY(refused(broken));
    broken = state;
    broken.push_back({"one.more", torch::zeros({1})});
    QVERIFY(refused(broken));
    // Every tensor of ResNet-18 is in ResNet-34 with the same shape: still refused.
    const auto deep = make(specOf("resnet34"));
    const auto shallow = make(specOf("resnet18"));
    state = deep->parameters();
    for (const NamedTensor& entry : deep->buffers()) {
        state.push_back(entry);
    }
    QVERIFY(!shallow->loadState(state).ok());
}

void ClassifierTest::badArguments() {
    const auto codeOf = [](const ModelSpec& spec, int classes = 2) {
        const auto made = Classifier::create(spec, classes, 1);
        return made ? ErrorCode::Internal : made.error().code;
    };
    QCOMPARE(codeOf(specOf("resnet19")), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(specOf("resnet18", {"layer9"})), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(specOf("resnet18"), 0), ErrorCode::InvalidArgument);
    ModelSpec spec = specOf("small_cnn");
    spec.dropout = 1;
    QCOMPARE(codeOf(spec), ErrorCode::InvalidArgument);
    spec.dropout = std::numeric_limits<double>::quiet_NaN();
    QCOMPARE(codeOf(spec), ErrorCode::InvalidArgument);
    spec = specOf("small_cnn");
    spec.padding = "mirror";
    QCOMPARE(codeOf(spec), ErrorCode::InvalidArgument);
    spec = specOf("small_cnn");
    spec.imageSize = 16;
    QCOMPARE(codeOf(spec), ErrorCode::InvalidArgument);
    spec.imageSize = 100000;
    QCOMPARE(codeOf(spec), ErrorCode::InvalidArgument);
    spec = specOf("small_cnn");
    spec.weightsPath = "/nowhere/weights.safetensors";
    QCOMPARE(codeOf(spec), ErrorCode::NotFound);
    QVERIFY(!Classifier::createBare(specOf("small_cnn"), 2, {}).ok());  // padding "auto"
    const auto unknown = findBackbone("nasnet");
    QVERIFY(!unknown.ok() && unknown.error().hint.find("squeezenet1_1") != std::string::npos);
    QVERIFY(!layerTree("nasnet", 2).ok());
    QVERIFY(!layerTree("resnet18", 0).ok());
    QVERIFY(!checkWeights("/nowhere", "resnet18").ok());
}

QTEST_GUILESS_MAIN(ClassifierTest)
#include "tst_classifier.moc"
