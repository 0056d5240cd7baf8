// RunControl: stop, pause, resume and run-n-steps for a blocking function. The function asks at
// its loop boundary; whoever owns the run sets it. Thread: any.
#pragma once

#include "core/base/progress.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace graft {

class RunControl {
  public:
    void requestStop();
    void requestPause();
    void resume();
    /// Lets a paused run take `count` steps and pauses it again.
    void runSteps(std::int64_t count);

    /// `progress` is cancelled when a stop is asked for while it is set; null detaches.
    void cancelOnStop(Progress* progress);

    bool stopRequested() const;
    bool pauseRequested() const;

    /// Called by the run at each step boundary. True: go on with one step.
    bool mayStep();
    /// For work between two steps: as mayStep(), without counting as one.
    bool mayWork() const;
    /// Blocks while paused, until resume(), runSteps(), requestStop() or wake(). Returns at once
    /// when not paused.
    void waitWhilePaused();
    /// Lets waitWhilePaused() return once so that the run looks at its commands.
    void wake();

  private:
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_stop = false;
    bool m_paused = false;
    bool m_woken = false;
    std::int64_t m_stepBudget = 0;
    Progress* m_progress = nullptr;
};

/// For as long as it lives, a stop cancels `progress`.
class StopCancels {
 public:
    StopCancels(RunControl& control, Progress& progress) : m_control(control) {
        m_control.cancelOnStop(&progress);
    }
    ~StopCancels() { m_control.cancelOnStop(nullptr); }
    StopCancels(const StopCancels&) = delete;
    StopCancels& operator=(const StopCancels&) = delete;

 private:
    RunControl& m_control;
};

}  // namespace graft
