#include "core/data/batch_loader.h"

#include "core/base/machine.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace graft {
namespace {

/// Memory for batches that are loaded ahead; at least two are, whatever their size.
constexpr std::uint64_t kAheadBytes = 512u << 20;

/// What one call of start() asked for; shared with the threads and never changed after.
struct Job {
    std::vector<std::vector<std::size_t>> batches;
    std::int64_t epoch = 0;
    std::optional<AugmentSpec> augment;
    std::size_t largest = 1;  // samples of the largest batch
};

/// A batch that is being filled, each sample at its own place.
struct Pending {
    std::size_t batch = 0;
    std::once_flag allocated;
    std::shared_ptr<void> pixels;
    std::vector<std::optional<Problem>> problems;  // by place in the batch
    bool wanted = true;                            // its pictures may be decoded
    std::size_t announced = 0;                     // places whose files are being read ahead
    std::size_t started = 0;                       // places handed out
    std::size_t finished = 0;

    std::size_t places() const { return problems.size(); }
    bool canLoad() const { return wanted && started < places(); }
    bool canAnnounce() const { return !wanted && announced < places(); }
};

LoaderOptions withSaneThreads(LoaderOptions options) {
    options.threads = std::clamp(options.threads, 0, 64);
    return options;
}

}  // namespace

struct BatchLoader::State {
    explicit State(LoaderOptions given)
        : options(std::move(given)),
          samples(options.items, options.preprocess, options.format, options.seed,
                  options.cacheBytes) {}

    const LoaderOptions options;
    SampleLoader samples;
    const std::shared_ptr<BatchMemory> memory = std::make_shared<BatchMemory>();
    SampleLoader::Scratch scratch;  // of the calling thread

    std::mutex mutex;
    std::condition_variable workReady;
    std::condition_variable batchReady;
    bool stop = false;
    std::shared_ptr<const Job> job;
    std::size_t nextBegin = 0;  // first batch that is not in `window`
    std::deque<std::shared_ptr<Pending>> window;  // from the batch that next() returns
    std::vector<std::thread> threads;

    std::size_t sampleBytes() const {
        return 3 * std::size_t(options.preprocess.inputSize) *
               std::size_t(options.preprocess.inputSize) * bytesOf(options.format);
    }

    /// Batches under way: the threads share out samples, so two are enough to keep them busy, and
    /// more only where batches are smaller than what the threads have in hand.
    std::size_t aheadLimit() const {
        if (options.inTurns) {
            return 1;
        }
        const std::uint64_t bytes = job->largest * sampleBytes();
        const std::uint64_t fits = std::max<std::uint64_t>(2, kAheadBytes / bytes);
        const std::size_t busy = 1 + (2 * threads.size() + job->largest - 1) / job->largest;
        return std::size_t(std::min<std::uint64_t>(fits, std::max<std::size_t>(2, busy)));
    }

    void beginOne() {
        auto pending = std::make_shared<Pending>();
        pending->batch = nextBegin++;
        pending->problems.resize(job->batches[pending->batch].size());
        pending->wanted = !options.inTurns;
        window.push_back(std::move(pending));
    }

    std::shared_ptr<Pending> firstThat(bool (Pending::*can)() const) const {
        const auto found = std::find_if(window.begin(), window.end(),
                                        [&](const auto& pending) { return ((*pending).*can)(); });
        return found == window.end() ? nullptr : *found;
    }
    void announceOne(std::unique_lock<std::mutex>& lock, Pending& pending);

    void loadOne(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Pending>& pending,
                 SampleLoader::Scratch& own);
    void loadPlace(const Job& work, std::size_t place, Pending& pending,
                   SampleLoader::Scratch& own);
    Batch finish(const Job& work, Pending& pending) const;
    void runThread();
};

/// Called, and left, with the lock held.
void BatchLoader::State::loadOne(std::unique_lock<std::mutex>& lock,
                                 const std::shared_ptr<Pending>& pending,
                                 SampleLoader::Scratch& own) {
    const std::size_t place = pending->started++;
    const std::shared_ptr<const Job> work = job;
    lock.unlock();
    loadPlace(*work, place, *pending, own);
    lock.lock();
    if (++pending->finished == pending->places()) {
        batchReady.notify_all();
    }
}

/// Called, and left, with the lock held.
void BatchLoader::State::announceOne(std::unique_lock<std::mutex>& lock, Pending& pending) {
    const std::size_t item = job->batches[pending.batch][pending.announced++];
    lock.unlock();
    samples.readAhead(item);
    lock.lock();
}

