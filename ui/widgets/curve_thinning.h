// Curve thinning and smoothing: what keeps a plot of 100,000 points within a frame. Apart from the
// plot because it is plain arithmetic that is tested alone. Thread: any (pure functions).
#pragma once

#include <cstddef>
#include <vector>

namespace graft::ui {

/// Indices of the points to draw of a curve with ascending `x`, for the view [from, to] that is
/// `columns` px wide: per pixel column its lowest and its highest point, in their order, and one
/// point beyond each end so that the line reaches the border. At most 2 * columns + 2 indices;
/// all visible points when there are fewer. Points with a value that is not finite are left out.
std::vector<std::size_t> thinCurve(const std::vector<double>& x, const std::vector<double>& y,
                                   double from, double to, int columns);

/// Exponential moving average with start-up correction (as in Adam, Kingma and Ba 2015): `weight`
/// in [0, 1) of the past, 0 changes nothing. Values that are not finite stay as they are and are
/// not averaged.
class Smoother {
 public:
    explicit Smoother(double weight) : m_weight(weight) {}
    double next(double value);

 private:
    double m_weight;
    double m_mean = 0;
    double m_mass = 0;
};

}  // namespace graft::ui
