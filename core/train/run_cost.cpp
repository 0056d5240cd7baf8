// The part of TrainRun that says before the first step what the run will cost, and that fits its
// steps into the memory there is.
#include "core/base/amounts.h"
#include "core/base/machine.h"
#include "core/base/stopwatch.h"
#include "core/train/tensor_memory.h"
#include "core/train/train_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace graft {
namespace {

// What the system needs to go on and the measure does not see (thread stacks, the window).
constexpr double kMargin = 100e6;

Error doesNotFit(double needed, double available, std::int64_t atOnce, std::int64_t fits) {
    Error error{ErrorCode::OutOfMemory,
                "This training would need " + bytesText(std::uint64_t(needed)) +
                    " more memory, but only " + bytesText(std::uint64_t(available)) +
                    " are free. Nothing was started.",
                {},
                {}};
    if (fits >= 3) {
        error.hint = "About " + std::to_string(fits) + " of the " + std::to_string(atOnce) +
                     " pictures of a step fit at once: choose a batch size of that or less, or "
                     "0 (auto), which computes a step in parts.";
    } else {
        error.hint = "Not even a small batch fits: close other programs, or choose a smaller "
                     "network or picture size, or freeze more of the network.";
    }
    return error;
}

}  // namespace

// Upper bound of what the loader holds: batches ahead and decoded pictures.
double TrainRun::loaderBytes() const {
    const double side = m_classifier->preprocess().inputSize;
    const double batch =
        double(m_job.options.batchSize) * 3 * side * side * double(bytesOf(pixelFormatNow()));
    const int threads = m_loader->options().threads;
    const double ahead = threads == 0 ? 1
                         : m_loader->options().inTurns
                             ? 2  // the one computed and the one read
                             : std::min(std::max(2.0, 512e6 / batch), 2.0 * threads) + 1;
    double decoded = 0;
    for (const Sample& sample : m_job.dataset.samples) {
        if (!sample.usable() || sample.split != Split::Train) {
            continue;
        }
        double width = sample.width;
        double height = sample.height;
        while (std::min(width, height) / 2 >= 4 * side) {  // decoded smaller, see BatchLoader
            width /= 2;
            height /= 2;
        }
        decoded += 3 * width * height;
    }
    return ahead * batch + std::min(decoded, double(m_loader->options().cacheBytes));
}

// What stays or comes beside the tensors of a pass.
double TrainRun::bytesBesidePass() const {
    double all = 0;
    double trainable = 0;
    for (const NamedTensor& parameter : m_classifier->parameters()) {
        all += double(parameter.tensor.nbytes());
        trainable += parameter.tensor.requires_grad() ? double(parameter.tensor.nbytes()) : 0;
    }
    const double optimizer = trainable * (m_job.options.optimizer == "adamw"  ? 2
                                          : m_job.options.momentum > 0 ? 1
                                                                       : 0);
    // A checkpoint copies what does not lie in memory as it lies in the file, when the gradients
    // still live but nothing else of a pass does.
    const double checkpoint = all + optimizer;
    const double pass = m_passCost.bytesFor(picturesAtOnce()) - trainable;
    return optimizer + std::max(0.0, checkpoint - pass) + loaderBytes();
}

std::int64_t TrainRun::picturesAtOnce() const {
    return m_state.atOnce > 0 ? m_state.atOnce : m_job.options.batchSize;
}

Status TrainRun::fitIntoMemory() {
    const std::int64_t batch = m_job.options.batchSize;
    if (batch < 2) {
        return Error{ErrorCode::InvalidArgument,
                     "A step needs at least two pictures, since batch normalisation compares them.",
                     {},
                     "Choose 2 or more pictures per step, or 0 to let Graft choose."};
    }
    if (!m_restored && m_job.options.accumulate > 1) {
        m_state.atOnce = std::max<std::int64_t>(
            2, (batch + m_job.options.accumulate - 1) / m_job.options.accumulate);
    }
    measureCost();
    const auto available = double(availableMemory());
    if (available == 0) {
        return {};
    }
    // Decoded pictures are kept to save time; a step comes first.
    const auto fitting = [&] {
        return largestBatch(m_passCost, available - bytesBesidePass() - kMargin, picturesAtOnce());
    };
    std::int64_t fits = fitting();
    if (fits < picturesAtOnce() && m_loader->options().cacheBytes > 0) {
        makeLoader(0);
        fits = fitting();
    }
    if (fits >= picturesAtOnce()) {
        return {};
    }
    const std::int64_t parts = partsFor(batch, fits);
    if (m_job.options.accumulate != 0 || m_restored || parts == 0) {
        const double needed =
            bytesBesidePass() + kMargin + m_passCost.bytesFor(picturesAtOnce());
        // What is free changes from one moment to the next; who follows the advice must not be
        // turned away again.
        const double sure = available - 0.1 * needed - bytesBesidePass() - kMargin;
        return doesNotFit(needed, available, picturesAtOnce(),
                          largestBatch(m_passCost, sure, picturesAtOnce()));
    }
    m_state.atOnce = (batch + parts - 1) / parts;
    TrainEvent notice;
    notice.text = "Memory is short: each step of " + std::to_string(batch) +
                  " pictures is computed in " + std::to_string(parts) +
                  " parts whose gradients are added up. The result is that of the whole step, "
                  "except that batch normalisation sees the pictures of a part only.";
    send(std::move(notice));
    return {};
}