void BatchLoader::State::loadPlace(const Job& work, std::size_t place, Pending& pending,
                                   SampleLoader::Scratch& own) {
    const std::size_t item = work.batches[pending.batch][place];
    const LoaderItem& wanted = options.items[item];
    try {
        std::call_once(pending.allocated, [&] {
            pending.pixels = memory->take(work.largest * sampleBytes());
        });
        const Status loaded =
            samples.load(item, work.epoch, work.augment ? &*work.augment : nullptr, own,
                         static_cast<std::byte*>(pending.pixels.get()) + place * sampleBytes());
        if (!loaded) {
            pending.problems[place] = Problem{problemKindOf(loaded.error().code), wanted.image.path,
                                              loaded.error().message, wanted.id};
        }
    } catch (const std::exception& exception) {
        pending.problems[place] =
            Problem{ProblemKind::Unreadable, wanted.image.path,
                    std::string("The picture could not be loaded: ") + exception.what(), wanted.id};
    }
}

Batch BatchLoader::State::finish(const Job& work, Pending& pending) const {
    const std::vector<std::size_t>& wanted = work.batches[pending.batch];
    Batch out;
    out.side = options.preprocess.inputSize;
    out.format = options.format;
    out.pixels = std::move(pending.pixels);
    auto* const bytes = static_cast<std::byte*>(out.pixels.get());
    for (std::size_t place = 0; place < wanted.size(); ++place) {
        if (pending.problems[place]) {
            out.problems.push_back(std::move(*pending.problems[place]));
            continue;
        }
        const std::size_t to = std::size_t(out.count++);
        if (to != place) {
            std::memcpy(bytes + to * sampleBytes(), bytes + place * sampleBytes(), sampleBytes());
        }
        out.targets.push_back(options.items[wanted[place]].target);
        out.items.push_back(wanted[place]);
    }
    return out;
}

void BatchLoader::State::runThread() {
    lowerThreadPriority();
    SampleLoader::Scratch own;
    std::unique_lock lock(mutex);
    while (true) {
        std::shared_ptr<Pending> toLoad;
        std::shared_ptr<Pending> toAnnounce;
        workReady.wait(lock, [&] {
            toLoad = firstThat(&Pending::canLoad);
            toAnnounce = firstThat(&Pending::canAnnounce);
            return stop || toLoad || toAnnounce;
        });
        if (stop) {
            return;
        }
        if (toLoad) {
            loadOne(lock, toLoad, own);
        } else {
            announceOne(lock, *toAnnounce);
        }
    }
}

BatchLoader::BatchLoader(LoaderOptions options)
    : m_state(std::make_unique<State>(withSaneThreads(std::move(options)))) {
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
    for (const auto& batch : job->batches) {
        job->largest = std::max(job->largest, batch.size());
    }
    job->epoch = epoch;
    job->augment = std::move(augment);
    state.samples.beginEpoch();
    const std::lock_guard lock(state.mutex);
    // A thread that is still at an old batch keeps it alive and its result is dropped.
    state.window.clear();
    state.job = std::move(job);
    state.nextBegin = firstBatch;
    if (state.options.threads > 0) {
        const std::size_t limit = state.aheadLimit();
        while (state.nextBegin < state.job->batches.size() && state.window.size() < limit) {
            state.beginOne();
        }
        state.workReady.notify_all();
    }
}

std::optional<Batch> BatchLoader::next() {
    State& state = *m_state;
    std::unique_lock lock(state.mutex);
    if (!state.job || (state.window.empty() && state.nextBegin >= state.job->batches.size())) {
        return std::nullopt;
    }
    const std::shared_ptr<const Job> job = state.job;
    if (state.window.empty()) {
        state.beginOne();
    }
    const std::shared_ptr<Pending> pending = state.window.front();
    if (!pending->wanted) {
        pending->wanted = true;
        state.workReady.notify_all();
    }
    const auto done = [&] { return pending->finished == pending->places(); };
    while (!done()) {
        // The loading is behind, so the caller's core is free: it helps rather than waits.
        if (pending->started < pending->places()) {
            state.loadOne(lock, pending, state.scratch);
        } else {
            state.batchReady.wait(lock, done);
        }
    }
    state.window.pop_front();
    if (state.options.threads > 0 && state.nextBegin < job->batches.size()) {
        state.beginOne();
        state.workReady.notify_all();
    }
    lock.unlock();
    return state.finish(*job, *pending);
}

const LoaderOptions& BatchLoader::options() const {
    return m_state->options;
}

}  // namespace graft
