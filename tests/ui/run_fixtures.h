// Projects with runs in them, made through the project itself, and evaluations made up by hand.
// Thread: GUI.
#pragma once

#include "ui_fixtures.h"

#include "core/analysis/evaluation.h"
#include "core/project/run_store.h"

namespace graft::test {

inline MetricRow epochRow(std::int64_t epoch, std::int64_t stepsPerEpoch, double accuracy,
                          bool best) {
    MetricRow row;
    row.kind = MetricRow::Kind::Epoch;
    row.epoch = epoch;
    row.step = epoch * stepsPerEpoch;
    row.trainLoss = 1.0 / double(epoch);
    row.trainAccuracy = accuracy;
    row.learningRate = 0.01;
    row.validationLoss = 1.2 / double(epoch);
    row.validationAccuracy = accuracy;
    row.validationCount = 100;
    row.imagesPerSecond = 50;
    row.best = best;
    return row;
}

inline MetricRow stepRow(std::int64_t step, std::int64_t stepsPerEpoch) {
    MetricRow row;
    row.step = step;
    row.epoch = (step - 1) / stepsPerEpoch + 1;
    row.trainLoss = 2.0 / double(step);
    row.trainAccuracy = 0.5;
    row.learningRate = 0.01;
    return row;
}

/// `epochs` epochs of four steps, each better than the last, and the given end. 0 on failure.
inline RunId addRun(Project& project, const std::string& name, int epochs, RunState end) {
    const auto record = project.addRun(name);
    if (!record) {
        qWarning("%s", record.error().text().c_str());
        return 0;
    }
    auto store = project.runStore(record->id);
    std::vector<MetricRow> rows;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        for (int step = 4 * epoch - 3; step <= 4 * epoch; ++step) {
            rows.push_back(stepRow(step, 4));
        }
        rows.push_back(epochRow(epoch, 4, 0.5 + 0.1 * epoch, true));
    }
    const bool ok =
        store && store->appendMetrics(rows).ok() && store->setState(end, "Ended by the test.").ok();
    return ok ? record->id : 0;
}

/// Of the validation pictures as labelled now: the first of each class is taken for the next
/// class, surer from class to class; the rest is right.
inline Evaluation makeEvaluation(const Dataset& dataset, std::int64_t epoch) {
    Evaluation evaluation;
    evaluation.split = Split::Validation;
    evaluation.checkpoint = "best";
    evaluation.epoch = epoch;
    const int classes = int(dataset.classes.size());
    std::vector<bool> seen(std::size_t(classes), false);
    for (const Sample& sample : dataset.samples) {
        if (sample.split != Split::Validation || !sample.usable()) {
            continue;
        }
        SamplePrediction p;
        p.sample = sample.id;
        p.truth = dataset.classIndex(sample.label);
        const bool wrong = !seen[std::size_t(p.truth)];
        seen[std::size_t(p.truth)] = true;
        p.predicted = wrong ? (p.truth + 1) % classes : p.truth;
        const float sure = wrong ? 0.6F + 0.1F * float(p.truth) : 0.9F;
        p.probabilities.assign(std::size_t(classes), (1 - sure) / float(classes - 1));
        p.probabilities[std::size_t(p.predicted)] = sure;
        evaluation.predictions.push_back(p);
    }
    evaluation.note = "Slightly optimistic.";
    summarize(evaluation, dataset.classes);
    return evaluation;
}

}  // namespace graft::test
