// StepMemory: while one exists, large tensors come from blocks that are kept from step to step and
// lie on huge pages. A step asks for the same sizes each time; from malloc each of them would be
// fresh pages of 4 KiB, which the system has to clear and map again (a fifth of the time of a
// MobileNetV2 step). Free of torch in its header. Thread: any; tensors may outlive it.
#pragma once

#include <cstddef>

namespace graft::fast {

class StepMemory {
 public:
    StepMemory();
    /// The last one gives what is not in use back to the system.
    ~StepMemory();
    StepMemory(const StepMemory&) = delete;
    StepMemory& operator=(const StepMemory&) = delete;

    /// Bytes that are kept and in no tensor now.
    static std::size_t idleBytes();
};

}  // namespace graft::fast
