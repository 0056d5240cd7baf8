// Job: a long task on a thread of its own, polled by whoever started it. Nothing calls back into
// the window. Thread: the handle is used by its owner only; the task runs on its own thread.
#pragma once

#include "core/base/machine.h"
#include "core/base/progress.h"
#include "core/base/result.h"

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <thread>

namespace graft {

template <class T>
class Job {
  public:
    /// `task` runs at lowered priority. Exceptions become Error{Internal}.
    static std::unique_ptr<Job> start(std::function<Result<T>(Progress&)> task) {
        return std::unique_ptr<Job>(new Job(std::move(task)));
    }
    /// Cancels and waits.
    ~Job() {
        cancel();
        m_thread.join();
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    Progress::State progress() const { return m_progress.state(); }
    void cancel() { m_progress.cancel(); }
    bool finished() const { return m_finished.load(std::memory_order_acquire); }
    /// Requires finished(); once.
    Result<T> take() { return std::move(*m_result); }

  private:
    explicit Job(std::function<Result<T>(Progress&)> task)
        : m_thread([this, task = std::move(task)] {
              lowerThreadPriority();
              try {
                  m_result.emplace(task(m_progress));
              } catch (const std::bad_alloc&) {
                  m_result.emplace(Error{ErrorCode::OutOfMemory, "There is not enough memory.", {},
                                         "Close other programs, then try again."});
              } catch (const std::exception& fault) {
                  m_result.emplace(Error{ErrorCode::Internal, "Something went wrong inside Graft.",
                                         fault.what(), {}});
              }
              m_finished.store(true, std::memory_order_release);
          }) {}

    Progress m_progress;
    std::optional<Result<T>> m_result;
    std::atomic<bool> m_finished{false};
    std::thread m_thread;  // last: started when the rest is ready
};

}  // namespace graft
