// Console: where graft-cli writes. Reports go to the standard output; with --json that holds
// nothing but JSON and the reports go to the standard error output. Progress is one line that is
// redrawn on a terminal and left out elsewhere. Thread: main.
#pragma once

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <ostream>
#include <string>

namespace graft::cli {

class Console {
 public:
    /// `terminal`: whether `err` is one, so that a line may be redrawn.
    Console(std::ostream& out, std::ostream& err, bool terminal)
        : m_out(out), m_err(err), m_terminal(terminal) {}

    void setJson(bool json) { m_json = json; }
    bool json() const { return m_json; }
    bool terminal() const { return m_terminal; }
    int columns() const;

    void line(const std::string& text = {});  ///< a report, with a line end added
    void text(const std::string& text);       ///< a report as it is
    void notice(const std::string& text);     ///< to the standard error output
    void error(const Error& error);           ///< and as {"error": ...} with --json
    void printJson(const nlohmann::ordered_json& json);
    /// What a program asked for on its standard output, whatever the mode.
    void raw(const std::string& bytes);

    /// Asks on the terminal; anything but y and yes is a no. Without a terminal to answer on: no.
    bool confirm(const std::string& question);

    void drawProgress(const std::string& line);
    void clearProgress();

 private:
    std::ostream& m_out;
    std::ostream& m_err;
    bool m_terminal;
    bool m_json = false;
    bool m_drawn = false;
};

}  // namespace graft::cli
