// Precision: the numbers that a network trains in. Thread: any (plain value).
#pragma once

#include <string>

namespace graft {

/// Fp32 is exact from run to run and machine to machine of a kind. Bf16 has 8 digits of 2 instead
/// of 24 in what goes from layer to layer; weights, their updates and statistics stay float32.
enum class Precision { Fp32, Bf16 };

inline const char* precisionName(Precision precision) {
    return precision == Precision::Bf16 ? "bf16" : "fp32";
}

}  // namespace graft
