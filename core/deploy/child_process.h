// Runs another program and listens to it: for checks that must happen in a process of their own.
// Free of torch; private to core/deploy. Thread: any, blocking.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

struct ChildOutcome {
    int exitCode = 0;    ///< 128 + number when a signal ended it
    std::string errors;  ///< the end of what it wrote to standard error
};

/// `onLine` gets each line of its standard output. A child that says nothing for `quietMs` is
/// killed (Error Io); so is one whose `progress` is cancelled (Error Cancelled). A program that
/// cannot be started is an Error too; one that fails is not.
Result<ChildOutcome> runChild(const std::string& program, const std::vector<std::string>& arguments,
                              int quietMs, Progress& progress,
                              const std::function<void(std::string_view)>& onLine);

}  // namespace graft
