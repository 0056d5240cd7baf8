#include "app/cli_console.h"

#include "app/cli_interrupt.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace graft::cli {

int Console::columns() const {
    winsize size{};
    if (m_terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10) {
        return size.ws_col - 1;
    }
    return 79;
}

void Console::text(const std::string& text) {
    clearProgress();
    (m_json ? m_err : m_out) << text << std::flush;
}

void Console::line(const std::string& text) {
    this->text(text + "\n");
}

void Console::notice(const std::string& text) {
    clearProgress();
    m_err << text << std::endl;
}

void Console::error(const Error& error) {
    notice("graft-cli: " + error.text());
    if (m_json) {
        nlohmann::ordered_json json;
        json["error"] = {{"code", errorCodeName(error.code)},
                         {"message", error.message},
                         {"hint", error.hint},
                         {"detail", error.detail}};
        printJson(json);
    }
}

void Console::printJson(const nlohmann::ordered_json& json) {
    // File names may hold bytes that are not UTF-8; they must not cost the whole answer.
    raw(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void Console::raw(const std::string& bytes) {
    clearProgress();
    m_out << bytes << std::flush;
}

bool Console::confirm(const std::string& question) {
    if (!m_terminal || isatty(STDIN_FILENO) != 1) {
        return false;
    }
    clearProgress();
    m_err << question << " [y/N] " << std::flush;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    constexpr int kLookMs = 100;
    // The handler of Ctrl+C lets reads go on, so it is looked for here.
    while (!interrupted()) {
        if (poll(&input, 1, kLookMs) > 0) {
            std::string answer;
            std::getline(std::cin, answer);
            return answer == "y" || answer == "Y" || answer == "yes";
        }
    }
    return false;
}

void Console::drawProgress(const std::string& line) {
    if (m_terminal) {
        m_err << "\r" << line << "\033[K" << std::flush;
        m_drawn = true;
    }
}

void Console::clearProgress() {
    if (m_drawn) {
        m_err << "\r\033[K" << std::flush;
        m_drawn = false;
    }
}

}  // namespace graft::cli
