// The parts of an export that need no network: texts, comparison, second process, staging folder.
#include "core/base/atomic_file.h"
#include "core/deploy/child_process.h"
#include "core/deploy/model_card.h"
#include "core/deploy/parity.h"
#include "core/deploy/staging_folder.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <limits>
#include <thread>

namespace fs = std::filesystem;
using namespace graft;

namespace {

PackageFacts sampleFacts() {
    PackageFacts facts;
    facts.name = "Bees | ants";
    facts.license = "bsd-3-clause";
    facts.info.model.backbone = "mobilenet_v2";
    facts.info.model.weightsPath = "/home/someone/private/mobilenet.safetensors";
    facts.info.model.padding = "tf-same";
    facts.info.preprocess.inputSize = 224;
    facts.info.preprocess.resizeSize = 256;
    facts.info.classes = {{7, "ants"}, {3, "Bienen\nund Käfer"}};
    facts.info.epoch = 4;
    facts.dataSource = "photos";
    facts.trainingCounts = {12, 30};
    facts.created = "2026-03-01T12:00:00Z";
    facts.modelSha256 = std::string(64, 'a');
    return facts;
}

Evaluation sampleEvaluation(const PackageFacts& facts) {
    Evaluation evaluation;
    evaluation.split = Split::Validation;
    evaluation.note = "These pictures also chose the epoch.";
    for (int i = 0; i < 20; ++i) {
        const int truth = i % 2;
        evaluation.predictions.push_back({i + 1, truth, i < 18 ? truth : 1 - truth, {0.5F, 0.5F}});
    }
    evaluation.count = 20;
    summarize(evaluation, facts.info.classes);
    return evaluation;
}

Prediction answer(std::vector<double> probabilities) {
    Prediction prediction;
    prediction.probabilities = std::move(probabilities);
    return prediction;
}

int entriesIn(const fs::path& folder) {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) {
        ++count;
    }
    return count;
}

}  // namespace

class TestPackageParts : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void labelsAreOneAClass();
    void configSpeaksTimmAndHub();
    void cropShareLeadsBack();
    void preprocessorConfig();
    void cardTellsTheAccuracy();
    void cardWithoutEvaluation();
    void comparison();
    void comparisonOfNan();
    void picturesComeFromValidation();
    void childTalks();
    void childFails();
    void childIsCancelled();
    void childFallsSilent();
    void childIsMissing();
    void stagingAppearsWhole();
    void stagingLeavesNothing();
    void stagingRefuses();
    void stagingThroughALink();
};

void TestPackageParts::labelsAreOneAClass() {
    QCOMPARE(labelsText(sampleFacts().info.classes), std::string("ants\nBienen und Käfer\n"));
}

void TestPackageParts::configSpeaksTimmAndHub() {
    const PackageFacts facts = sampleFacts();
    const auto json = nlohmann::json::parse(configJson(facts).dump());
    QCOMPARE(json["architecture"].get<std::string>(), std::string("mobilenet_v2"));
    QCOMPARE(json["num_classes"].get<int>(), 2);
    QCOMPARE(json["label_names"][1].get<std::string>(), facts.info.classes[1].name);
    QCOMPARE(json["id2label"]["0"].get<std::string>(), std::string("ants"));
    QCOMPARE(json["label2id"]["ants"].get<int>(), 0);
    QCOMPARE(json["pretrained_cfg"]["input_size"], nlohmann::json({3, 224, 224}));
    QCOMPARE(json["pretrained_cfg"]["mean"][0].get<double>(), facts.info.preprocess.mean[0]);
    QCOMPARE(json["pretrained_cfg"]["license"].get<std::string>(), std::string("bsd-3-clause"));
    QCOMPARE(json["graft"]["model_sha256"].get<std::string>(), facts.modelSha256);
    QCOMPARE(json["graft"]["padding"].get<std::string>(), std::string("tf-same"));
    // Where the user keeps files is nobody's business.
    QVERIFY(configJson(facts).dump().find("someone") == std::string::npos);
    QVERIFY(modelCard(facts, {}).find("someone") == std::string::npos);
}

void TestPackageParts::cropShareLeadsBack() {
    for (int input = 32; input <= 384; ++input) {
        for (const int resize : {input, input + 1, input * 8 / 7, input * 5 / 4 + 3}) {
            PackageFacts facts = sampleFacts();
            facts.info.preprocess.inputSize = input;
            facts.info.preprocess.resizeSize = resize;
            const double share = configJson(facts)["pretrained_cfg"]["crop_pct"];
            QCOMPARE(int(std::floor(input / share)), resize);
        }
    }
}

void TestPackageParts::preprocessorConfig() {
    const auto json = preprocessorConfigJson(sampleFacts().info.preprocess);
    QCOMPARE(json["size"]["shortest_edge"].get<int>(), 256);
    QCOMPARE(json["crop_size"]["height"].get<int>(), 224);
    QCOMPARE(json["rescale_factor"].get<double>(), 1.0 / 255.0);
    QCOMPARE(json["image_std"].size(), std::size_t(3));
}

