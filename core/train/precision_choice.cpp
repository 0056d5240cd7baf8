#include "core/train/precision_choice.h"

#include "core/base/machine.h"
#include "core/base/stopwatch.h"
#include "core/nn/device.h"
#include "core/nn/fast/kernels.h"
#include "core/train/probe_scope.h"
#include "core/train/train_step.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

namespace graft {
namespace {

constexpr int kProbePictures = 8;
constexpr double kProbeSeconds = 0.5;    ///< for each precision
constexpr double kWorthChanging = 1.15;  ///< less may be noise

struct PassSeconds {
    double best = std::numeric_limits<double>::infinity();
    double mean = 0;
};

/// What a pass forward and back takes.
PassSeconds secondsFor(Classifier& classifier, Precision precision, const torch::Tensor& x,
                       const ProbeScope& scope, int mostRounds = 8) {
    using Clock = std::chrono::steady_clock;
    classifier.setPrecision(precision);
    const Clock::time_point begin = Clock::now();
    PassSeconds seconds;
    // The first one also prepares what later ones find ready.
    for (int round = 0; round < mostRounds; ++round) {
        const Clock::time_point start = Clock::now();
        classifier.forward(x).sum().backward();
        waitFor(classifier.device());
        const double now = secondsSince(start);
        scope.clearGradients();
        if (round > 0) {
            seconds.best = std::min(seconds.best, now);
            seconds.mean += (now - seconds.mean) / round;
        }
        if (round > 0 && secondsSince(begin) > kProbeSeconds) {
            break;
        }
    }
    return seconds;
}

struct Measured {
    double speedUp = 0;       ///< of bf16 over fp32
    double coresMissing = 0;  ///< that other programs had meanwhile, on average

    bool prefersBf16() const { return speedUp > kWorthChanging; }
};

Measured measurePrecisions(Classifier& classifier, const torch::Tensor& x,
                           const ProbeScope& scope) {
    const auto start = std::chrono::steady_clock::now();
    const double waited = secondsWithoutCore();
    const PassSeconds exact = secondsFor(classifier, Precision::Fp32, x, scope);
    const PassSeconds bf16 = secondsFor(classifier, Precision::Bf16, x, scope);
    return {exact.best / bf16.best, (secondsWithoutCore() - waited) / secondsSince(start)};
}

/// Each step waits for its slowest thread, and that for a core.
Measured withoutSlowThreads(Classifier& classifier, const torch::Tensor& x, const ProbeScope& scope,
                            const Measured& onAll) {
    constexpr double kNoticeable = 0.15;
    constexpr double kWorthFewer = 0.9;
    constexpr int kManyRounds = 1000;  // the system moves threads about, so for the whole time
    const int all = at::get_num_threads();
    if (all == 1 || onAll.coresMissing < kNoticeable) {
        return onAll;
    }
    const auto meanSeconds = [&] {
        return secondsFor(classifier, Precision::Bf16, x, scope, kManyRounds).mean;
    };
    const double secondsOnAll = meanSeconds();
    at::set_num_threads(std::max(1, all - int(std::ceil(onAll.coresMissing))));
    const Measured onFewer = measurePrecisions(classifier, x, scope);
    if (onFewer.prefersBf16() && meanSeconds() < kWorthFewer * secondsOnAll) {
        return onFewer;
    }
    at::set_num_threads(all);
    return onAll;
}

/// Older cards multiply fp16 fast and bf16 not at all; where both are fast, bf16 needs no care.
PrecisionChoice choiceOnCard(Classifier& classifier, const torch::Tensor& x,
                             const ProbeScope& scope) {
    constexpr double kClearlyFaster = 1.1;
    double exact = 0;
    const std::int64_t fits = withWhatFits(x.size(0), [&](std::int64_t pictures) {
        exact = secondsFor(classifier, Precision::Fp32, x.narrow(0, 0, pictures), scope).best;
    });
    const torch::Tensor some = x.narrow(0, 0, fits);
    const double bf16 = secondsFor(classifier, Precision::Bf16, some, scope).best;
    const double fp16 = secondsFor(classifier, Precision::Fp16, some, scope).best;
    PrecisionChoice choice;
    choice.precision = bf16 > kClearlyFaster * fp16 ? Precision::Fp16 : Precision::Bf16;
    choice.speedUp = exact / (choice.precision == Precision::Fp16 ? fp16 : bf16);
    if (choice.speedUp <= kWorthChanging) {
        choice.precision = Precision::Fp32;
    }
    return choice;
}

PrecisionChoice choiceOnProcessor(Classifier& classifier, const torch::Tensor& x,
                                  const ProbeScope& scope) {
    const Measured measured =
        withoutSlowThreads(classifier, x, scope, measurePrecisions(classifier, x, scope));
    return {measured.prefersBf16() ? Precision::Bf16 : Precision::Fp32, measured.speedUp, 0};
}

}  // namespace

PrecisionChoice choosePrecision(Classifier& classifier, const std::string& wished, int batchSize) {
    PrecisionChoice choice;
    const bool onCard = classifier.device().is_cuda();
    if (wished == precisionName(Precision::Bf16)) {
        choice.precision = Precision::Bf16;
    } else if (wished == precisionName(Precision::Fp16)) {
        choice.precision = Precision::Fp16;
    } else if (wished == "auto" && (onCard || fast::processorHasBf16())) {
        const ProbeScope scope(classifier);
        const int size = classifier.preprocess().inputSize;
        // A generator of its own: torch's may be anyone's.
        at::Generator noise = at::detail::createCPUGenerator(0);
        // With few pictures a card waits for the processor, whatever it computes in.
        const int pictures = onCard ? batchSize : std::min(batchSize, kProbePictures);
        const torch::Tensor x = torch::empty({pictures, 3, size, size}).normal_(0, 1, noise);
        classifier.setTraining(true);
        classifier.setDropoutSeed(0);
        try {
            choice = onCard ? choiceOnCard(classifier, x, scope)
                            : choiceOnProcessor(classifier, x, scope);
        } catch (const std::bad_alloc&) {
            // Whoever asks what fits into memory will say so.
        } catch (const c10::OutOfMemoryError&) {
            choice.precision = Precision::Bf16;  // three pictures in fp32 did not fit
        }
    }
    choice.threads = at::get_num_threads();
    classifier.setPrecision(choice.precision);
    return choice;
}

}  // namespace graft
