// Weight files: those that fit are taken over to the bit, the others are refused with the reason.
#include "core/nn/catalog.h"
#include "core/nn/weights/safetensors.h"
#include "tests/support/data_files.h"
#include "tests/support/small_networks.h"
#include "tests/support/torch_bytes.h"
#include "tests/support/weight_drafts.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace graft;
using namespace graft::testing;

namespace {

QString sharedWeights(const std::string& backbone) {
    QString shared = qEnvironmentVariable("GRAFT_SHARED");
    if (shared.isEmpty()) {
        shared = GRAFT_SOURCE_DIR "/../shared";
    }
    return shared + "/weights/" + backbone.c_str() + "-imagenet.safetensors";
}

// A checkpoint of a network trained on several devices, in either container of PyTorch.
std::string checkpointOf(const Draft& draft, bool zip) {
    std::vector<std::pair<std::string, std::string>> entries;
    Storages storages;
    for (const auto& [name, tensor] : draft.tensors) {
        pickled::Tensor described;
        described.key = std::to_string(storages.size());
        described.count = tensor.numel();
        described.shape = tensor.sizes().vec();
        described.strides = tensor.strides().vec();
        described.type = tensor.is_floating_point() ? "FloatStorage" : "LongStorage";
        described.view = zip ? "" : "N";
        entries.push_back({"module." + name, described.made()});
        storages.push_back({described.key, std::string(static_cast<const char*>(tensor.data_ptr()),
                                                       tensor.nbytes())});
    }
    const std::string pickle =
        pickled::whole(pickled::dict({{"epoch", "K\x03"}, {"state_dict", pickled::dict(entries)}}));
    return zip ? torchZip(pickle, storages) : torchLegacy(pickle, storages);
}

}  // namespace

class WeightsTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void weightFiles();
    void weightsOfPyTorch();
    void weightTypes();
    void weightMismatches();
    void weightNumbers();
    void otherChannels();
    void metadataOfWeights();
    void inputOfPublishedWeights();
    void realWeights_data();
    void realWeights();

 private:
    QTemporaryDir m_folder;
};

void WeightsTest::weightFiles() {
    const auto source = make(specOf("small_cnn"), 5);
    train(*source, 1);
    const QString path = m_folder.filePath("good.safetensors");
    Draft draft = draftOf(*source);
    draft.tensors["fc.weight"] = torch::zeros({1000, 7});
    draft.tensors["head.bias"] = torch::zeros({1000});
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("small_cnn");
    spec.weightsPath = path.toStdString();
    const auto report = checkWeights(spec.weightsPath, "small_cnn");
    QVERIFY(report.ok() && report->usable);
    QCOMPARE(std::size_t(report->matched), draft.tensors.size() - 2);
    QCOMPARE(report->unexpected, (std::vector<std::string>{"fc.weight"}));
    QCOMPARE(report->sha256, *sha256File(spec.weightsPath));
    const auto loaded = make(spec, 77);
    QCOMPARE(loaded->spec().weightsSha256, report->sha256);
    QCOMPARE(loaded->spec().padding, std::string("symmetric"));
    Hashes ours = hashesOf(*loaded);
    for (const auto& [name, hash] : hashesOf(*source)) {
        QCOMPARE(ours.at(name) == hash, name != "head.weight" && name != "head.bias");
    }
    spec.weightsSha256 = report->sha256;
    QVERIFY(Classifier::create(spec, 3, 1).ok());
    spec.weightsSha256[0] = spec.weightsSha256[0] == '0' ? '1' : '0';
    const auto changed = Classifier::create(spec, 3, 1);
    QVERIFY(!changed.ok());
    QCOMPARE(changed.error().code, ErrorCode::Mismatch);
}

void WeightsTest::weightsOfPyTorch() {
    const auto source = make(specOf("small_cnn"), 5);
    train(*source, 1);
    Draft draft = draftOf(*source);
    std::erase_if(draft.tensors,  // as old files are; a storage of one type is simpler to write
                  [](const auto& entry) { return !entry.second.is_floating_point(); });
    const std::string conv = "block2.conv.weight";
    draft.tensors[conv] = draft.tensors[conv].contiguous(torch::MemoryFormat::ChannelsLast);
    const Hashes expected = hashesOf(*source);
    for (const bool zip : {true, false}) {
        ModelSpec spec = specOf("small_cnn");
        spec.weightsPath = m_folder.filePath(zip ? "new.pth" : "old.pth").toStdString();
        writeBytes(spec.weightsPath, checkpointOf(draft, zip));
        const auto report = checkWeights(spec.weightsPath, "small_cnn");
        QVERIFY2(report.ok(), report.ok() ? "" : report.error().text().c_str());
        QVERIFY2(report->usable, report->sentence.c_str());
        QVERIFY(report->sentence.find("taken from \"state_dict\"") != std::string::npos);
        const auto loaded = make(spec, 77);
        QVERIFY(loaded);
        const Hashes ours = hashesOf(*loaded);
        for (const auto& [name, tensor] : draft.tensors) {
            QCOMPARE(ours.at(name), expected.at(name));
        }
    }
}

