#include "ui/bridge/job_bridge.h"

#include <QPointer>

namespace graft::ui {

namespace {
constexpr int kPollMs = 30;
}

JobBridge::JobBridge(QObject* parent) : QObject(parent) {
    m_timer.setInterval(kPollMs);
    connect(&m_timer, &QTimer::timeout, this, &JobBridge::poll);
}

JobBridge::~JobBridge() = default;

void JobBridge::cancel() {
    m_next.reset();
    if (m_current) {
        m_current->cancel();
    }
}

void JobBridge::cancelQuietly() {
    cancel();
    if (m_current) {
        m_current->quiet = true;
    }
}

void JobBridge::enqueue(std::unique_ptr<Task> task) {
    m_next = std::move(task);
    if (!m_current) {
        beginNext();
    }
    announce();
}

void JobBridge::announce() {
    if (m_announced != isActive()) {
        m_announced = isActive();
        Q_EMIT activeChanged();
    }
}

void JobBridge::beginNext() {
    m_current = std::move(m_next);
    if (m_current) {
        m_current->begin();
        m_timer.start();
    } else {
        m_timer.stop();
    }
}

void JobBridge::poll() {
    if (!m_current) {
        return;
    }
    if (!m_current->finished()) {
        if (!m_current->quiet) {
            Q_EMIT progressChanged(m_current->progress());
        }
        return;
    }
    const std::unique_ptr<Task> ended = std::move(m_current);
    beginNext();
    const QPointer<JobBridge> alive(this);
    if (!ended->quiet) {
        ended->deliver();  // may start the next job of a chain, or destroy this object
    }
    if (alive) {
        announce();
    }
}

}  // namespace graft::ui
