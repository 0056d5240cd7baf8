// The program graft-cli without its main(): parses, runs one command, returns the exit code. Apart
// from main() so that tests can call it in-process. Thread: main.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace graft::cli {

/// `arguments` without the program's name. `terminal`: whether `err` is a terminal.
int runCli(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
           bool terminal);

}  // namespace graft::cli
