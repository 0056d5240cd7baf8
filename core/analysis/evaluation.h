// Evaluation: what a model got right and wrong, as plain values with their definitions.
// Thread: any (plain values, pure functions).
#pragma once

#include "core/base/result.h"
#include "core/data/dataset.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace graft {

struct SamplePrediction {
    SampleId sample = 0;
    int truth = -1;      ///< class position
    int predicted = -1;  ///< class position; -1 if the picture could not be read
    std::vector<float> probabilities;
};

struct ClassScores {
    ClassId id = 0;
    std::string name;
    std::int64_t support = 0;
    double precision = 0;  ///< 0 where nothing was predicted as this class
    double recall = 0;     ///< 0 where the class has no picture
    double f1 = 0;
};

struct Evaluation {
    Split split = Split::Validation;
    std::string checkpoint;   ///< "best", "quick" or "last"
    std::int64_t epoch = 0;   ///< of the checkpoint, 1-based; 0: the quick model
    std::int64_t count = 0;   ///< pictures that were read
    std::int64_t correct = 0;
    double accuracy = 0;
    std::array<double, 2> ci95{0, 0};  ///< Wilson interval of the accuracy
    double loss = 0;          ///< mean cross-entropy, nats
    std::array<double, 3> macro{0, 0, 0};     ///< precision, recall, F1: mean over classes
    std::array<double, 3> weighted{0, 0, 0};  ///< the same weighted by support
    std::vector<ClassScores> perClass;
    std::vector<std::vector<std::int64_t>> confusion;  ///< [truth][predicted]
    std::vector<SamplePrediction> predictions;
    std::vector<Problem> problems;
    /// Says when the figure is of the very pictures that chose the epoch (slightly optimistic).
    std::string note;
};

/// 95 % Wilson score interval of correct/count; {0, 1} for count 0.
/// Source: Wilson, JASA 1927; z = 1.959963984540054.
std::array<double, 2> wilsonInterval(std::int64_t correct, std::int64_t count);

/// Fills everything that follows from `predictions` and the classes. `truth`/`predicted` out of
/// range are left out of the counts.
void summarize(Evaluation& evaluation, const std::vector<ClassInfo>& classes);

/// The documented JSON of `graft-cli evaluate --json`: split, count, accuracy, ci95, loss,
/// per_class[{class, support, precision, recall, f1}], macro, weighted, confusion, classes, note.
nlohmann::json toJson(const Evaluation& evaluation, const std::vector<ClassInfo>& classes,
                      bool withPredictions);
Result<Evaluation> evaluationFromJson(const nlohmann::json& json);

}  // namespace graft
