#include "core/data/batch_loader.h"

#include "core/base/machine.h"
#include "core/data/augment_pipeline.h"
#include "core/data/image_reader.h"
#include "core/data/picture_cache.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace graft {
namespace {

/// Memory for batches that are loaded ahead; at least two are, whatever their size.
constexpr std::uint64_t kAheadBytes = 512u << 20;

enum class View : std::uint64_t { Evaluation = 0, Full = 1, Reduced = 2 };

/// What one call of start() asked for; shared with the threads and never changed after.
struct Job {
    std::vector<std::vector<std::size_t>> batches;
    std::int64_t epoch = 0;
    std::optional<AugmentSpec> augment;
    int minShorterSide = 0;  // > 0: pictures may be decoded smaller
};

/// A batch that is being filled, each sample at its own place.
struct Pending {
    std::once_flag allocated;
    std::vector<float> pixels;
    std::vector<std::optional<Problem>> problems;  // by place in the batch
    std::size_t started = 0;                       // places handed out
    std::size_t finished = 0;
};

/// Twice the side that the network sees, even of the smallest crop: a photo of 12 megapixels is
/// then decoded at a fraction of its size and the resize still has detail to average over.
int reducedSide(const AugmentSpec& spec, const Preprocess& preprocess) {
    const double minArea =
        std::clamp(1.0 - std::min(1.0, spec.strength) * (1.0 - spec.cropMinArea), 0.05, 1.0);
    const double side = std::max(preprocess.resizeSize, preprocess.inputSize);
    return int(std::ceil(2.0 * std::max(side, preprocess.inputSize / std::sqrt(minArea))));
}

}  // namespace

struct BatchLoader::State {
    explicit State(LoaderOptions given) : options(std::move(given)), cache(options.cacheBytes) {}

    LoaderOptions options;
    PictureCache cache;

    std::mutex mutex;
    std::condition_variable workReady;
    std::condition_variable batchReady;
    bool stop = false;
    std::shared_ptr<const Job> job;
    std::size_t nextOut = 0;    // batch that next() returns
    std::size_t nextBegin = 0;  // first batch that is not in `window`
    std::deque<std::shared_ptr<Pending>> window;
    std::vector<std::thread> threads;

    std::size_t sampleFloats() const {
        return 3 * std::size_t(options.preprocess.inputSize) *
               std::size_t(options.preprocess.inputSize);
    }

    std::size_t aheadLimit() const {
        std::size_t largest = 1;
        for (const auto& batch : job->batches) {
            largest = std::max(largest, batch.size());
        }
        const std::uint64_t bytes = largest * sampleFloats() * sizeof(float);
        const std::uint64_t fits = std::max<std::uint64_t>(2, kAheadBytes / bytes);
        return std::size_t(std::min<std::uint64_t>(fits, 2 * options.threads));
    }

    std::shared_ptr<Pending> makePending(std::size_t batch) const {
        auto pending = std::make_shared<Pending>();
        pending->problems.resize(job->batches[batch].size());
        return pending;
    }

    Result<std::shared_ptr<const Image>> picture(std::size_t item, View view, int minShorterSide);
    Result<Image> load(const Job& work, std::size_t item);
    void loadPlace(const Job& work, std::size_t batch, std::size_t place, Pending& pending);
    Batch finish(const Job& work, std::size_t batch, Pending& pending) const;
    void runThread();
};

Result<std::shared_ptr<const Image>> BatchLoader::State::picture(std::size_t item, View view,
                                                                 int minShorterSide) {
    // A key says all that the pixels depend on, so a hit equals a fresh read.
    const std::uint64_t key = std::uint64_t(item) << 20 | std::uint64_t(view) << 18 |
                              std::uint64_t(view == View::Reduced ? minShorterSide : 0);
    if (std::shared_ptr<const Image> known = cache.find(key)) {
        return known;
    }
    ReadOptions read;
    read.minShorterSide = view == View::Reduced ? minShorterSide : 0;
    GRAFT_TRY(Image image, readImage(options.items[item].image, read));
    if (view == View::Evaluation) {
        image = evaluationView(image, options.preprocess);
    }
    std::shared_ptr<const Image> shared = std::make_shared<const Image>(std::move(image));
    cache.insert(key, shared);
    return shared;
}

Result<Image> BatchLoader::State::load(const Job& work, std::size_t item) {
    // With all changes off the evaluation view is wanted to the bit, so nothing may be reduced.
    if (!work.augment || augmentChangesNothing(*work.augment)) {
        GRAFT_TRY(const std::shared_ptr<const Image> view, picture(item, View::Evaluation, 0));
        return *view;
    }
    const View view = work.minShorterSide > 0 ? View::Reduced : View::Full;
    GRAFT_TRY(const std::shared_ptr<const Image> image, picture(item, view, work.minShorterSide));
    return augmentImage(*image, *work.augment, options.preprocess,
                        augmentSeed(options.seed, work.epoch, options.items[item].id));
}

