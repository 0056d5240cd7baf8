#include "core/analysis/evaluation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

using nlohmann::json;

constexpr double kNormal95 = 1.959963984540054;  // two-sided 95 % quantile

double ratio(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? double(part) / double(whole) : 0.0;
}

bool counts(const SamplePrediction& prediction, int classCount) {
    return prediction.truth >= 0 && prediction.truth < classCount && prediction.predicted >= 0 &&
           prediction.predicted < classCount;
}

ClassScores scoresOf(const std::vector<std::vector<std::int64_t>>& confusion, std::size_t index,
                     const ClassInfo& info) {
    std::int64_t predicted = 0;
    ClassScores scores;
    scores.id = info.id;
    scores.name = info.name;
    for (std::size_t other = 0; other < confusion.size(); ++other) {
        predicted += confusion[other][index];
        scores.support += confusion[index][other];
    }
    const std::int64_t hits = confusion[index][index];
    scores.precision = ratio(hits, predicted);
    scores.recall = ratio(hits, scores.support);
    // 2PR/(P+R) in whole numbers.
    scores.f1 = ratio(2 * hits, predicted + scores.support);
    return scores;
}

void averageScores(Evaluation& evaluation) {
    evaluation.macro = {0, 0, 0};
    evaluation.weighted = {0, 0, 0};
    const double classes = double(std::max<std::size_t>(evaluation.perClass.size(), 1));
    for (const ClassScores& scores : evaluation.perClass) {
        const std::array<double, 3> values{scores.precision, scores.recall, scores.f1};
        const double share = ratio(scores.support, evaluation.count);
        for (std::size_t i = 0; i < values.size(); ++i) {
            evaluation.macro[i] += values[i] / classes;
            evaluation.weighted[i] += values[i] * share;
        }
    }
}

json averageJson(const std::array<double, 3>& values) {
    return {{"precision", values[0]}, {"recall", values[1]}, {"f1", values[2]}};
}

std::array<double, 3> averageFrom(const json& value) {
    return {value.at("precision").get<double>(), value.at("recall").get<double>(),
            value.at("f1").get<double>()};
}

