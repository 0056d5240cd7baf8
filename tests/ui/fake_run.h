// A run that a test plays itself: it says what it likes and notes what it is told.
// Thread: GUI.
#pragma once

#include "core/engine/run_handle.h"

#include <memory>
#include <utility>

namespace graft::test {

/// What the test keeps while the bridge owns the handle.
struct FakeRunState {
    RunId id = 1;
    std::vector<TrainEvent> events;
    std::shared_ptr<const TrainSnapshot> snapshot;
    MetricsHistory history;
    bool finished = false;
    std::vector<RunCommand> commands;
    int pauses = 0;
    int resumes = 0;
    int stops = 0;
    bool destroyed = false;
    bool destroyedWhileRunning = false;

    void say(TrainEvent::Kind kind, const std::string& text = {}) {
        TrainEvent event;
        event.kind = kind;
        event.text = text;
        events.push_back(event);
    }
    void show(const TrainSnapshot& now) { snapshot = std::make_shared<TrainSnapshot>(now); }
};

class FakeRun : public RunHandle {
 public:
    explicit FakeRun(std::shared_ptr<FakeRunState> state) : m_state(std::move(state)) {}
    ~FakeRun() override {
        m_state->destroyed = true;
        m_state->destroyedWhileRunning = !m_state->finished;
    }
    RunId id() const override { return m_state->id; }
    void pause() override { ++m_state->pauses; }
    void resume() override { ++m_state->resumes; }
    void stop() override { ++m_state->stops; }
    void post(const RunCommand& command) override { m_state->commands.push_back(command); }
    std::vector<TrainEvent> takeEvents() override { return std::exchange(m_state->events, {}); }
    std::shared_ptr<const TrainSnapshot> snapshot() const override { return m_state->snapshot; }
    const MetricsHistory& history() const override { return m_state->history; }
    bool finished() const override { return m_state->finished; }

 private:
    std::shared_ptr<FakeRunState> m_state;
};

}  // namespace graft::test
