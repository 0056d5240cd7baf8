#include "core/train/trainer.h"

#include "core/train/cost_forecast.h"
#include "core/train/tensor_memory.h"
#include "core/train/thread_count.h"
#include "core/train/train_run.h"

#include <functional>
#include <new>

namespace graft {
namespace {

// How one look at commands and control between two steps ended.
enum class Boundary { Go, Stop };

class Loop {
 public:
    Loop(const TrainJob& job, RunControl& control, Mailbox<RunCommand>& commands, TrainSink& sink)
        : m_control(control), m_commands(commands), m_run(job, control, sink) {}

    Result<RunState> run();

 private:
    bool takeCommands();
    Result<Boundary> boundary();
    Status advance();
    Status between();
    Result<Boundary> quickModel();
    Status save(RunState meanwhile);
    Result<Boundary> saveOrWait(const std::function<Status()>& save);
    Result<Boundary> saveOrWait(RunState meanwhile);
    void announcePause(const Error* problem);
    void announceResume();
    Result<RunState> stopBeforeTheStart();
    Result<RunState> stopHere();
    Result<RunState> finish(const std::string& why);

    RunControl& m_control;
    Mailbox<RunCommand>& m_commands;
    TrainRun m_run;
};

// True when something was changed or a save was asked for.
bool Loop::takeCommands() {
    bool save = false;
    for (const RunCommand& command : m_commands.takeAll()) {
        if (command.kind == RunCommand::Kind::EvaluateNow) {
            m_run.evaluateNow();
            continue;
        }
        m_run.apply(command);
        save = true;  // an edit is on disk before the step that it acts on
    }
    return save;
}

void Loop::announcePause(const Error* problem) {
    TrainEvent event;
    event.kind = TrainEvent::Kind::Paused;
    if (problem) {
        event.error = *problem;
        event.text = "Training is paused: " + problem->message;
    } else {
        event.text = "Paused";
    }
    m_run.send(std::move(event));
    m_run.publish(RunState::Paused, "Paused");
}

void Loop::announceResume() {
    TrainEvent event;
    event.kind = TrainEvent::Kind::Resumed;
    event.text = "Going on";
    m_run.send(std::move(event));
}

// Of longer work before the first step: commands wait until then, so that a replay takes them at
// the same place.
Status Loop::between() {
    bool paused = false;
    while (!m_control.stopRequested() && !m_control.mayWork()) {
        if (!paused) {
            paused = true;
            announcePause(nullptr);
        }
        m_control.waitWhilePaused();
    }
    if (m_control.stopRequested()) {
        return Error{ErrorCode::Cancelled, "Stopped.", {}, {}};
    }
    if (paused) {
        announceResume();
    }
    return {};
}

Result<Boundary> Loop::quickModel() {
    const Status made = m_run.makeQuickModel([this] { return between(); });
    if (!made && made.error().code == ErrorCode::Cancelled) {
        return Boundary::Stop;
    }
    GRAFT_CHECK(made);
    return saveOrWait([this] { return m_run.saveQuickModel(); });
}

Status Loop::save(RunState meanwhile) {
    m_run.publish(meanwhile, "Saving");
    GRAFT_CHECK(m_run.saveBestIfDue());
    return m_run.saveCheckpoint();
}

// Writes what is due. A failed write pauses the run until it is resumed (then it tries again) or
// stopped; no step is taken meanwhile.
Result<Boundary> Loop::saveOrWait(const std::function<Status()>& save) {
    while (true) {
        const Status saved = save();
        if (saved) {
            return Boundary::Go;
        }
        if (saved.error().code == ErrorCode::Diverged) {
            return saved.error();
        }
        m_control.requestPause();
        announcePause(&saved.error());
        while (m_control.pauseRequested() && !m_control.stopRequested()) {
            m_control.waitWhilePaused();
        }
        if (m_control.stopRequested()) {
            return Boundary::Stop;
        }
    }
}

Result<Boundary> Loop::saveOrWait(RunState meanwhile) {
    return saveOrWait([&] { return save(meanwhile); });
}

Result<Boundary> Loop::boundary() {
    bool paused = false;
    while (true) {
        const bool edited = takeCommands();
        if (m_control.stopRequested()) {
            return Boundary::Stop;
        }
        if (edited || m_run.checkpointDue()) {
            // Whoever paused must not see it run, or the next click would pause again.
            GRAFT_TRY(const Boundary saved,
                      saveOrWait(paused ? RunState::Paused : RunState::Running));
            if (saved == Boundary::Stop) {
                return saved;
            }
        }
        if (m_run.fillsFeatures() ? m_control.mayWork() : m_control.mayStep()) {
            break;
        }
        if (!paused) {
            paused = true;
            GRAFT_TRY(const Boundary saved, saveOrWait(RunState::Running));
            if (saved == Boundary::Stop) {
                return saved;
            }
            announcePause(nullptr);
        }
        m_run.publish(RunState::Paused, "Paused");  // no longer "Saving"
        m_control.waitWhilePaused();
    }
    if (paused) {
        announceResume();
    }
    return Boundary::Go;
}

// Before the first step nothing is saved: a run without a checkpoint starts over, and the features
// of the pictures seen so far are in the cache.
Result<RunState> Loop::stopBeforeTheStart() {
    TrainEvent event;
    event.kind = TrainEvent::Kind::Stopped;
    event.text = "Stopped before the first step; it starts again from there";
    m_run.send(std::move(event));
    m_run.publish(RunState::Stopped, "Stopped");
    return RunState::Stopped;
}

Result<RunState> Loop::stopHere() {
    const Status saved = save(RunState::Running);
    TrainEvent event;
    event.kind = TrainEvent::Kind::Stopped;
    event.text = saved ? "Stopped; it can go on from here"
                       : "Stopped; it can go on from the last checkpoint. " + saved.error().message;
    if (!saved) {
        event.error = saved.error();
    }
    m_run.send(std::move(event));
    m_run.publish(RunState::Stopped, "Stopped");
    return RunState::Stopped;
}

Result<RunState> Loop::finish(const std::string& why) {
    TrainEvent event;
    event.kind = TrainEvent::Kind::Finished;
    event.text = why;
    event.epoch = m_run.state().epoch;
    m_run.send(std::move(event));
    m_run.publish(RunState::Finished, "Finished");
    return RunState::Finished;
}

Status Loop::advance() {
    if (m_run.fillsFeatures()) {
        GRAFT_CHECK(m_run.fillFeatures());
        m_run.publish(RunState::Running, "Computing the features of frozen parts, once");
        return {};
    }
    const Status stepped = m_run.step();
    if (!stepped) {
        (void)m_run.saveBestIfDue();  // of an epoch before; the error of the step is the news
        return stepped;
    }
    m_run.publish(RunState::Running, "Training");
    return {};
}

Result<RunState> Loop::run() {
    GRAFT_CHECK(m_run.prepare());
    if (m_run.wantsQuickModel()) {
        GRAFT_TRY(const Boundary made, quickModel());
        if (made == Boundary::Stop) {
            return stopBeforeTheStart();
        }
    }
    GRAFT_CHECK(m_run.measure([] { return Status(); }));
    m_run.fitHeadToFeatures();
    TrainEvent started;
    started.kind = TrainEvent::Kind::Started;
    started.text = m_run.summary();
    m_run.send(std::move(started));
    m_run.tellLayersLeftOut();
    while (!m_run.allEpochsDone()) {
        if (m_run.wantsEarlyStop()) {
            return finish("No better round for " +
                          std::to_string(m_run.state().epochsWithoutBetter) + " rounds");
        }
        m_run.beginEpoch();
        while (m_run.epochHasBatches()) {
            GRAFT_TRY(const Boundary go, boundary());
            if (go == Boundary::Stop) {
                return stopHere();
            }
            GRAFT_CHECK(advance());
        }
        const Status ended = m_run.finishEpoch();
        if (!ended && ended.error().code == ErrorCode::Cancelled) {
            return stopHere();
        }
        if (!ended) {
            (void)m_run.saveBestIfDue();
            return ended.error();
        }
        if (m_run.mayDeferSaving()) {
            continue;
        }
        GRAFT_TRY(const Boundary saved, saveOrWait(RunState::Running));
        if (saved == Boundary::Stop) {
            return stopHere();
        }
    }
    return finish("All rounds done");
}

// What a run kept for its next step is of no use after its last.
struct MemoryRelease {
    ~MemoryRelease() { releaseKeptTensorMemory(); }
};

}  // namespace

Result<RunState> runTraining(const TrainJob& job, RunControl& control,
                             Mailbox<RunCommand>& commands, TrainSink& sink) {
    const auto failed = [&](Error error) -> Result<RunState> {
        TrainEvent event;
        event.kind = TrainEvent::Kind::Failed;
        event.error = error;
        event.text = error.message;
        sink.event(event);
        return error;
    };
    waitForForecast();
    const MemoryRelease release;
    const ThreadCount threads;
    try {
        Result<RunState> ended = Loop(job, control, commands, sink).run();
        return ended ? std::move(ended) : failed(ended.error());
    } catch (const std::bad_alloc&) {
        return failed({ErrorCode::OutOfMemory,
                       "There is not enough memory for this training. Its last checkpoint is kept.",
                       {},
                       "Choose a smaller batch or picture size, then start again."});
    } catch (const c10::OutOfMemoryError& fault) {
        return failed({ErrorCode::OutOfMemory,
                       "The graphics card has too little memory for this training. Its last "
                       "checkpoint is kept.",
                       fault.what_without_backtrace(),
                       "Close other programs that use the card, or start a run with smaller "
                       "pictures or on the processor."});
    } catch (const std::exception& fault) {
        return failed({ErrorCode::Internal,
                       "Training stopped because of a fault. Its last checkpoint is kept.",
                       fault.what(), "Resume the run; if it happens again, report the details."});
    }
}

}  // namespace graft
