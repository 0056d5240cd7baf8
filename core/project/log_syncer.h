// LogSyncer: brings the log of committed changes to the drive right after each commit, on a thread
// of its own, so that the window never waits for a busy drive and a power cut takes away no more
// than the last moments. Private to core/project. Thread: any; its worker is joined by it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace graft {

class LogSyncer {
 public:
    explicit LogSyncer(const std::string& projectPath);
    ~LogSyncer();  ///< syncs what is still to do

    void changed();  ///< a transaction was committed

 private:
    void work();

    std::string m_logPath;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_due = false;
    bool m_end = false;
    std::thread m_thread;
};

}  // namespace graft
