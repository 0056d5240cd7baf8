// choosePrecision: what a run computes in, and on how many threads, by a short measurement. Includes
// torch; private to core/train. Thread: the run's.
#pragma once

#include "core/nn/classifier.h"

#include <string>

namespace graft {

/// What a run computes in, and what was measured for it.
struct PrecisionChoice {
    Precision precision = Precision::Fp32;
    double speedUp = 0;  ///< of 16 bits over fp32; 0 where nothing was measured
    int threads = 0;     ///< to compute with; set for the calling thread
};

/// `wished` is "auto", "fp32", "bf16" or, on a graphics card only, "fp16". Automatic: on a card, and
/// where the processor multiplies bf16, about a second of passes over noise through this network
/// tells which is faster. Weights, buffers and the state of everything random are as before. bf16
/// works on any processor, slowly where it has no such instructions.
/// Where other programs take cores away meanwhile, it is also measured whether bf16 is faster on
/// fewer threads, since each step waits for its slowest thread.
PrecisionChoice choosePrecision(Classifier& classifier, const std::string& wished, int batchSize);

}  // namespace graft
