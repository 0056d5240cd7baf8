// How a weight file fits a network, as text and JSON; the answer of `info` and `weights check`.
// Thread: main.
#pragma once

#include "app/cli_console.h"

#include <string>

namespace graft::cli {

/// `backbone` "" stands for the one that the file is for. Exit code 2 when it does not fit.
Result<int> reportWeightFile(const std::string& path, std::string backbone, Console& console);

}  // namespace graft::cli