void TestPackageParts::cardTellsTheAccuracy() {
    PackageFacts facts = sampleFacts();
    facts.evaluation = sampleEvaluation(facts);
    ParityReport parity;
    parity.count = 20;
    parity.agree = 19;
    const std::string card = modelCard(facts, parity);
    QVERIFY(card.starts_with("---\nlicense: \"bsd-3-clause\"\n"));
    for (const char* part : {"90.0 %", "95 % interval", "These pictures also chose the epoch.",
                             "19 of 20", "| 1 | Bienen und Käfer | 30 |", "torch.jit.load",
                             "exif_transpose", "value: 0.900000", "name: \"Bees | ants\""}) {
        QVERIFY2(card.find(part) != std::string::npos, part);
    }
    QCOMPARE(metricsJson(facts)["count"].get<int>(), 20);
}

void TestPackageParts::cardWithoutEvaluation() {
    PackageFacts facts = sampleFacts();
    facts.license.clear();
    const std::string card = modelCard(facts, {});
    QVERIFY(card.find("model-index") == std::string::npos);
    QVERIFY(card.find("not evaluated") != std::string::npos);
    QVERIFY(card.find("licence of the weights that the training started from is not known") !=
            std::string::npos);
    QVERIFY(card.find("no picture was at hand") != std::string::npos);
    QCOMPARE(metricsJson(facts)["count"].get<int>(), 0);
}

void TestPackageParts::comparison() {
    std::vector<Prediction> live{answer({0.9, 0.1}), answer({0.4, 0.6}), answer({})};
    live[2].error = "could not be read";
    ParityReport report = compareAnswers(live, {{0.90005, 0.09995}, {0.4, 0.6}, {0.5, 0.5}});
    QCOMPARE(report.count, std::int64_t(2));
    QCOMPARE(report.agree, std::int64_t(2));
    QVERIFY(std::abs(report.maxDifference - 5e-5) < 1e-9);
    QVERIFY(report.passed);
    report = compareAnswers(live, {{0.9002, 0.0998}, {0.4, 0.6}, {}});
    QVERIFY(!report.passed);
    report = compareAnswers(live, {{0.1, 0.9}, {}, {}});
    QCOMPARE(report.count, std::int64_t(1));
    QCOMPARE(report.agree, std::int64_t(0));
    QVERIFY(!report.passed);
    QVERIFY(!compareAnswers({}, {}).passed);
}

void TestPackageParts::comparisonOfNan() {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    QVERIFY(!compareAnswers({answer({nan, nan})}, {{nan, nan}}).passed);
    QVERIFY(!compareAnswers({answer({0.6, 0.4})}, {{0.6, nan}}).passed);
    QVERIFY(!compareAnswers({answer({0.6, 0.4})}, {{0.6, 0.3, 0.1}}).passed);
}

void TestPackageParts::picturesComeFromValidation() {
    Dataset dataset;
    dataset.root = "/pictures";
    dataset.classes = {{1, "a"}};
    for (int i = 1; i <= 30; ++i) {
        Sample sample;
        sample.id = i;
        sample.path = std::to_string(i) + ".png";
        sample.label = 1;
        sample.split = i <= 10 ? Split::Train : i <= 20 ? Split::Validation : Split::Test;
        sample.excluded = i == 11;
        dataset.samples.push_back(sample);
    }
    const std::vector<ImageRef> all = parityPictures(dataset, 200);
    QCOMPARE(all.size(), std::size_t(9));
    QCOMPARE(all.front().path, std::string("/pictures/12.png"));
    const std::vector<ImageRef> few = parityPictures(dataset, 3);
    QCOMPARE(few.size(), std::size_t(3));
    QCOMPARE(few.back().path, std::string("/pictures/18.png"));
    for (Sample& sample : dataset.samples) {
        sample.split = sample.split == Split::Validation ? Split::None : sample.split;
    }
    QCOMPARE(parityPictures(dataset, 200).front().path, std::string("/pictures/21.png"));
    QVERIFY(parityPictures(Dataset{}, 200).empty());
}

void TestPackageParts::childTalks() {
    Progress progress;
    std::vector<std::string> lines;
    const auto outcome = runChild(
        "/bin/sh", {"-c", "echo one; echo two; echo trouble >&2; printf unfinished; exit 3"}, 10000,
        progress, [&](std::string_view line) { lines.emplace_back(line); });
    QVERIFY(outcome.ok());
    QCOMPARE(outcome->exitCode, 3);
    QCOMPARE(outcome->errors, std::string("trouble\n"));
    QCOMPARE(lines, (std::vector<std::string>{"one", "two"}));
}