void BatchLoader::State::loadPlace(const Job& work, std::size_t batch, std::size_t place,
                                   Pending& pending) {
    const std::size_t item = work.batches[batch][place];
    const LoaderItem& wanted = options.items[item];
    try {
        std::call_once(pending.allocated,
                       [&] { pending.pixels.resize(work.batches[batch].size() * sampleFloats()); });
        const Result<Image> image = load(work, item);
        if (image) {
            normalizeTo(*image, options.preprocess, pending.pixels.data() + place * sampleFloats());
        } else {
            pending.problems[place] = Problem{problemKindOf(image.error().code), wanted.image.path,
                                              image.error().message, wanted.id};
        }
    } catch (const std::exception& exception) {
        pending.problems[place] =
            Problem{ProblemKind::Unreadable, wanted.image.path,
                    std::string("The picture could not be loaded: ") + exception.what(), wanted.id};
    }
}

Batch BatchLoader::State::finish(const Job& work, std::size_t batch, Pending& pending) const {
    const std::vector<std::size_t>& wanted = work.batches[batch];
    Batch out;
    out.pixels = std::move(pending.pixels);
    const std::size_t floats = sampleFloats();
    for (std::size_t place = 0; place < wanted.size(); ++place) {
        if (pending.problems[place]) {
            out.problems.push_back(std::move(*pending.problems[place]));
            continue;
        }
        const std::size_t to = std::size_t(out.count++);
        if (to != place) {
            std::copy_n(out.pixels.begin() + std::ptrdiff_t(place * floats), floats,
                        out.pixels.begin() + std::ptrdiff_t(to * floats));
        }
        out.targets.push_back(options.items[wanted[place]].target);
        out.items.push_back(wanted[place]);
    }
    out.pixels.resize(std::size_t(out.count) * floats);
    return out;
}

void BatchLoader::State::runThread() {
    lowerThreadPriority();
    std::unique_lock lock(mutex);
    while (true) {
        std::shared_ptr<Pending> pending;
        std::size_t batch = 0;
        workReady.wait(lock, [&] {
            for (std::size_t i = 0; i < window.size() && !stop; ++i) {
                if (window[i]->started < window[i]->problems.size()) {
                    pending = window[i];
                    batch = nextOut + i;
                    return true;
                }
            }
            return stop;
        });
        if (stop) {
            return;
        }
        const std::size_t place = pending->started++;
        const std::shared_ptr<const Job> work = job;
        lock.unlock();
        loadPlace(*work, batch, place, *pending);
        lock.lock();
        if (++pending->finished == pending->problems.size()) {
            batchReady.notify_all();
        }
    }
}

BatchLoader::BatchLoader(LoaderOptions options)
    : m_state(std::make_unique<State>(std::move(options))) {
    m_state->options.threads = std::clamp(m_state->options.threads, 0, 64);
    for (int i = 0; i < m_state->options.threads; ++i) {
        m_state->threads.emplace_back([state = m_state.get()] { state->runThread(); });
    }
}

BatchLoader::~BatchLoader() {
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->stop = true;
    }
    m_state->workReady.notify_all();
    for (std::thread& thread : m_state->threads) {
        thread.join();
    }
}

void BatchLoader::start(std::vector<std::vector<std::size_t>> batches, std::size_t firstBatch,
                        std::int64_t epoch, std::optional<AugmentSpec> augment) {
    State& state = *m_state;
    auto job = std::make_shared<Job>();
    job->batches = std::move(batches);
    job->epoch = epoch;
    job->minShorterSide = augment ? reducedSide(*augment, state.options.preprocess) : 0;
    job->augment = std::move(augment);
    state.cache.beginEpoch();
    const std::lock_guard lock(state.mutex);
    // A thread that is still at an old batch keeps it alive and its result is dropped.
    state.window.clear();
    state.job = std::move(job);
    state.nextOut = state.nextBegin = firstBatch;
    if (state.options.threads > 0) {
        const std::size_t limit = state.aheadLimit();
        while (state.nextBegin < state.job->batches.size() && state.window.size() < limit) {
            state.window.push_back(state.makePending(state.nextBegin++));
        }
        state.workReady.notify_all();
    }
}

std::optional<Batch> BatchLoader::next() {
    State& state = *m_state;
    std::unique_lock lock(state.mutex);
    if (!state.job || state.nextOut >= state.job->batches.size()) {
        return std::nullopt;
    }
    const std::shared_ptr<const Job> job = state.job;
    const std::size_t batch = state.nextOut++;
    std::shared_ptr<Pending> pending;
    if (state.options.threads == 0) {
        pending = state.makePending(batch);
        for (std::size_t place = 0; place < job->batches[batch].size(); ++place) {
            state.loadPlace(*job, batch, place, *pending);
        }
        return state.finish(*job, batch, *pending);
    }
    --state.nextOut;  // the threads count batches from it until this one is taken out
    pending = state.window.front();
    state.batchReady.wait(lock, [&] { return pending->finished == pending->problems.size(); });
    state.window.pop_front();
    ++state.nextOut;
    if (state.nextBegin < job->batches.size()) {
        state.window.push_back(state.makePending(state.nextBegin++));
        state.workReady.notify_all();
    }
    lock.unlock();
    return state.finish(*job, batch, *pending);
}

const LoaderOptions& BatchLoader::options() const {
    return m_state->options;
}

}  // namespace graft
