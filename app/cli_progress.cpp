#include "app/cli_progress.h"

#include "app/cli_table.h"
#include "core/base/amounts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace graft::cli {

std::string decimalText(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string percentText(double share) {
    return decimalText(100 * share, 1) + " %";
}

std::string countText(std::int64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string durationText(double seconds) {
    const auto whole = std::int64_t(std::lround(std::max(0.0, seconds)));
    char text[64];
    if (whole < 60) {
        std::snprintf(text, sizeof text, "%d s", int(whole));
    } else if (whole < 3600) {
        std::snprintf(text, sizeof text, "%d:%02d min", int(whole / 60), int(whole % 60));
    } else {
        std::snprintf(text, sizeof text, "%lld:%02d h", static_cast<long long>(whole / 3600),
                      int(whole % 3600 / 60));
    }
    return text;
}

std::string barText(double share, int cells) {
    const double clamped = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
    const auto full = std::size_t(std::floor(clamped * cells));
    return "[" + std::string(full, '#') + std::string(std::size_t(cells) - full, '.') + "]";
}

double EtaEstimate::secondsLeft(std::int64_t done, std::int64_t total, double elapsedSeconds) {
    if (total != m_total || done < m_startDone) {
        // The job went on to another part of its work, counted anew.
        m_total = total;
        m_startDone = done;
        m_startSeconds = elapsedSeconds;
    }
    const double elapsed = elapsedSeconds - m_startSeconds;
    constexpr double kSettleSeconds = 0.5;
    if (total <= 0 || done <= m_startDone || elapsed < kSettleSeconds) {
        return -1;
    }
    return elapsed / double(done - m_startDone) * double(total - done);
}

std::string jobLine(const Progress::State& state, double secondsLeft, int columns) {
    const auto amount = [&state](std::int64_t count) {
        return state.inBytes ? bytesText(std::uint64_t(count)) : std::to_string(count);
    };
    std::string line = state.text;
    if (state.total > 0) {
        const double share = double(state.done) / double(state.total);
        line += " " + barText(share, 20) + " " + decimalText(100 * share, 0) + " %  " +
                amount(state.done) + " of " + amount(state.total);
        if (secondsLeft >= 0) {
            line += "  " + durationText(secondsLeft) + " left";
        }
    } else if (state.done > 0) {
        line += " " + amount(state.done);
    }
    return cutToColumns(line, columns);
}

std::string cutToColumns(const std::string& text, int columns) {
    if (columns <= 0 || displayColumns(text) <= std::size_t(columns)) {
        return text;
    }
    std::size_t end = 0;
    for (int taken = 0; end < text.size() && taken < columns; ++taken) {
        ++end;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
            ++end;
        }
    }
    return text.substr(0, end);
}

}  // namespace graft::cli
