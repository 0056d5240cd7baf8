// The limit: how fast a network could train if nothing but its convolutions took time. Each
// distinct convolution is timed alone in bf16, forward and back, in every layout that oneDNN
// offers, and the best of them count. Direct convolutions are a limit for those that multiply
// directly; Winograd's, with fewer products, pass it. Thread: the caller's.
#pragma once

#include "core/nn/classifier.h"

#include <cstdint>
#include <string>
#include <vector>

namespace graft::bench {

struct ConvCase {
    std::int64_t batch, in, height, width, out, kernel, stride, padding, groups;
    bool first;  ///< of the network: nobody wants the gradient of its input
    int count = 1;
    bool sameAs(const ConvCase& other) const;
};

/// Each distinct convolution of a pass over x [N, 3, H, W], as torch sees them; leaves the network
/// in evaluation. Ends the program where there are none.
std::vector<ConvCase> convolutionsOf(Classifier& classifier, const torch::Tensor& x);

struct ConvTimes {
    double forward = 0, input = 0, weights = 0;  ///< seconds, the best of all
    std::string forwardBy, inputBy, weightsBy;   ///< layout and oneDNN's name of the kernel
};

/// Seconds on the clock, or of processor time: the latter is steady beside a busy neighbour, and
/// fair to one thread only.
double now();
void countProcessorTime(bool on);

/// Measures oneDNN's direct convolutions once more and keeps what is better than before.
void measureDirect(const ConvCase& shape, ConvTimes* best, bool forwardOnly = false);
/// The same with Winograd's, where it serves; `by` says so.
void measureWinograd(const ConvCase& shape, ConvTimes* best);

/// Each time of `other` that is measured and less.
void takeQuicker(const ConvTimes& other, ConvTimes* best);

/// Seconds of all convolutions' forward passes.
double forwardSeconds(const std::vector<ConvCase>& cases, const std::vector<ConvTimes>& times);

/// 2 * multiplications of one pass.
double operationsOf(const ConvCase& shape);

}  // namespace graft::bench
