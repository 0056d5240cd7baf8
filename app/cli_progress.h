// Progress as text: bars, durations, numbers. Pure functions, apart from the console that shows
// them. Thread: any.
#pragma once

#include "core/base/progress.h"

#include <cstdint>
#include <string>

namespace graft::cli {

std::string percentText(double share);  ///< 0.934 -> "93.4 %"
std::string decimalText(double value, int digits);
std::string countText(std::int64_t count, const char* one, const char* many);  ///< "1 picture"
std::string durationText(double seconds);    ///< "8 s", "1:23 min", "2:05 h"
/// "[#####.....]" with `cells` cells; `share` is clamped to 0..1.
std::string barText(double share, int cells);

/// How long is left, from how far a job came in which time; smooth, because a job's first items
/// are rarely typical.
class EtaEstimate {
 public:
    /// -1 until it can be told.
    double secondsLeft(std::int64_t done, std::int64_t total, double elapsedSeconds);

 private:
    std::int64_t m_total = 0;
    std::int64_t m_startDone = 0;
    double m_startSeconds = 0;
};

/// One line for a job: text, bar, share, count, time left. Cut to `columns`.
std::string jobLine(const Progress::State& state, double secondsLeft, int columns);
/// The first `columns` characters of UTF-8 text.
std::string cutToColumns(const std::string& text, int columns);

}  // namespace graft::cli
