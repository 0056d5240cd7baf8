// Precision: the numbers that a network trains in. Thread: any (plain value).
#pragma once

#include <string>

namespace graft {

/// Fp32 is exact from run to run and machine to machine of a kind. Bf16 has 8 digits of 2 instead
/// of 24 in what goes from layer to layer; weights, their updates and statistics stay float32. Fp16
/// has 11, but a narrow range (see LossScale); only on graphics cards, of which older ones are slow
/// in bf16.
enum class Precision { Fp32, Bf16, Fp16 };

inline const char* precisionName(Precision precision) {
    switch (precision) {
        case Precision::Bf16:
            return "bf16";
        case Precision::Fp16:
            return "fp16";
        case Precision::Fp32:
            break;
    }
    return "fp32";
}

}  // namespace graft