void WeightsTest::weightTypes() {
    const auto source = make(specOf("small_cnn"), 5);
    const QString path = m_folder.filePath("types.safetensors");
    for (const auto type : {torch::kFloat16, torch::kBFloat16, torch::kFloat64}) {
        Draft draft = draftOf(*source);
        for (auto& [name, tensor] : draft.tensors) {
            if (tensor.is_floating_point()) {
                tensor = tensor.to(type);
            } else {
                tensor = torch::tensor(41, torch::kInt32);
            }
        }
        QVERIFY(write(path, draft));
        ModelSpec spec = specOf("small_cnn");
        spec.weightsPath = path.toStdString();
        const auto loaded = make(spec);
        QVERIFY(loaded);
        for (const auto& list : {loaded->parameters(), loaded->buffers()}) {
            for (const NamedTensor& entry : list) {
                if (!layerIsInside(entry.name, "head")) {
                    QVERIFY(torch::equal(entry.tensor.detach(),
                                         draft.tensors.at(entry.name).to(entry.tensor.dtype())));
                }
            }
        }
    }
    // Counters may be absent; a counter may not stand where a weight is due.
    Draft draft = draftOf(*source);
    for (int i = 1; i <= 4; ++i) {
        draft.tensors.erase("block" + std::to_string(i) + ".norm.num_batches_tracked");
    }
    QVERIFY(write(path, draft));
    QVERIFY(checkWeights(path.toStdString(), "small_cnn")->usable);
    draft.tensors["block1.norm.weight"] = torch::ones({32}, torch::kInt64);
    QVERIFY(write(path, draft));
    const auto report = checkWeights(path.toStdString(), "small_cnn");
    QVERIFY(report.ok() && !report->usable);
    QCOMPARE(report->mismatched.size(), std::size_t(1));
}

void WeightsTest::weightMismatches() {
    const QString path = m_folder.filePath("deep.safetensors");
    Draft draft = draftOf(*make(specOf("resnet34")));
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("resnet18");
    spec.weightsPath = path.toStdString();
    // All that ResNet-18 needs is there, and more: another network all the same.
    auto made = Classifier::create(spec, 2, 1);
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::Mismatch);
    QVERIFY(QString::fromStdString(made.error().text()).contains("layer1.2"));
    draft.metadata["architecture"] = "resnet34";
    QVERIFY(write(path, draft));
    made = Classifier::create(spec, 2, 1);
    QVERIFY(!made.ok());
    QCOMPARE(made.error().message, std::string("These weights are for resnet34, not resnet18."));
    spec.backbone = "resnet34";
    QVERIFY(Classifier::create(spec, 2, 1).ok());
    draft.metadata.clear();
    draft.tensors.erase("layer2.0.conv1.weight");
    draft.tensors["conv1.weight"] = torch::zeros({64, 3, 3, 3});
    QVERIFY(write(path, draft));
    const auto report = checkWeights(path.toStdString(), "resnet34");
    QVERIFY(report.ok() && !report->usable);
    QCOMPARE(report->missing, (std::vector<std::string>{"layer2.0.conv1.weight"}));
    QCOMPARE(report->mismatched,
             (std::vector<std::string>{"conv1.weight: file [64, 3, 3, 3], network [64, 3, 7, 7]"}));
    QVERIFY(QString::fromStdString(report->sentence).contains("layer2.0.conv1.weight"));
}

void WeightsTest::weightNumbers() {
    const QString path = m_folder.filePath("nan.safetensors");
    Draft draft = draftOf(*make(specOf("small_cnn")));
    draft.tensors["block2.conv.weight"] = draft.tensors["block2.conv.weight"].clone();
    draft.tensors["block2.conv.weight"][0][0][0][0] = std::nan("");
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("small_cnn");
    spec.weightsPath = path.toStdString();
    const auto made = Classifier::create(spec, 2, 1);
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::BadFormat);
    QVERIFY(made.error().message.find("block2.conv.weight") != std::string::npos);
}

