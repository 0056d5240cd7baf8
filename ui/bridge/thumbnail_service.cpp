#include "ui/bridge/thumbnail_service.h"

#include "core/base/machine.h"
#include "core/data/image_reader.h"
#include "ui/bridge/image_convert.h"

#include <QCoreApplication>
#include <QPointer>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace graft::ui {

namespace {

constexpr std::array kSides = {64, 128, 256, 512};
constexpr int kCollectMs = 30;
constexpr std::size_t kMaxBroken = 20000;

int sideFor(int side) {
    const auto* it = std::lower_bound(kSides.begin(), kSides.end(), side);
    return it == kSides.end() ? kSides.back() : *it;
}

struct Key {
    std::string path;
    int index = -1;
    int side = 0;
    bool operator==(const Key&) const = default;
};

struct KeyHash {
    std::size_t operator()(const Key& key) const {
        return std::hash<std::string>()(key.path) * 31 + std::size_t(key.index + 1) * 7919 +
               std::size_t(key.side);
    }
};

/// Null when the picture cannot be read.
QImage makeThumbnail(const Key& key) {
    ReadOptions options;
    options.minShorterSide = key.side;
    const Result<Image> image = readImage({key.path, key.index}, options);
    if (!image) {
        return {};
    }
    const QImage full = toQImage(*image);
    if (std::max(full.width(), full.height()) <= key.side) {
        return full;
    }
    return full.scaled(key.side, key.side, Qt::KeepAspectRatio, Qt::SmoothTransformation)
        .convertToFormat(QImage::Format_RGB32);
}

}  // namespace

struct ThumbnailService::Shared {
    struct Entry {
        Key key;
        QImage image;
    };
    using Lru = std::list<Entry>;

    mutable std::mutex mutex;
    std::condition_variable wake;
    std::unordered_map<const QObject*, std::deque<Key>> wanted;
    std::unordered_set<Key, KeyHash> busy;
    std::vector<std::thread> threads;
    bool quit = false;
    bool fresh = false;  ///< something arrived since the last collect
    std::uint64_t generation = 0;
    std::size_t maxBytes = 0;

    // The window asks while it paints, so this part is under the mutex only for a look-up.
    Lru lru;  ///< most recently used first
    std::unordered_map<Key, Lru::iterator, KeyHash> kept;
    std::unordered_set<Key, KeyHash> broken;
    std::size_t bytes = 0;

    bool known(const Key& key) const {
        return kept.contains(key) || broken.contains(key) || busy.contains(key);
    }

    /// Next key nobody works on; clients take turns is not needed: one page shows at a time.
    bool takeNext(Key& next) {
        for (auto& [client, keys] : wanted) {
            while (!keys.empty()) {
                next = std::move(keys.front());
                keys.pop_front();
                if (!known(next)) {
                    return true;
                }
            }
        }
        return false;
    }

    void store(const Key& key, QImage image) {
        if (image.isNull()) {
            if (broken.size() > kMaxBroken) {
                broken.clear();
            }
            broken.insert(key);
            return;
        }
        bytes += std::size_t(image.sizeInBytes());
        lru.push_front({key, std::move(image)});
        kept[key] = lru.begin();
        while (bytes > maxBytes && lru.size() > 1) {
            bytes -= std::size_t(lru.back().image.sizeInBytes());
            kept.erase(lru.back().key);
            lru.pop_back();
        }
    }

    void work() {
        lowerThreadPriority();
        std::unique_lock lock(mutex);
        while (!quit) {
            Key key;
            if (!takeNext(key)) {
                wake.wait(lock);
                continue;
            }
            busy.insert(key);
            const std::uint64_t startedAt = generation;
            lock.unlock();
            QImage image = makeThumbnail(key);
            lock.lock();
            busy.erase(key);
            if (startedAt == generation) {
                store(key, std::move(image));
                fresh = true;
            }
        }
    }
};

ThumbnailService* ThumbnailService::shared() {
    static QPointer<ThumbnailService> service;
    if (!service) {
        service = new ThumbnailService(0, 96u << 20, QCoreApplication::instance());
    }
    return service;
}

ThumbnailService::ThumbnailService(int threads, std::size_t maxBytes, QObject* parent)
    : QObject(parent), m_shared(std::make_shared<Shared>()) {
    m_shared->maxBytes = maxBytes;
    const int count = threads > 0 ? threads : std::clamp(hardwareThreads() - 1, 1, 4);
    for (int i = 0; i < count; ++i) {
        m_shared->threads.emplace_back([shared = m_shared.get()] { shared->work(); });
    }
    m_collect.setInterval(kCollectMs);
    connect(&m_collect, &QTimer::timeout, this, &ThumbnailService::collect);
}

ThumbnailService::~ThumbnailService() {
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->quit = true;
    }
    m_shared->wake.notify_all();
    for (std::thread& thread : m_shared->threads) {
        thread.join();
    }
}

QImage ThumbnailService::find(const ImageRef& ref, int side) const {
    const std::lock_guard lock(m_shared->mutex);
    Key key{ref.path, ref.index, sideFor(side)};
    const int wantedSide = key.side;
    auto it = m_shared->kept.find(key);
    for (auto other = kSides.rbegin(); it == m_shared->kept.end() && other != kSides.rend();
         ++other) {
        key.side = *other;
        it = m_shared->kept.find(key);
    }
    if (it == m_shared->kept.end()) {
        return {};
    }
    if (it->first.side == wantedSide) {
        m_shared->lru.splice(m_shared->lru.begin(), m_shared->lru, it->second);
    }
    return it->second->image;
}

bool ThumbnailService::isBroken(const ImageRef& ref) const {
    const std::lock_guard lock(m_shared->mutex);
    return std::any_of(kSides.begin(), kSides.end(), [&](int side) {
        return m_shared->broken.contains(Key{ref.path, ref.index, side});
    });
}

void ThumbnailService::want(const QObject* client, const std::vector<ImageRef>& refs, int side) {
    {
        const std::lock_guard lock(m_shared->mutex);
        std::deque<Key>& keys = m_shared->wanted[client];
        keys.clear();
        for (const ImageRef& ref : refs) {
            Key key{ref.path, ref.index, sideFor(side)};
            if (!m_shared->known(key)) {
                keys.push_back(std::move(key));
            }
        }
        if (keys.empty()) {
            return;
        }
    }
    m_shared->wake.notify_all();
    m_collect.start();
}

void ThumbnailService::forget(const QObject* client) {
    const std::lock_guard lock(m_shared->mutex);
    m_shared->wanted.erase(client);
}

void ThumbnailService::clear() {
    const std::lock_guard lock(m_shared->mutex);
    ++m_shared->generation;
    m_shared->lru.clear();
    m_shared->kept.clear();
    m_shared->broken.clear();
    m_shared->bytes = 0;
}

std::size_t ThumbnailService::bytesKept() const {
    const std::lock_guard lock(m_shared->mutex);
    return m_shared->bytes;
}

void ThumbnailService::collect() {
    bool fresh = false;
    bool idle = false;
    {
        const std::lock_guard lock(m_shared->mutex);
        fresh = std::exchange(m_shared->fresh, false);
        idle = m_shared->busy.empty() &&
               std::all_of(m_shared->wanted.begin(), m_shared->wanted.end(),
                           [](const auto& entry) { return entry.second.empty(); });
    }
    if (idle) {
        m_collect.stop();
    }
    if (fresh) {
        Q_EMIT arrived();
    }
}

}  // namespace graft::ui
