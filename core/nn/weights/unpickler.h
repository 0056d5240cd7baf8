// Reads one pickle into a graph of plain values. It knows a list of operations and refuses every
// other; none makes an object, looks a name up in a program, or calls anything. Bounded in nodes,
// marks, memo and steps. Separate so that it can be fuzzed on its own. Private to core/nn/weights.
// Source: the description of each operation in Python's pickletools. Thread: any.
#pragma once

#include "core/base/result.h"
#include "core/nn/weights/pickle_graph.h"

namespace graft::pickle {

struct Pickle {
    Graph graph;  ///< texts point into the bytes that were read
    NodeId root = 0;
    std::size_t bytesRead = 0;  ///< up to and with STOP; another pickle may follow
};

/// Error BadFormat: the message is what is wrong, as the end of a sentence. Errors TooLarge (over a
/// bound) and Unsupported (the pickle would run a program) are whole sentences.
Result<Pickle> readPickle(std::string_view bytes);

}  // namespace graft::pickle
