#include "core/base/run_control.h"

namespace graft {

void RunControl::requestStop() {
    const std::lock_guard lock(m_mutex);
    m_stop = true;
    if (m_progress) {
        m_progress->cancel();
    }
    m_changed.notify_all();
}

void RunControl::requestPause() {
    const std::lock_guard lock(m_mutex);
    m_paused = true;
    m_stepBudget = 0;
}

void RunControl::resume() {
    const std::lock_guard lock(m_mutex);
    m_paused = false;
    m_stepBudget = 0;
    m_changed.notify_all();
}

void RunControl::runSteps(std::int64_t count) {
    const std::lock_guard lock(m_mutex);
    m_paused = true;
    m_stepBudget = count;
    m_changed.notify_all();
}

void RunControl::cancelOnStop(Progress* progress) {
    const std::lock_guard lock(m_mutex);
    m_progress = progress;
    if (m_progress && m_stop) {
        m_progress->cancel();
    }
}

bool RunControl::stopRequested() const {
    const std::lock_guard lock(m_mutex);
    return m_stop;
}

bool RunControl::pauseRequested() const {
    const std::lock_guard lock(m_mutex);
    return m_paused && m_stepBudget == 0;
}

bool RunControl::mayStep() {
    const std::lock_guard lock(m_mutex);
    if (m_stop) {
        return false;
    }
    if (!m_paused) {
        return true;
    }
    if (m_stepBudget > 0) {
        --m_stepBudget;
        return true;
    }
    return false;
}

bool RunControl::mayWork() const {
    const std::lock_guard lock(m_mutex);
    return !m_stop && (!m_paused || m_stepBudget > 0);
}

void RunControl::waitWhilePaused() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return m_stop || !m_paused || m_stepBudget > 0 || m_woken; });
    m_woken = false;
}

void RunControl::wake() {
    const std::lock_guard lock(m_mutex);
    m_woken = true;
    m_changed.notify_all();
}

}  // namespace graft
