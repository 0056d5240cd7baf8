// A fixed sequence of edits, carried out on a project in one process and on a model of it in
// another, so that a test knows what a killed process must have left in the file.
#pragma once

#include "tests/support/datasets.h"

#include "core/project/project.h"

#include <vector>

namespace graft::testing {

inline Dataset actionsStart() {
    return madeUpDataset(40, 3, 7);
}

/// The state after the actions 0 .. count - 1.
class ActionModel {
 public:
    Dataset dataset = actionsStart();

    void apply(std::int64_t number) {
        if (isUndo(number)) {
            if (!m_steps.empty()) {
                put(m_steps.back());
                m_steps.pop_back();
            }
            return;
        }
        Step now = stepOf(number);
        Sample& sample = dataset.samples[now.sample];
        const Step before{now.sample, sample.label, sample.excluded};
        if (before.label != now.label || before.excluded != now.excluded) {
            m_steps.push_back(before);
            put(now);
        }
    }

    /// The same on a project.
    static Status perform(Project& project, std::int64_t number) {
        if (isUndo(number)) {
            return project.canUndo() ? project.undo() : Status();
        }
        const Sample& sample = project.dataset().samples[std::size_t(number * 7) % 40];
        const std::vector<SampleId> ids{sample.id};
        return number % 3 == 0 ? project.setExcluded(ids, !sample.excluded)
                               : project.setLabel(ids, labelOf(number));
    }

 private:
    struct Step {
        std::size_t sample = 0;
        ClassId label = 0;
        bool excluded = false;
    };
    static bool isUndo(std::int64_t number) { return number % 5 == 4; }
    static ClassId labelOf(std::int64_t number) { return 3 + 2 * (number % 3); }

    Step stepOf(std::int64_t number) const {
        const std::size_t at = std::size_t(number * 7) % 40;
        Step step{at, dataset.samples[at].label, dataset.samples[at].excluded};
        if (number % 3 == 0) {
            step.excluded = !step.excluded;
        } else {
            step.label = labelOf(number);
        }
        return step;
    }
    void put(const Step& step) {
        dataset.samples[step.sample].label = step.label;
        dataset.samples[step.sample].excluded = step.excluded;
    }

    std::vector<Step> m_steps;  ///< what each undo brings back
};

}  // namespace graft::testing
