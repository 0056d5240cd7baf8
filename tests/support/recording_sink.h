// Keeps what a run reports and may act at each event, metric row or snapshot. Thread: the run's.
#pragma once

#include "core/train/trainer.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace graft::testing {

class RecordingSink : public TrainSink {
  public:
    std::function<void(const TrainEvent&)> onEvent;
    std::function<void(const MetricRow&)> onMetric;
    std::function<void(const TrainSnapshot&)> onSnapshot;
    std::vector<TrainEvent> events;
    std::vector<MetricRow> rows;
    std::vector<std::string> checkpoints;  ///< paths in the order of writing
    std::string newest;                    ///< of them, best and quick models aside
    TrainSnapshot last;
    int blocksComputed = 0;  ///< of training features

    void event(const TrainEvent& event) override {
        events.push_back(event);
        if (onEvent) {
            onEvent(event);
        }
    }
    void metric(const MetricRow& row) override {
        rows.push_back(row);
        if (onMetric) {
            onMetric(row);
        }
    }
    void snapshot(const TrainSnapshot& snapshot) override {
        last = snapshot;
        blocksComputed += snapshot.activity.find("features of frozen") != std::string::npos;
        if (onSnapshot) {
            onSnapshot(snapshot);
        }
    }
    void checkpoint(const std::string& path, const std::string& kind, const std::string&,
                    std::int64_t) override {
        checkpoints.push_back(path);
        newest = kind == "a" || kind == "b" ? path : newest;
    }
    void rewind(std::int64_t, std::int64_t) override {}

    int count(TrainEvent::Kind kind) const {
        return int(std::count_if(events.begin(), events.end(), [kind](const TrainEvent& event) {
            return event.kind == kind;
        }));
    }
    bool noticed(const char* part) const {
        return std::any_of(events.begin(), events.end(), [part](const TrainEvent& event) {
            return event.kind == TrainEvent::Kind::Notice &&
                   event.text.find(part) != std::string::npos;
        });
    }
};

}  // namespace graft::testing
