#include "core/train/batch_size_probe.h"

#include "core/base/machine.h"
#include "core/base/stopwatch.h"
#include "core/nn/device.h"
#include "core/train/probe_scope.h"
#include "core/train/tensor_memory.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

struct Measured {
    double bytes = 0;
    double seconds = 0;
};

class Probe {
  public:
    Probe(Classifier& classifier, const TrainingPass& pass)
        : m_classifier(classifier), m_pass(pass), m_scope(classifier) {}

    Measured train(std::int64_t count) {
        m_scope.clearGradients();
        releaseKeptTensorMemory();  // a kept block that is a little too large would count as such
        const std::uint64_t before = tensorMemory().live;
        resetTensorPeak();
        const auto start = Clock::now();
        {
            const torch::Tensor targets = torch::zeros({count}, torch::kInt64);
            m_classifier.setTraining(true);
            m_classifier.setDropoutSeed(0);
            m_pass(pictures(count), targets);
            waitFor(m_classifier.device());
        }
        return {std::max(0.0, double(tensorMemory().peak) - double(before)), secondsSince(start)};
    }

    double evaluate(std::int64_t count, std::size_t first = 0) {
        const torch::NoGradGuard noGrad;
        m_classifier.setTraining(false);
        const torch::Tensor x = m_classifier.forwardTo(first, pictures(count));
        const auto start = Clock::now();
        m_classifier.forwardFrom(first, x);
        return secondsSince(start);
    }

    /// Of a pass that begins at stage `first`.
    double trainFrom(std::size_t first, std::int64_t count) {
        m_scope.clearGradients();
        m_classifier.setTraining(true);
        m_classifier.setDropoutSeed(0);
        const torch::Tensor x = m_classifier.forwardTo(first, pictures(count));
        const torch::Tensor targets = torch::zeros({count}, torch::kInt64);
        const auto start = Clock::now();
        torch::nn::functional::cross_entropy(m_classifier.forwardFrom(first, x), targets)
            .backward();
        waitFor(m_classifier.device());
        return secondsSince(start);
    }

  private:
    // Grey with a little structure: constant pictures would have no spread to normalise.
    torch::Tensor pictures(std::int64_t count) const {
        const int size = m_classifier.preprocess().inputSize;
        const torch::Tensor wave = torch::linspace(-1, 1, 3 * size * size).reshape({1, 3, size, size});
        return (wave * torch::linspace(0.5, 1.5, count).reshape({count, 1, 1, 1}))
            .contiguous(torch::MemoryFormat::ChannelsLast);
    }

    Classifier& m_classifier;
    const TrainingPass& m_pass;
    const ProbeScope m_scope;
};

// The second batch is as large as costs half a second or so: the larger, the nearer to the real one.
// Its memory is surely there: what two pictures took, times half their number, is more than enough.
std::int64_t secondSize(const Measured& two, std::int64_t most) {
    constexpr double kSeconds = 0.7;
    double size = std::clamp(2 * kSeconds / std::max(1e-4, two.seconds), 4.0, 32.0);
    if (const auto available = double(availableMemory()); available > 0 && two.bytes > 0) {
        size = std::min(size, 0.8 * available / (two.bytes / 2));
    }
    return std::max<std::int64_t>(2, std::min(most, std::int64_t(size)));
}

}  // namespace

TrainingPass plainPass(Classifier& classifier) {
    return [&classifier](const torch::Tensor& pictures, const torch::Tensor& targets) {
        torch::nn::functional::cross_entropy(classifier.forward(pictures), targets).backward();
    };
}

PassCost measurePass(Classifier& classifier, const TrainingPass& pass, std::int64_t most) {
    installTensorMemory();
    // The counters are the process's: the window's look ahead and a run that starts meanwhile would
    // measure each other.
    static std::mutex oneAtATime;
    const std::lock_guard alone(oneAtATime);
    Probe probe(classifier, pass);
    constexpr std::int64_t kFew = 2;
    probe.train(kFew);  // kernels are compiled in the first pass
    const Measured few = probe.train(kFew);
    const std::int64_t more = secondSize(few, most);
    const Measured many = probe.train(more);
    PassCost cost;
    if (more > kFew) {
        cost.bytesPerPicture = std::max(0.0, (many.bytes - few.bytes) / double(more - kFew));
    } else {
        cost.bytesPerPicture = many.bytes / double(more);
    }
    cost.fixedBytes = std::max(0.0, many.bytes - double(more) * cost.bytesPerPicture);
    // Whatever else the machine did meanwhile only ever adds.
    const double seconds = std::min(many.seconds, probe.train(more).seconds);
    cost.secondsPerPicture = seconds / double(more);
    const std::int64_t looked = std::min<std::int64_t>(more, 8);
    probe.evaluate(looked);
    cost.evaluationSecondsPerPicture =
        std::min(probe.evaluate(looked), probe.evaluate(looked)) / double(looked);
    cost.keptSecondsPerPicture = cost.secondsPerPicture;
    cost.keptEvaluationSecondsPerPicture = cost.evaluationSecondsPerPicture;
    const std::size_t prefix = classifier.frozenBoundary();
    if (prefix > 0 && prefix <= classifier.stageCount()) {
        cost.keptSecondsPerPicture =
            std::min(probe.trainFrom(prefix, more), probe.trainFrom(prefix, more)) / double(more);
        cost.keptEvaluationSecondsPerPicture = probe.evaluate(looked, prefix) / double(looked);
    }
    return cost;
}

std::int64_t largestBatch(const PassCost& cost, double bytes, std::int64_t wanted) {
    if (bytes < cost.fixedBytes) {
        return 0;
    }
    if (cost.bytesPerPicture <= 0) {
        return wanted;
    }
    const double fits = std::floor((bytes - cost.fixedBytes) / cost.bytesPerPicture);
    return std::min(wanted, std::int64_t(std::min(fits, 1e9)));
}

std::int64_t partsFor(std::int64_t batch, std::int64_t fits) {
    if (fits >= batch) {
        return 1;
    }
    // With room for three, parts of nearly equal size never have a single picture.
    return fits >= 3 ? (batch + fits - 1) / fits : 0;
}

}  // namespace graft
