// Scores against their definitions and against sklearn.
#include "core/analysis/evaluation.h"
#include "core/base/rng.h"
#include "tests/support/python_oracle.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <cmath>

using namespace graft;
using nlohmann::json;

namespace {

std::vector<ClassInfo> classesOf(int count) {
    std::vector<ClassInfo> classes;
    for (int i = 0; i < count; ++i) {
        classes.push_back({10 + i, "class " + std::to_string(i)});
    }
    return classes;
}

struct Labels {
    std::vector<int> truth;
    std::vector<int> predicted;
    int classes = 0;
};

// Some classes have no picture, some are never predicted.
Labels randomLabels(int number) {
    Rng rng("labels", {std::uint64_t(number)});
    Labels labels;
    labels.classes = 2 + int(rng.below(7));
    std::vector<int> present;
    std::vector<int> answered;
    for (int i = 0; i < labels.classes; ++i) {
        if (rng.chance(0.7) || i == 0) {
            present.push_back(i);
        }
        if (rng.chance(0.7) || i == 1) {
            answered.push_back(i);
        }
    }
    const int count = 1 + int(rng.below(60));
    for (int i = 0; i < count; ++i) {
        const int truth = present[rng.below(present.size())];
        labels.truth.push_back(truth);
        labels.predicted.push_back(rng.chance(0.5) ? truth : answered[rng.below(answered.size())]);
    }
    return labels;
}

Evaluation evaluationOf(const Labels& labels) {
    Evaluation evaluation;
    for (std::size_t i = 0; i < labels.truth.size(); ++i) {
        evaluation.predictions.push_back(
            {SampleId(i + 1), labels.truth[i], labels.predicted[i], {}});
    }
    summarize(evaluation, classesOf(labels.classes));
    return evaluation;
}

bool near(double a, double b) {
    return std::abs(a - b) <= 1e-12;
}

}  // namespace

class EvaluationTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void wilsonSolvesItsEquation();
    void wilsonEdges();
    void countsOnlyWhatCounts();
    void sameAsSklearn();
    void jsonBothWays();
    void jsonHasTheDocumentedFields();
    void brokenJson();
};

// The bounds are the two p with |correct/count - p| = z sqrt(p(1-p)/count).
void EvaluationTest::wilsonSolvesItsEquation() {
    const double z = 1.959963984540054;
    for (const auto& [correct, count] :
         {std::pair(1, 10), {8, 10}, {142, 153}, {1, 2}, {999, 1000}}) {
        const double share = double(correct) / count;
        const auto bounds = wilsonInterval(correct, count);
        QVERIFY(bounds[0] < share && share < bounds[1]);
        for (const double p : bounds) {
            QVERIFY(std::abs(std::abs(share - p) - z * std::sqrt(p * (1 - p) / count)) < 1e-12);
        }
    }
}

void EvaluationTest::wilsonEdges() {
    QCOMPARE(wilsonInterval(0, 0)[0], 0.0);
    QCOMPARE(wilsonInterval(0, 0)[1], 1.0);
    QVERIFY(near(wilsonInterval(0, 20)[0], 0.0));
    QVERIFY(wilsonInterval(0, 20)[1] > 0.1);
    QVERIFY(near(wilsonInterval(20, 20)[1], 1.0));
    QVERIFY(wilsonInterval(20, 20)[0] < 0.9);
}

void EvaluationTest::countsOnlyWhatCounts() {
    Evaluation evaluation;
    evaluation.predictions = {{1, 0, 0, {}},  {2, 0, 1, {}}, {3, 1, -1, {}},
                              {4, -1, 1, {}}, {5, 2, 0, {}}, {6, 0, 7, {}}};
    summarize(evaluation, classesOf(2));
    QCOMPARE(evaluation.count, std::int64_t(2));
    QCOMPARE(evaluation.correct, std::int64_t(1));
    QCOMPARE(evaluation.accuracy, 0.5);
    QCOMPARE(evaluation.perClass[0].support, std::int64_t(2));
    QCOMPARE(evaluation.perClass[1].support, std::int64_t(0));
    QCOMPARE(evaluation.perClass[1].recall, 0.0);
    Evaluation none;
    summarize(none, classesOf(3));
    QCOMPARE(none.accuracy, 0.0);
    QCOMPARE(none.confusion.size(), std::size_t(3));
    summarize(none, {});
    QVERIFY(none.perClass.empty());
}

