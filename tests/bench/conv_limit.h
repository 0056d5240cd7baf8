// convolutionsAlone: how fast a network could train if nothing but its convolutions took time. Each
// distinct convolution is timed alone in bf16, forward and back, in every layout that oneDNN
// offers, and the best of them count. Direct convolutions are a limit for those that multiply
// directly; Winograd's, with fewer products, pass it. Thread: the caller's.
#pragma once

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

struct ConvTimes {
    double forward = 0, input = 0, weights = 0;  ///< seconds, the best of all
    std::string forwardBy, inputBy, weightsBy;   ///< layout and oneDNN's name of the kernel
};

/// Seconds on the clock, or of processor time: the latter is steady beside a busy neighbour, and
/// fair to one thread only.
double now();
void countProcessorTime(bool on);

/// Measures oneDNN's direct convolutions once more and keeps what is better than before.
void measureDirect(const ConvCase& shape, ConvTimes* best);
/// The same with Winograd's, where it serves; `by` says so.
void measureWinograd(const ConvCase& shape, ConvTimes* best);

/// Each time of `other` that is measured and less.
void takeQuicker(const ConvTimes& other, ConvTimes* best);

/// 2 * multiplications of one pass.
double operationsOf(const ConvCase& shape);

}  // namespace graft::bench