void TestPackageParts::childFails() {
    Progress progress;
    const auto outcome =
        runChild("/bin/sh", {"-c", "kill -SEGV $$"}, 10000, progress, [](std::string_view) {});
    QVERIFY(outcome.ok());
    QCOMPARE(outcome->exitCode, 128 + SIGSEGV);
    // More than a pipe holds, on both channels at once.
    std::size_t bytes = 0;
    const auto loud =
        runChild("/bin/sh",
                 {"-c",
                  "i=0; while [ $i -lt 4000 ]; do echo $i-0123456789012345678901234567890; "
                  "echo $i-0123456789012345678901234567890 >&2; i=$((i+1)); done"},
                 10000, progress, [&](std::string_view line) { bytes += line.size(); });
    QVERIFY(loud.ok());
    QVERIFY(bytes > 128000);
    QVERIFY(loud->errors.ends_with("3999-0123456789012345678901234567890\n"));
}

void TestPackageParts::childIsCancelled() {
    Progress progress;
    QElapsedTimer timer;
    timer.start();
    const auto outcome = runChild("/bin/sh", {"-c", "echo go; exec sleep 60"}, 50000, progress,
                                  [&](std::string_view) { progress.cancel(); });
    QVERIFY(!outcome.ok());
    QCOMPARE(outcome.error().code, ErrorCode::Cancelled);
    QVERIFY(timer.elapsed() < 20000);
}

void TestPackageParts::childFallsSilent() {
    Progress progress;
    const auto outcome = runChild("/bin/sleep", {"60"}, 200, progress, [](std::string_view) {});
    QVERIFY(!outcome.ok());
    QCOMPARE(outcome.error().code, ErrorCode::Io);
}

void TestPackageParts::childIsMissing() {
    Progress progress;
    const auto outcome = runChild("/nowhere/at/all", {}, 1000, progress, [](std::string_view) {});
    QVERIFY(!outcome.ok());
    QVERIFY(outcome.error().message.find("/nowhere/at/all") != std::string::npos);
}

void TestPackageParts::stagingAppearsWhole() {
    const QTemporaryDir temporary;
    const fs::path target = fs::path(temporary.path().toStdString()) / "new" / "deep" / "package";
    {
        auto staging = StagingFolder::create(target);
        QVERIFY(staging.ok());
        QVERIFY(writeFileAtomically(staging->path() / "file", "content").ok());
        QVERIFY(!fs::exists(target));
        QVERIFY(staging->commit().ok());
    }
    QCOMPARE(readWholeFile(target / "file", 100).value(), std::string("content"));
    QCOMPARE(entriesIn(target.parent_path()), 1);
}

void TestPackageParts::stagingLeavesNothing() {
    const QTemporaryDir temporary;
    const fs::path root = temporary.path().toStdString();
    {
        auto staging = StagingFolder::create(root / "new" / "package");
        QVERIFY(staging.ok());
        QVERIFY(writeFileAtomically(staging->path() / "file", "content").ok());
        const Error error = staging->rewritten(
            {ErrorCode::Io, (staging->path() / "file").string() + " broke.", {}, {}});
        QCOMPARE(error.message, (root / "new" / "package" / "file").string() + " broke.");
    }
    QCOMPARE(entriesIn(root), 0);
}

void TestPackageParts::stagingRefuses() {
    const QTemporaryDir temporary;
    const fs::path root = temporary.path().toStdString();
    fs::create_directory(root / "full");
    QVERIFY(writeFileAtomically(root / "full" / "mine", "keep").ok());
    for (const fs::path& target : {root / "full", root / "full" / "mine"}) {
        const auto staging = StagingFolder::create(target);
        QVERIFY(!staging.ok());
        QCOMPARE(staging.error().code, ErrorCode::InvalidArgument);
        QVERIFY(staging.error().message.find("left as it is") != std::string::npos ||
                staging.error().message.find("left as it was") != std::string::npos);
    }
    // Something came into the folder while it was being written.
    fs::create_directory(root / "empty");
    {
        auto staging = StagingFolder::create(root / "empty");
        QVERIFY(staging.ok());
        QVERIFY(writeFileAtomically(root / "empty" / "late", "keep").ok());
        QVERIFY(!staging->commit().ok());
    }
    QCOMPARE(readWholeFile(root / "empty" / "late", 100).value(), std::string("keep"));
    QCOMPARE(entriesIn(root), 2);
}

void TestPackageParts::stagingThroughALink() {
    const QTemporaryDir temporary;
    const fs::path root = temporary.path().toStdString();
    fs::create_directory(root / "real");
    fs::create_directory_symlink(root / "real", root / "link");
    auto staging = StagingFolder::create(root / "link");
    QVERIFY(staging.ok());
    QVERIFY(writeFileAtomically(staging->path() / "file", "content").ok());
    QVERIFY(staging->commit().ok());
    QVERIFY(fs::exists(root / "real" / "file"));
    QVERIFY(fs::is_symlink(root / "link"));
}

QTEST_GUILESS_MAIN(TestPackageParts)
#include "tst_package_parts.moc"
