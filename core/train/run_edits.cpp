// The part of TrainRun that changes a run under way.
#include "core/base/machine.h"
#include "core/train/train_run.h"

namespace graft {

void TrainRun::apply(const RunCommand& command) {
    using Kind = RunCommand::Kind;
    Status done;
    const Error range{ErrorCode::InvalidArgument,
                      "The value " + std::to_string(command.value) + " is out of range.", {}, {}};
    switch (command.kind) {
        case Kind::SaveNow:
        case Kind::EvaluateNow:
            return;  // not edits; the loop sees to them
        case Kind::SetLearningRate:
            if (!(command.value > 0 && command.value <= 100)) {
                done = range;
            } else {
                m_state.baseRate = command.value;
            }
            break;
        case Kind::SetRateFactor:
            if (!(command.value >= 0 && command.value <= 1000)) {
                done = range;
            } else if (leafLayers(m_classifier->tree(), command.path).empty()) {
                done = Error{ErrorCode::InvalidArgument,
                             "This network has no layer \"" + command.path + "\".", {}, {}};
            } else {
                m_state.rateFactors[command.path] = command.value;
            }
            break;
        case Kind::Freeze:
        case Kind::Thaw:
            done = m_frozen->setFrozen(command.path, command.kind == Kind::Freeze);
            boundaryMayHaveMoved();
            break;
        case Kind::SetAugmentStrength:
            if (!(command.value >= 0 && command.value <= 2)) {
                done = range;
            } else {
                m_state.augmentStrength = command.value;
                leaveFeatures();
                beginEpoch();  // what was prefetched has the old strength
            }
            break;
    }
    TrainEvent event;
    if (!done) {
        event.kind = TrainEvent::Kind::EditRejected;
        event.error = done.error();
        event.text = commandText(command);
    } else {
        event.kind = TrainEvent::Kind::EditApplied;
        event.edit = {++m_state.editCount, m_state.step, utcNow(), command};
        event.text = commandText(command);
    }
    send(std::move(event));
}

}  // namespace graft
