#include "core/train/train_step.h"

#include "core/base/stopwatch.h"
#include "core/nn/fast/kernels.h"
#include "core/train/probe_scope.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

namespace graft {
namespace {

constexpr int kProbePictures = 8;
constexpr double kProbeSeconds = 0.5;    ///< for each precision
constexpr double kWorthChanging = 1.15;  ///< less may be noise

/// What a mean loss over these pictures counts for.
double weightOf(const torch::Tensor& targets, const torch::Tensor& classWeights) {
    return classWeights.defined() ? classWeights.index_select(0, targets).sum().item<double>()
                                  : double(targets.size(0));
}

/// Forward and back, in one piece or in parts of nearly equal size. Ends early where the loss is
/// not finite.
StepOutcome passThrough(Classifier& classifier, const StepInput& input) {
    namespace F = torch::nn::functional;
    const auto options = F::CrossEntropyFuncOptions()
                             .weight(input.classWeights)
                             .label_smoothing(input.labelSmoothing);
    const std::int64_t count = input.x.size(0);
    const std::int64_t parts = input.atOnce > 0 ? (count + input.atOnce - 1) / input.atOnce : 1;
    const double whole = weightOf(input.targets, input.classWeights);
    StepOutcome outcome;
    for (std::int64_t part = 0; part < parts && std::isfinite(outcome.loss); ++part) {
        const std::int64_t begin = part * count / parts;
        const std::int64_t length = (part + 1) * count / parts - begin;
        const torch::Tensor targets = input.targets.narrow(0, begin, length);
        const torch::Tensor logits =
            classifier.forwardFrom(input.firstStage, input.x.narrow(0, begin, length));  // [N, C]
        torch::Tensor loss = F::cross_entropy(logits, targets, options);
        if (parts > 1) {
            loss = loss * (weightOf(targets, input.classWeights) / whole);
        }
        outcome.loss += loss.item<double>();
        if (std::isfinite(outcome.loss)) {
            loss.backward();
            outcome.correct += logits.detach().argmax(1).eq(targets).sum().item<std::int64_t>();
        }
    }
    return outcome;
}

/// The quickest pass forward and back, in seconds.
double secondsFor(Classifier& classifier, Precision precision, const torch::Tensor& x,
                  const ProbeScope& scope) {
    using Clock = std::chrono::steady_clock;
    classifier.setPrecision(precision);
    const Clock::time_point begin = Clock::now();
    double best = std::numeric_limits<double>::infinity();
    // The first one also prepares what later ones find ready.
    for (int round = 0; round < 8; ++round) {
        const Clock::time_point start = Clock::now();
        classifier.forward(x).sum().backward();
        const double seconds = secondsSince(start);
        scope.clearGradients();
        if (round > 0) {
            best = std::min(best, seconds);
        }
        if (round > 0 && secondsSince(begin) > kProbeSeconds) {
            break;
        }
    }
    return best;
}

}  // namespace

StepOutcome trainStep(Classifier& classifier, Optimizer& optimizer, const StepInput& input) {
    classifier.setTraining(true);
    classifier.setDropoutSeed(input.dropoutSeed);
    const std::vector<NamedTensor> parameters = classifier.parameters();
    clearGradients(parameters);
    const StepOutcome outcome = passThrough(classifier, input);
    if (!std::isfinite(outcome.loss)) {
        return outcome;
    }
    std::vector<ParameterUpdate> updates;
    for (const NamedTensor& parameter : parameters) {
        if (!parameter.tensor.requires_grad() || !parameter.tensor.grad().defined()) {
            continue;
        }
        const double decay = parameter.tensor.dim() <= 1 ? 0 : input.weightDecay;
        updates.push_back({parameter.name, parameter.tensor, input.rateOf(parameter.name), decay});
    }
    optimizer.setOnePass(classifier.precision() == Precision::Bf16);
    optimizer.step(updates);
    return outcome;
}

PrecisionChoice choosePrecision(Classifier& classifier, const std::string& wished, int batchSize) {
    PrecisionChoice choice;
    if (wished == "bf16") {
        choice.precision = Precision::Bf16;
    } else if (wished == "auto" && fast::processorHasBf16()) {
        const ProbeScope scope(classifier);
        const int size = classifier.preprocess().inputSize;
        // A generator of its own: torch's may be anyone's.
        at::Generator noise = at::detail::createCPUGenerator(0);
        const torch::Tensor x =
            torch::empty({std::min(batchSize, kProbePictures), 3, size, size}).normal_(0, 1, noise);
        classifier.setTraining(true);
        classifier.setDropoutSeed(0);
        try {
            const double exact = secondsFor(classifier, Precision::Fp32, x, scope);
            choice.speedUp = exact / secondsFor(classifier, Precision::Bf16, x, scope);
        } catch (const std::bad_alloc&) {
            choice.speedUp = 0;  // whoever asks what fits into memory will say so
        }
        choice.precision = choice.speedUp > kWorthChanging ? Precision::Bf16 : Precision::Fp32;
    }
    classifier.setPrecision(choice.precision);
    return choice;
}

}  // namespace graft
