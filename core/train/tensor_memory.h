// Tensor memory: where the numbers of tensors live. Large blocks are kept when a tensor dies and
// given to the next one of that size: a training step makes the same tensors again and again, and
// fresh memory costs a page fault for every 4 KB (measured: 8 % of a step's processor time). It
// also counts, so that what a step needs at most can be measured instead of guessed. Free of torch.
// Thread: any.
#pragma once

#include <cstdint>

namespace graft {

/// Makes LibTorch take its CPU memory from here from now on; a second call does nothing.
void installTensorMemory();

/// Bytes in blocks of at least 256 KB; smaller ones are not counted.
struct TensorMemory {
    std::uint64_t live = 0;  ///< in tensors
    std::uint64_t kept = 0;  ///< waiting to be used again
    std::uint64_t peak = 0;  ///< the most that was live since resetTensorPeak()
};
TensorMemory tensorMemory();
/// live + kept never exceeds the peak by more than a fifth and 48 MB, or an eighth and 32 MB where the
/// machine has less than four times the peak left.
void resetTensorPeak();
/// Gives all kept blocks back to the system.
void releaseKeptTensorMemory();

}  // namespace graft