// Networks for grey or many-channel pictures keep what they have learnt.
void WeightsTest::otherChannels() {
    const QString path = m_folder.filePath("channels.safetensors");
    Draft draft = draftOf(*make(specOf("resnet18")));
    ModelSpec spec = specOf("resnet18");
    spec.imageSize = 0;
    spec.weightsPath = path.toStdString();
    for (const int channels : {1, 5}) {
        const torch::Tensor given = torch::randn({64, channels, 7, 7});
        draft.tensors["conv1.weight"] = channels == 1 ? given : given.to(torch::kFloat16);
        draft.metadata = {{"mean", "[0.25]"}, {"std", "[0.5]"}, {"input_size", "[1, 96, 96]"}};
        QVERIFY(write(path, draft));
        const auto loaded = make(spec);
        QVERIFY(loaded);
        QCOMPARE(loaded->weightReport().inputChannels, channels);
        QVERIFY(QString::fromStdString(loaded->weightReport().sentence)
                    .contains(channels == 1 ? "of 1 channel;" : "of 5 channels;"));
        QCOMPARE(loaded->preprocess().inputSize, 96);
        QVERIFY((loaded->preprocess().mean == std::array<double, 3>{0.25, 0.25, 0.25}));
        const torch::Tensor grey = torch::randn({1, 1, 16, 16});
        const torch::Tensor taken = loaded->parameters().front().tensor.detach();
        QCOMPARE(loaded->parameters().front().name, std::string("conv1.weight"));
        const torch::Tensor used = channels == 1 ? given : given.slice(1, 0, 3) * (5.0 / 3.0);
        QVERIFY(torch::allclose(torch::conv2d(grey.expand({1, 3, 16, 16}), taken),
                                torch::conv2d(grey, used.sum(1, true)), 1e-2, 1e-2));
    }
    draft.tensors["layer1.0.conv1.weight"] = torch::zeros({64, 1, 3, 3});
    QVERIFY(write(path, draft));
    QVERIFY(!checkWeights(path.toStdString(), "resnet18")->usable);
}

void WeightsTest::metadataOfWeights() {
    const QString path = m_folder.filePath("metadata.safetensors");
    Draft draft = draftOf(*make(specOf("resnet18")));
    draft.metadata = {{"mean", "[0.1, 0.2, 0.3]"},
                      {"std", "[0.4, 0.5, 0.6]"},
                      {"input_size", "[3, 96, 96]"},
                      {"license", "MIT"},
                      {"padding", "tf-same"}};
    QVERIFY(write(path, draft));
    ModelSpec spec = specOf("resnet18");
    spec.imageSize = 0;
    spec.weightsPath = path.toStdString();
    auto preprocess = resolvePreprocess(spec);
    QVERIFY(preprocess.ok());
    QCOMPARE(preprocess->inputSize, 96);
    QCOMPARE(preprocess->resizeSize, 110);
    QVERIFY((preprocess->mean == std::array<double, 3>{0.1, 0.2, 0.3}));
    QVERIFY((preprocess->std == std::array<double, 3>{0.4, 0.5, 0.6}));
    const auto loaded = make(spec);
    QVERIFY(loaded->preprocess() == *preprocess);
    QCOMPARE(loaded->weightReport().license, std::string("MIT"));
    // ResNet knows no TensorFlow padding here: said, not silently done.
    QCOMPARE(loaded->spec().padding, std::string("symmetric"));
    QVERIFY(QString::fromStdString(loaded->weightReport().sentence).contains("TensorFlow"));
    spec.imageSize = 128;
    preprocess = resolvePreprocess(spec);
    QVERIFY(preprocess.ok());
    QCOMPARE(preprocess->inputSize, 128);
    QCOMPARE(preprocess->resizeSize, 146);
    QVERIFY((preprocess->mean == std::array<double, 3>{0.1, 0.2, 0.3}));

    for (const auto& [key, value] :
         std::vector<std::pair<const char*, const char*>>{{"mean", "[0.1, 0.2]"},
                                                          {"mean", "soso"},
                                                          {"std", "[0.1, 0, 0.3]"},
                                                          {"std", "[1, 1, null]"},
                                                          {"input_size", "[3, 96, 97]"},
                                                          {"input_size", "96"},
                                                          {"input_size", "[0, 96, 96]"},
                                                          {"input_size", "[3, 8, 8]"}}) {
        Draft odd = draft;
        odd.metadata[key] = value;
        QVERIFY(write(path, odd));
        const auto report = checkWeights(path.toStdString(), "resnet18");
        QVERIFY(report.ok() && report->usable);
        QVERIFY2(QString::fromStdString(report->sentence).contains(" cannot be "), value);
    }
    // From scratch: the backbone's own. A network of our own crops nothing away.
    QCOMPARE(resolvePreprocess(specOf("small_cnn"))->resizeSize, 64);
    ModelSpec plain;
    plain.backbone = "mobilenet_v2";
    QCOMPARE(resolvePreprocess(plain)->inputSize, 224);
    QCOMPARE(resolvePreprocess(plain)->resizeSize, 256);
}