// What a graphics card has left is known only when it runs out.
void TrainRun::computeInParts(std::int64_t atOnce) {
    m_state.atOnce = atOnce;
    TrainEvent notice;
    notice.text =
        "The graphics card has too little memory for a whole step: it is computed in parts "
        "of at most " +
        std::to_string(atOnce) +
        " pictures whose gradients are added up. Batch normalisation sees the pictures of "
        "a part only.";
    send(std::move(notice));
}

void TrainRun::leaveFp16() {
    m_state.precision = precisionName(m_classifier->precision());
    m_boundary.reset();
    m_validationBoundary.reset();
    TrainEvent notice;
    notice.text = "Numbers became too large for fp16: this run computes in fp32 from here on.";
    send(std::move(notice));
}

void TrainRun::measureCost() {
    publish(RunState::Running, "Measuring time and memory");
    // Layers that are only held back for the first epochs will need their share later.
    const std::vector<std::string> wished = m_frozen->wished();
    const std::vector<std::string> held = m_frozen->held();
    if (!held.empty()) {
        m_frozen->releaseBackbone();
    }
    m_keptStage = m_classifier->frozenBoundary();
    m_headAlone = m_keptStage > m_classifier->stageCount();
    const auto most = std::min<std::int64_t>(picturesAtOnce(), std::int64_t(m_trainItems.size()));
    const std::int64_t fits = withWhatFits(most, [&](std::int64_t atOnce) {
        m_passCost = measurePass(*m_classifier, plainPass(*m_classifier), atOnce);
    });
    if (fits < most) {
        computeInParts(fits);
    }
    if (!held.empty()) {
        (void)m_frozen->restore(wished, held).ok();  // it was like that a moment ago
    }
    releaseKeptTensorMemory();
    resetTensorPeak();
    constexpr std::size_t kPictures = 8;
    auto batches = shuffledBatches(m_trainItems.size(), int(kPictures),
                                   std::uint64_t(m_job.options.seed), 0);
    batches.resize(1);
    LoaderOptions alone = m_loader->options();
    alone.threads = 0;
    alone.cacheBytes = 0;
    BatchLoader loader(std::move(alone));
    const auto start = Clock::now();
    loader.start(std::move(batches), 0, 0, m_job.augment);
    const auto batch = loader.next();
    m_loadSecondsPerPicture =
        batch && batch->count > 0 ? secondsSince(start) / double(batch->count) : 0;
}

// What goes into the part that learns is computed once for each variant and kept, and so are the
// features of validation pictures. Steps on kept vectors take no time worth counting, those on maps
// do.
void TrainRun::addEpochs(CostForecast& forecast) const {
    const std::int64_t epochs = m_job.options.epochs;
    const std::int64_t head =
        m_headAlone ? epochs : std::min<std::int64_t>(m_job.options.headEpochs, epochs);
    const std::int64_t variants = cachedVariants(m_job.options, augmentNow());
    const auto keeps = [&](std::size_t stage) {
        return m_cache && variants > 0 && variants <= variantsThatFit(stage);
    };
    const std::size_t pooled = m_classifier->stageCount() + 1;
    const std::int64_t filling = keeps(pooled) ? std::min(head, variants) : head;
    const std::int64_t looks =
        m_cache && variantsThatFit(pooled) > 0 ? std::min<std::int64_t>(head, 1) : head;
    const double headSeconds = m_headAlone ? forecast.epochSeconds : forecast.headEpochSeconds;

    const std::int64_t rest = epochs - head;
    const std::int64_t small =
        std::clamp<std::int64_t>(m_job.options.firstSizeEpochs, head, epochs) - head;
    const bool maps = !m_headAlone && m_keptStage > 0 && small == 0 && rest > variants &&
                      keeps(m_keptStage);
    const std::int64_t whole = maps ? variants : rest;
    const std::int64_t wholeLooks = maps ? 1 : rest;
    forecast.fillingEpochs = m_headAlone && keeps(pooled) ? filling : maps && head == 0 ? whole : 0;
    const double validation = double(m_validationItems.size());
    forecast.totalSeconds =
        double(filling) * headSeconds + double(whole) * forecast.epochSeconds +
        double(rest - whole) * double(m_trainItems.size()) * m_passCost.keptSecondsPerPicture +
        double(looks + wholeLooks) * forecast.validationSeconds +
        double(rest - wholeLooks) * validation * m_passCost.keptEvaluationSecondsPerPicture -
        double(small) * (1 - secondsShareOfFirstSize()) * forecast.epochSeconds;
}

CostForecast TrainRun::forecast() const {
    const TrainOptions& options = m_job.options;
    CostForecast forecast;
    forecast.batchSize = options.batchSize;
    forecast.picturesAtOnce = picturesAtOnce();
    forecast.availableBytes = availableMemory();
    forecast.neededBytes = std::uint64_t(bytesBesidePass() + m_passCost.bytesFor(picturesAtOnce()));
    forecast.peakBytes = residentMemory() + forecast.neededBytes;
    // Reading pictures and computing share the cores, whichever waits for the other.
    const double load = m_loadSecondsPerPicture / double(std::max(1, at::get_num_threads()));
    const double pictures = double(m_trainItems.size());
    const double compute = m_passCost.secondsPerPicture;
    const double look = m_passCost.evaluationSecondsPerPicture;
    forecast.epochSeconds = pictures * (compute + load);
    forecast.headEpochSeconds = pictures * (look + load);
    forecast.validationSeconds = double(m_validationItems.size()) * (look + load);
    addEpochs(forecast);
    return forecast;
}

}  // namespace graft
