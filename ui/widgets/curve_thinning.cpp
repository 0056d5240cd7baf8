#include "ui/widgets/curve_thinning.h"

#include <algorithm>
#include <cmath>

namespace graft::ui {

namespace {

void keepExtremes(const std::vector<double>& y, std::size_t first, std::size_t last,
                  std::vector<std::size_t>& kept) {
    std::size_t low = last;
    std::size_t high = last;
    for (std::size_t i = first; i < last; ++i) {
        if (!std::isfinite(y[i])) {
            continue;
        }
        if (low == last || y[i] < y[low]) {
            low = i;
        }
        if (high == last || y[i] > y[high]) {
            high = i;
        }
    }
    if (low == last) {
        return;
    }
    kept.push_back(std::min(low, high));
    if (low != high) {
        kept.push_back(std::max(low, high));
    }
}

}  // namespace

std::vector<std::size_t> thinCurve(const std::vector<double>& x, const std::vector<double>& y,
                                   double from, double to, int columns) {
    std::vector<std::size_t> kept;
    if (x.empty() || columns < 1 || !(to > from)) {
        return kept;
    }
    const auto begin = x.begin();
    const auto first = std::size_t(std::lower_bound(begin, x.end(), from) - begin);
    const auto last = std::size_t(std::upper_bound(begin, x.end(), to) - begin);
    const auto finite = [&y](std::size_t i) { return std::isfinite(y[i]); };
    if (first > 0 && finite(first - 1)) {
        kept.push_back(first - 1);
    }
    if (last - first <= std::size_t(2) * std::size_t(columns)) {
        for (std::size_t i = first; i < last; ++i) {
            if (finite(i)) {
                kept.push_back(i);
            }
        }
    } else {
        std::size_t at = first;
        for (int column = 1; column <= columns && at < last; ++column) {
            const double border = from + (to - from) * column / columns;
            const auto next =
                column == columns
                    ? last
                    : std::size_t(std::lower_bound(begin + std::ptrdiff_t(at),
                                                   begin + std::ptrdiff_t(last), border) -
                                  begin);
            keepExtremes(y, at, next, kept);
            at = next;
        }
    }
    if (last < x.size() && finite(last)) {
        kept.push_back(last);
    }
    return kept;
}

double Smoother::next(double value) {
    if (!std::isfinite(value) || m_weight <= 0) {
        return value;
    }
    m_mean = m_weight * m_mean + (1 - m_weight) * value;
    m_mass = m_weight * m_mass + (1 - m_weight);
    return m_mean / m_mass;
}

}  // namespace graft::ui