void WeightsTest::inputOfPublishedWeights() {
    const QString path = m_folder.filePath("published.safetensors");
    QVERIFY(write(path, draftOf(*make(specOf("resnet18"), 5))));
    const std::string sha256 = *sha256File(path.toStdString());
    const QString catalogue = m_folder.filePath("catalogue.json");
    QFile file(catalogue);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QString(R"({"data_terms": {"Noise": "Nobody owns noise."}, "weights": [{
        "id": "resnet18.TEST", "backbone": "resnet18", "title": "A test",
        "url": "https://example.org/net-%1.pth", "sha256": "%1", "mib": 44.6,
        "parameters": 1000, "top1": 51, "top5": 80, "resize": 99, "crop": 96,
        "interpolation": "bicubic", "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6],
        "container": "safetensors", "license": "CC0-1.0", "data": "Noise", "default": true}]})")
                   .arg(QString::fromStdString(sha256.substr(0, 12)))
                   .toUtf8());
    file.close();
    Preprocess expected{96, 99, Interpolation::Bicubic, {0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}};
    const auto unknown = checkWeights(path.toStdString(), "resnet18");
    QVERIFY(unknown.ok() && unknown->preprocess == Preprocess());
    qputenv("GRAFT_WEIGHT_CATALOGUE", catalogue.toUtf8());
    const auto report = checkWeights(path.toStdString(), "resnet18");
    ModelSpec spec = specOf("resnet18");
    spec.imageSize = 0;
    spec.weightsPath = path.toStdString();
    spec.weightsSha256 = sha256;
    const auto resolved = resolvePreprocess(spec);
    const auto loaded = make(spec);
    spec.imageSize = 192;
    const auto larger = resolvePreprocess(spec);
    qunsetenv("GRAFT_WEIGHT_CATALOGUE");
    QVERIFY2(report.ok(), report.ok() ? "" : report.error().text().c_str());
    QVERIFY(report->preprocess == expected);
    QCOMPARE(report->license, std::string("CC0-1.0"));
    QVERIFY(resolved.ok() && *resolved == expected);
    QVERIFY(loaded && loaded->preprocess() == expected);
    // At another size the centre crop keeps its share.
    QVERIFY(larger.ok() && larger->inputSize == 192 && larger->resizeSize == 198);
}

void WeightsTest::realWeights_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("padding");
    QTest::addColumn<double>("mean");
    QTest::addColumn<int>("tensors");
    QTest::newRow("squeezenet1_0") << "squeezenet1_0"
                                   << "symmetric" << 0.485 << 50;
    QTest::newRow("mobilenet_v2") << "mobilenet_v2"
                                  << "tf-same" << 0.5 << 312;
}

void WeightsTest::realWeights() {
    QFETCH(QString, id);
    QFETCH(QString, padding);
    QFETCH(double, mean);
    QFETCH(int, tensors);
    const QString path = sharedWeights(id.toStdString());
    if (!QFile::exists(path)) {
        QSKIP(qPrintable("no weights at " + path));
    }
    const auto report = checkWeights(path.toStdString(), id.toStdString());
    QVERIFY(report.ok() && report->usable);
    qInfo("%s", report->sentence.c_str());
    QCOMPARE(report->matched, std::int64_t(tensors));
    QVERIFY(report->missing.empty() && report->unexpected.empty() && report->mismatched.empty());
    QVERIFY(!report->license.empty());
    QCOMPARE(QString::fromStdString(report->architecture), id);
    ModelSpec spec;
    spec.backbone = id.toStdString();
    spec.weightsPath = path.toStdString();
    const auto classifier = make(spec);
    QCOMPARE(QString::fromStdString(classifier->spec().padding), padding);
    QCOMPARE(classifier->preprocess().mean[0], mean);
    QCOMPARE(classifier->preprocess().inputSize, 224);
    spec.padding = "symmetric";
    QCOMPARE(make(spec)->spec().padding, std::string("symmetric"));
    const auto wrong = checkWeights(path.toStdString(), "resnet18");
    QVERIFY(wrong.ok() && !wrong->usable);
    QCOMPARE(QString::fromStdString(wrong->sentence),
             "These weights are for " + id + ", not resnet18.");
}

QTEST_GUILESS_MAIN(WeightsTest)
#include "tst_weights.moc"
