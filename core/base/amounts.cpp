#include "core/base/amounts.h"

#include <cstdio>
#include <iterator>

namespace graft {

std::string bytesText(std::uint64_t bytes) {
    const char* units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = double(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < std::size(units)) {
        value /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.*f %s", unit > 0 && value < 99.95 ? 1 : 0, value,
                  units[unit]);
    return text;
}

std::string thousandsText(std::int64_t value) {
    std::string text = std::to_string(value);
    const std::ptrdiff_t first = value < 0 ? 1 : 0;
    for (auto at = std::ptrdiff_t(text.size()) - 3; at > first; at -= 3) {
        text.insert(std::size_t(at), 1, ',');
    }
    return text;
}

}  // namespace graft