void EvaluationTest::sameAsSklearn() {
    constexpr int kCases = 60;
    json cases = json::array();
    for (int i = 0; i < kCases; ++i) {
        const Labels labels = randomLabels(i);
        cases.push_back({{"truth", labels.truth},
                         {"predicted", labels.predicted},
                         {"classes", labels.classes}});
    }
    const auto run =
        testing::runOracle("metrics_reference.py", {}, QByteArray::fromStdString(cases.dump()));
    if (run.missing) {
        QSKIP(qPrintable("sklearn is not there: " + run.reason));
    }
    QVERIFY2(run.ok, qPrintable(run.reason));
    const json answers = json::parse(run.output.toStdString());
    QCOMPARE(answers.size(), std::size_t(kCases));
    int absent = 0;
    for (int i = 0; i < kCases; ++i) {
        const json& theirs = answers[std::size_t(i)];
        const Evaluation ours = evaluationOf(randomLabels(i));
        QVERIFY(near(ours.accuracy, theirs["accuracy"]));
        QCOMPARE(json(ours.confusion), theirs["confusion"]);
        for (std::size_t k = 0; k < 3; ++k) {
            QVERIFY(near(ours.macro[k], theirs["macro"][k]));
            QVERIFY(near(ours.weighted[k], theirs["weighted"][k]));
        }
        for (std::size_t c = 0; c < ours.perClass.size(); ++c) {
            QVERIFY(near(ours.perClass[c].precision, theirs["per_class"][0][c]));
            QVERIFY(near(ours.perClass[c].recall, theirs["per_class"][1][c]));
            QVERIFY(near(ours.perClass[c].f1, theirs["per_class"][2][c]));
            QCOMPARE(ours.perClass[c].support, theirs["per_class"][3][c].get<std::int64_t>());
            absent += ours.perClass[c].support == 0 ? 1 : 0;
        }
    }
    QVERIFY(absent > 10);
}

void EvaluationTest::jsonBothWays() {
    Evaluation evaluation = evaluationOf(randomLabels(3));
    evaluation.split = Split::Test;
    evaluation.checkpoint = "best";
    evaluation.epoch = 7;
    evaluation.loss = 0.3217;
    evaluation.note = "slightly optimistic";
    evaluation.problems = {{ProblemKind::Damaged, "a/é.jpg", "It is cut short.", 12}};
    evaluation.predictions.front().probabilities = {0.25f, 0.7499f};
    const auto classes = classesOf(randomLabels(3).classes);
    for (const bool with : {true, false}) {
        const json written = toJson(evaluation, classes, with);
        const auto read = evaluationFromJson(json::parse(written.dump()));
        QVERIFY2(read.ok(), read.ok() ? "" : read.error().text().c_str());
        QCOMPARE(toJson(*read, classes, with), written);
        QCOMPARE(read->predictions.size(), with ? evaluation.predictions.size() : 0);
        QCOMPARE(read->split, Split::Test);
        QCOMPARE(read->perClass.back().id, evaluation.perClass.back().id);
        QVERIFY(read->problems == evaluation.problems);
    }
}

void EvaluationTest::jsonHasTheDocumentedFields() {
    const json value =
        toJson(evaluationOf(randomLabels(5)), classesOf(randomLabels(5).classes), false);
    for (const char* field : {"split", "count", "accuracy", "ci95", "loss", "per_class", "macro",
                              "weighted", "confusion", "classes", "note"}) {
        QVERIFY2(value.contains(field), field);
    }
    for (const char* field : {"class", "support", "precision", "recall", "f1"}) {
        QVERIFY2(value["per_class"][0].contains(field), field);
    }
    QCOMPARE(value["ci95"].size(), std::size_t(2));
    QCOMPARE(value["split"].get<std::string>(), std::string("validation"));
    QVERIFY(!value.contains("predictions"));
}

void EvaluationTest::brokenJson() {
    QVERIFY(!evaluationFromJson(json()).ok());
    QVERIFY(!evaluationFromJson(json::array({1})).ok());
    json value = toJson(evaluationOf(randomLabels(1)), classesOf(randomLabels(1).classes), true);
    for (const auto& item : value.items()) {
        json broken = value;
        broken[item.key()] = json::object({{"x", nullptr}});
        QVERIFY2(!evaluationFromJson(broken).ok() || item.key() == "classes", item.key().c_str());
    }
}

QTEST_GUILESS_MAIN(EvaluationTest)
#include "tst_evaluation.moc"
