// JobBridge: looks at one of the engine's jobs on a timer and hands its result to the window.
// Holds one job at a time; a newer one replaces it or waits for it. Thread: GUI.
#pragma once

#include "core/engine/job.h"

#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>
#include <utility>

namespace graft::ui {

class JobBridge : public QObject {
    Q_OBJECT
 public:
    template <class T>
    using Start = std::function<std::unique_ptr<Job<T>>()>;
    template <class T>
    using Done = std::function<void(Result<T>)>;

    explicit JobBridge(QObject* parent = nullptr);
    ~JobBridge() override;  ///< cancels and waits; `done` is not called

    /// Starts the job; one that still runs is cancelled, its result dropped, and this one starts
    /// as soon as its thread is free. `done` is called in the GUI thread.
    template <class T>
    void run(Start<T> start, Done<T> done) {
        cancelQuietly();
        enqueue(std::make_unique<TaskOf<T>>(std::move(start), std::move(done)));
    }
    /// As run(), but one that runs may finish and report first; of several that wait, only the
    /// newest starts. For what is redrawn while a slider moves.
    template <class T>
    void runLatest(Start<T> start, Done<T> done) {
        enqueue(std::make_unique<TaskOf<T>>(std::move(start), std::move(done)));
    }

    bool isActive() const { return m_current || m_next; }
    /// The job ends early and reports Error{Cancelled}.
    void cancel();
    /// As cancel(), but nothing is reported.
    void cancelQuietly();

 Q_SIGNALS:
    void progressChanged(const graft::Progress::State& state);
    void activeChanged();

 private:
    struct Task {
        virtual ~Task() = default;
        virtual void begin() = 0;
        virtual bool finished() const = 0;
        virtual Progress::State progress() const = 0;
        virtual void cancel() = 0;
        virtual void deliver() = 0;
        bool quiet = false;
    };
    template <class T>
    struct TaskOf : Task {
        TaskOf(Start<T> s, Done<T> d) : start(std::move(s)), done(std::move(d)) {}
        void begin() override { job = start(); }
        bool finished() const override { return job->finished(); }
        Progress::State progress() const override { return job->progress(); }
        void cancel() override {
            cancelled = true;
            job->cancel();
        }
        // A job that was done just before it was cancelled counts as cancelled all the same.
        void deliver() override {
            Result<T> result = job->take();
            done(cancelled ? Result<T>(Error{ErrorCode::Cancelled, "Cancelled.", {}, {}})
                           : std::move(result));
        }
        Start<T> start;
        Done<T> done;
        std::unique_ptr<Job<T>> job;
        bool cancelled = false;
    };

    void enqueue(std::unique_ptr<Task> task);
    void beginNext();
    void poll();
    void announce();

    QTimer m_timer;
    std::unique_ptr<Task> m_current;
    std::unique_ptr<Task> m_next;
    bool m_announced = false;  ///< isActive() as last told
};

}  // namespace graft::ui
