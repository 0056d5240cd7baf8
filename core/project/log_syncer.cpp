#include "core/project/log_syncer.h"

#include <fcntl.h>
#include <unistd.h>

namespace graft {
namespace {

// Opening the log a second time is safe: SQLite keeps its locks on other files. A failure is not
// lost: SQLite meets it again, and reports it, when it moves the log into the file.
void syncFile(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)!::fdatasync(descriptor);
        ::close(descriptor);
    }
}

}  // namespace

LogSyncer::LogSyncer(const std::string& projectPath)
    : m_logPath(projectPath + "-wal"), m_thread([this] { work(); }) {}

LogSyncer::~LogSyncer() {
    {
        const std::lock_guard lock(m_mutex);
        m_end = true;
    }
    m_wake.notify_one();
    m_thread.join();
}

void LogSyncer::changed() {
    {
        const std::lock_guard lock(m_mutex);
        m_due = true;
    }
    m_wake.notify_one();
}

void LogSyncer::work() {
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait(lock, [this] { return m_due || m_end; });
        if (!m_due) {
            return;
        }
        m_due = false;
        lock.unlock();
        syncFile(m_logPath);
        lock.lock();
    }
}

}  // namespace graft
