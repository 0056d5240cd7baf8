#include "core/train/train_step.h"

#include "core/train/probe_scope.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace graft {
namespace {

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
            (input.lossScale ? loss * input.lossScale->factor : loss).backward();
            outcome.correct += logits.detach().argmax(1).eq(targets).sum().item<std::int64_t>();
        }
    }
    return outcome;
}

// Pascanu, Mikolov and Bengio, ICML 2013, as torch does it.
void clipGradients(const std::vector<ParameterUpdate>& updates, double longest) {
    std::vector<torch::Tensor> parameters;
    for (const ParameterUpdate& update : updates) {
        parameters.push_back(update.parameter);
    }
    torch::nn::utils::clip_grad_norm_(parameters, longest);
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
    if (input.lossScale && !input.lossScale->unscale(updates)) {
        return outcome;
    }
    if (input.clipGradient > 0) {
        clipGradients(updates, input.clipGradient);
    }
    optimizer.setOnePass(classifier.precision() == Precision::Bf16 && classifier.device().is_cpu());
    optimizer.step(updates);
    return outcome;
}

std::int64_t withWhatFits(std::int64_t wanted, const std::function<void(std::int64_t)>& work) {
    constexpr std::int64_t kFewest = 3;
    while (true) {
        try {
            work(wanted);
            return wanted;
        } catch (const c10::OutOfMemoryError&) {
            if (wanted <= kFewest) {
                throw;
            }
        }
        wanted = std::max(kFewest, (wanted + 1) / 2);
    }
}

FittedStep trainStepThatFits(Classifier& classifier, Optimizer& optimizer, StepInput input) {
    FittedStep step;
    std::optional<KeptBuffers> before;
    if (classifier.device().is_cuda() || input.lossScale) {
        before.emplace(classifier);  // on the processor no attempt is repeated
    }
    bool again = false;
    const auto attempt = [&](std::int64_t atOnce) {
        if (again && before) {
            before->putBack();
        }
        again = true;
        input.atOnce = atOnce;
        step.outcome = trainStep(classifier, optimizer, input);
    };
    step.atOnce = withWhatFits(input.atOnce, attempt);
    if (!input.lossScale) {
        return step;
    }
    const bool failed = !std::isfinite(step.outcome.loss);
    step.tooLargeForFp16 = failed || input.lossScale->factor < 1;
    if (step.tooLargeForFp16) {
        classifier.setPrecision(Precision::Fp32);
    }
    if (failed) {
        input.lossScale = nullptr;
        step.atOnce = withWhatFits(step.atOnce, attempt);
    }
    if (!std::isfinite(step.outcome.loss)) {
        before->putBack();
    }
    return step;
}

}  // namespace graft
