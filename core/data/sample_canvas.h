// Canvas: a small float picture and the few strokes that the sample set is drawn with.
// Thread: one owner per object.
#pragma once

#include "core/base/image.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace graft {

struct Point {
    double x = 0;
    double y = 0;
};

class Canvas {
 public:
    explicit Canvas(int size);
    int size() const { return m_size; }
    float* pixel(int x, int y);
    void add(int x, int y, double value);
    /// Calls `paint(x, y)` for every pixel inside the square about (cx, cy), cut at the border.
    void eachNear(double cx, double cy, double radius,
                  const std::function<void(int, int)>& paint) const;
    /// A soft line through the points: `value` in the middle, falling off over `width` px.
    void stroke(const std::vector<Point>& points, double width, double value);
    Image toImage() const;

 private:
    int m_size;
    std::vector<float> m_rgb;
};

/// Smooth noise in -1..1 with lattice spacing 1; a function of (seed, x, y) alone.
double valueNoise(std::uint64_t seed, double x, double y);
/// `octaves` of it, each half as strong and twice as fine.
double layeredNoise(std::uint64_t seed, double x, double y, int octaves);

}  // namespace graft