json classJson(const ClassScores& scores) {
    return {{"class", scores.name},          {"id", scores.id},         {"support", scores.support},
            {"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}};
}

json predictionJson(const SamplePrediction& prediction) {
    return {{"sample", prediction.sample},
            {"truth", prediction.truth},
            {"predicted", prediction.predicted},
            {"probabilities", prediction.probabilities}};
}

json problemJson(const Problem& problem) {
    return {{"kind", problemKindName(problem.kind)},
            {"path", problem.path},
            {"message", problem.message},
            {"sample", problem.sample}};
}

ProblemKind problemKindFrom(const std::string& name) {
    for (int i = 0; i <= int(ProblemKind::BadRow); ++i) {
        if (name == problemKindName(ProblemKind(i))) {
            return ProblemKind(i);
        }
    }
    throw std::invalid_argument("unknown kind of problem: " + name);
}

Split splitFrom(const std::string& name) {
    for (const Split split : {Split::None, Split::Train, Split::Validation, Split::Test}) {
        if (name == splitName(split)) {
            return split;
        }
    }
    throw std::invalid_argument("unknown split: " + name);
}

void readLists(const json& value, Evaluation* evaluation) {
    for (const json& entry : value.at("per_class")) {
        ClassScores scores;
        entry.at("class").get_to(scores.name);
        scores.id = entry.value("id", ClassId(0));
        entry.at("support").get_to(scores.support);
        entry.at("precision").get_to(scores.precision);
        entry.at("recall").get_to(scores.recall);
        entry.at("f1").get_to(scores.f1);
        evaluation->perClass.push_back(std::move(scores));
    }
    for (const json& entry : value.value("predictions", json::array())) {
        SamplePrediction prediction;
        entry.at("sample").get_to(prediction.sample);
        entry.at("truth").get_to(prediction.truth);
        entry.at("predicted").get_to(prediction.predicted);
        for (const json& probability : entry.at("probabilities")) {
            prediction.probabilities.push_back(probability.get<float>());
        }
        evaluation->predictions.push_back(std::move(prediction));
    }
    for (const json& entry : value.value("problems", json::array())) {
        Problem problem;
        problem.kind = problemKindFrom(entry.at("kind").get<std::string>());
        entry.at("path").get_to(problem.path);
        entry.at("message").get_to(problem.message);
        entry.at("sample").get_to(problem.sample);
        evaluation->problems.push_back(std::move(problem));
    }
}

Evaluation readEvaluation(const json& value) {
    Evaluation evaluation;
    evaluation.split = splitFrom(value.at("split").get<std::string>());
    evaluation.checkpoint = value.value("checkpoint", std::string());
    evaluation.epoch = value.value("epoch", std::int64_t(0));
    value.at("count").get_to(evaluation.count);
    evaluation.correct = value.value("correct", std::int64_t(0));
    value.at("accuracy").get_to(evaluation.accuracy);
    value.at("ci95").get_to(evaluation.ci95);
    value.at("loss").get_to(evaluation.loss);
    evaluation.macro = averageFrom(value.at("macro"));
    evaluation.weighted = averageFrom(value.at("weighted"));
    value.at("confusion").get_to(evaluation.confusion);
    evaluation.note = value.value("note", std::string());
    readLists(value, &evaluation);
    return evaluation;
}

}  // namespace

std::array<double, 2> wilsonInterval(std::int64_t correct, std::int64_t count) {
    if (count <= 0) {
        return {0.0, 1.0};
    }
    const double n = double(count);
    const double p = double(correct) / n;
    const double z2 = kNormal95 * kNormal95;
    const double centre = p + z2 / (2 * n);
    const double reach = kNormal95 * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    const double scale = 1 + z2 / n;
    return {std::clamp((centre - reach) / scale, 0.0, 1.0),
            std::clamp((centre + reach) / scale, 0.0, 1.0)};
}

void summarize(Evaluation& evaluation, const std::vector<ClassInfo>& classes) {
    const int classCount = int(classes.size());
    evaluation.count = 0;
    evaluation.correct = 0;
    evaluation.confusion.assign(classes.size(), std::vector<std::int64_t>(classes.size(), 0));
    for (const SamplePrediction& prediction : evaluation.predictions) {
        if (counts(prediction, classCount)) {
            ++evaluation.count;
            evaluation.correct += prediction.truth == prediction.predicted ? 1 : 0;
            ++evaluation
                  .confusion[std::size_t(prediction.truth)][std::size_t(prediction.predicted)];
        }
    }
    evaluation.accuracy = ratio(evaluation.correct, evaluation.count);
    evaluation.ci95 = wilsonInterval(evaluation.correct, evaluation.count);
    evaluation.perClass.clear();
    for (std::size_t i = 0; i < classes.size(); ++i) {
        evaluation.perClass.push_back(scoresOf(evaluation.confusion, i, classes[i]));
    }
    averageScores(evaluation);
}

json toJson(const Evaluation& evaluation, const std::vector<ClassInfo>& classes,
            bool withPredictions) {
    json perClass = json::array();
    for (const ClassScores& scores : evaluation.perClass) {
        perClass.push_back(classJson(scores));
    }
    json names = json::array();
    for (const ClassInfo& info : classes) {
        names.push_back(info.name);
    }
    json problems = json::array();
    for (const Problem& problem : evaluation.problems) {
        problems.push_back(problemJson(problem));
    }
    json value{{"split", splitName(evaluation.split)},
               {"checkpoint", evaluation.checkpoint},
               {"epoch", evaluation.epoch},
               {"count", evaluation.count},
               {"correct", evaluation.correct},
               {"accuracy", evaluation.accuracy},
               {"ci95", evaluation.ci95},
               {"loss", evaluation.loss},
               {"macro", averageJson(evaluation.macro)},
               {"weighted", averageJson(evaluation.weighted)},
               {"per_class", std::move(perClass)},
               {"confusion", evaluation.confusion},
               {"classes", std::move(names)},
               {"problems", std::move(problems)},
               {"note", evaluation.note}};
    if (withPredictions) {
        json predictions = json::array();
        for (const SamplePrediction& prediction : evaluation.predictions) {
            predictions.push_back(predictionJson(prediction));
        }
        value["predictions"] = std::move(predictions);
    }
    return value;
}

Result<Evaluation> evaluationFromJson(const json& value) {
    try {
        return readEvaluation(value);
    } catch (const std::exception& fault) {
        return Error{ErrorCode::BadFormat, "The stored evaluation cannot be understood.",
                     fault.what(), "Evaluate again."};
    }
}

}  // namespace graft
