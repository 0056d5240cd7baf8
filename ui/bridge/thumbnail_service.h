// ThumbnailService: small pictures for grids, decoded on threads of its own and kept in a bounded
// memory. What is visible now goes first; what scrolled away before its turn is dropped. Shared by
// all grids. Thread: GUI, except the workers inside.
#pragma once

#include "core/data/dataset.h"

#include <QImage>
#include <QObject>
#include <QTimer>

#include <memory>
#include <vector>

namespace graft::ui {

class ThumbnailService : public QObject {
    Q_OBJECT
 public:
    /// The one of the application; made at the first call, needs a QCoreApplication.
    static ThumbnailService* shared();

    /// `threads` 0: from the machine. `maxBytes` bounds the pictures kept.
    explicit ThumbnailService(int threads = 0, std::size_t maxBytes = 96u << 20,
                              QObject* parent = nullptr);
    ~ThumbnailService() override;

    /// The picture if it is at hand, its longer side `side` px (or the next larger of 64, 128,
    /// 256, 512); else null. Never decodes. Another size at hand is better than nothing.
    QImage find(const ImageRef& ref, int side) const;
    bool isBroken(const ImageRef& ref) const;  ///< decoding was tried and failed

    /// What `client` (any object) shows now, most wanted first. Replaces its earlier list.
    void want(const QObject* client, const std::vector<ImageRef>& refs, int side);
    void forget(const QObject* client);
    void clear();  ///< drops all pictures: files may have changed
    std::size_t bytesKept() const;

 Q_SIGNALS:
    /// One or more pictures arrived; at most about 30 times a second.
    void arrived();

 private:
    void collect();

    struct Shared;
    std::shared_ptr<Shared> m_shared;
    QTimer m_collect;
};

}  // namespace graft::ui
