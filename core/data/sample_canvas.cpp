#include "core/data/sample_canvas.h"

#include "core/base/rng.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft {
namespace {

double latticeValue(std::uint64_t seed, std::int64_t x, std::int64_t y) {
    const std::uint64_t bits = mixBits(
        seed ^ mixBits(std::uint64_t(x) * 0x9e3779b97f4a7c15ULL ^ mixBits(std::uint64_t(y))));
    return double(bits >> 11) * 0x1.0p-52 - 1.0;
}

double smooth(double t) {
    return t * t * (3.0 - 2.0 * t);
}

double distanceToSegment(Point p, Point a, Point b) {
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double length2 = dx * dx + dy * dy;
    const double t =
        length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0.0;
    return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

}  // namespace

double valueNoise(std::uint64_t seed, double x, double y) {
    const double floorX = std::floor(x);
    const double floorY = std::floor(y);
    const auto cellX = std::int64_t(floorX);
    const auto cellY = std::int64_t(floorY);
    const double tx = smooth(x - floorX);
    const double ty = smooth(y - floorY);
    const double top =
        (1 - tx) * latticeValue(seed, cellX, cellY) + tx * latticeValue(seed, cellX + 1, cellY);
    const double bottom = (1 - tx) * latticeValue(seed, cellX, cellY + 1) +
                          tx * latticeValue(seed, cellX + 1, cellY + 1);
    return (1 - ty) * top + ty * bottom;
}

double layeredNoise(std::uint64_t seed, double x, double y, int octaves) {
    double sum = 0;
    double weight = 1;
    double total = 0;
    for (int i = 0; i < octaves; ++i) {
        sum += weight * valueNoise(mixBits(seed + std::uint64_t(i)), x, y);
        total += weight;
        weight *= 0.5;
        x *= 2;
        y *= 2;
    }
    return sum / total;
}

Canvas::Canvas(int size) : m_size(size), m_rgb(std::size_t(size) * std::size_t(size) * 3, 0.0f) {}

float* Canvas::pixel(int x, int y) {
    return m_rgb.data() + (std::size_t(y) * std::size_t(m_size) + std::size_t(x)) * 3;
}

void Canvas::add(int x, int y, double value) {
    float* rgb = pixel(x, y);
    for (int c = 0; c < 3; ++c) {
        rgb[c] += float(value);
    }
}

void Canvas::eachNear(double cx, double cy, double radius,
                      const std::function<void(int, int)>& paint) const {
    const int left = std::max(0, int(std::floor(cx - radius)));
    const int right = std::min(m_size - 1, int(std::ceil(cx + radius)));
    const int top = std::max(0, int(std::floor(cy - radius)));
    const int bottom = std::min(m_size - 1, int(std::ceil(cy + radius)));
    for (int y = top; y <= bottom; ++y) {
        for (int x = left; x <= right; ++x) {
            paint(x, y);
        }
    }
}

void Canvas::stroke(const std::vector<Point>& points, double width, double value) {
    if (points.size() < 2) {
        return;
    }
    Point low = points.front();
    Point high = points.front();
    for (const Point& p : points) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    const double radius = 0.5 * std::max(high.x - low.x, high.y - low.y) + 3 * width;
    eachNear(0.5 * (low.x + high.x), 0.5 * (low.y + high.y), radius, [&](int x, int y) {
        double distance = std::numeric_limits<double>::max();
        for (std::size_t i = 1; i < points.size(); ++i) {
            distance = std::min(
                distance, distanceToSegment({double(x), double(y)}, points[i - 1], points[i]));
        }
        if (distance < 3 * width) {
            add(x, y, value * std::exp(-distance * distance / (width * width)));
        }
    });
}

Image Canvas::toImage() const {
    Image image = Image::blank(m_size, m_size);
    for (std::size_t i = 0; i < m_rgb.size(); ++i) {
        image.rgb[i] = std::uint8_t(std::clamp(m_rgb[i], 0.0f, 255.0f) + 0.5f);
    }
    return image;
}

}  // namespace graft
