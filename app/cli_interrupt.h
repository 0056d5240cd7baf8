// Interrupts: the first Ctrl+C (or TERM, or a closed terminal) asks what runs to save and stop, the
// second ends the process at once. Thread: install() once from main; the rest any.
#pragma once

#include <functional>

namespace graft::cli {

void installInterrupts();
bool interrupted();

/// While it lives, an interrupt calls `action` on a thread of its own; at once if there was one
/// already. One at a time.
class InterruptScope {
 public:
    explicit InterruptScope(std::function<void()> action);
    ~InterruptScope();
    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace graft::cli
