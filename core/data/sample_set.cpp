#include "core/data/sample_set.h"

#include "core/base/atomic_file.h"
#include "core/base/rng.h"
#include "core/data/cv_decode.h"
#include "core/data/sample_canvas.h"

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr int kSize = 160;
constexpr int kPerClass = 60;
constexpr double kTurn = 2.0 * std::numbers::pi;

/// Brushed metal under uneven light: what all classes share, and where they differ from picture
/// to picture for no reason that matters.
void drawSurface(Canvas& canvas, Rng& rng) {
    const double base = rng.uniform(115, 160);
    const double tint[3] = {rng.uniform(-4, 4), rng.uniform(-2, 2), rng.uniform(-4, 4)};
    const double grain = rng.uniform(0, std::numbers::pi);
    const double grainDepth = rng.uniform(4, 10);
    const double grainWidth = rng.uniform(1.2, 2.4);
    const double grainLength = rng.uniform(25, 70);
    const double light = rng.uniform(0, kTurn);
    const double lightDepth = rng.uniform(3, 22);
    const double cloudDepth = rng.uniform(1, 6);
    const double noise = rng.uniform(1, 3.5);
    const std::uint64_t grainSeed = rng.next();
    const std::uint64_t cloudSeed = rng.next();
    const double half = 0.5 * kSize;
    for (int y = 0; y < kSize; ++y) {
        for (int x = 0; x < kSize; ++x) {
            const double along = x * std::cos(grain) + y * std::sin(grain);
            const double across = -x * std::sin(grain) + y * std::cos(grain);
            double value = base;
            value +=
                grainDepth * layeredNoise(grainSeed, along / grainLength, across / grainWidth, 2);
            value +=
                lightDepth * ((x - half) * std::cos(light) + (y - half) * std::sin(light)) / half;
            value += cloudDepth * layeredNoise(cloudSeed, x / 45.0, y / 45.0, 2);
            value += noise * rng.normal();
            float* rgb = canvas.pixel(x, y);
            for (int c = 0; c < 3; ++c) {
                rgb[c] = float(value + tint[c]);
            }
        }
    }
}

Point somewhere(Rng& rng, double margin) {
    const double x = rng.uniform(margin, kSize - margin);
    return {x, rng.uniform(margin, kSize - margin)};
}

/// Handling marks that every part has and that mean nothing: fine short hairlines and dust.
void drawHarmlessMarks(Canvas& canvas, Rng& rng) {
    const auto hairlines = rng.below(4);
    for (std::uint64_t i = 0; i < hairlines; ++i) {
        const Point from = somewhere(rng, 5);
        const double angle = rng.uniform(0, kTurn);
        const double length = rng.uniform(8, 24);
        const Point to{from.x + length * std::cos(angle), from.y + length * std::sin(angle)};
        canvas.stroke({from, to}, rng.uniform(0.5, 0.8), rng.uniform(-14, 14));
    }
    const auto specks = rng.below(5);
    for (std::uint64_t i = 0; i < specks; ++i) {
        const Point at = somewhere(rng, 3);
        const double radius = rng.uniform(0.7, 1.8);
        const double value = rng.uniform(-28, 12);
        canvas.eachNear(at.x, at.y, 3 * radius, [&](int x, int y) {
            const double d = std::hypot(x - at.x, y - at.y) / radius;
            canvas.add(x, y, value * std::exp(-d * d));
        });
    }
}

/// Long and nearly straight: a bright groove with a dark edge.
void drawScratch(Canvas& canvas, Rng& rng) {
    const Point middle = somewhere(rng, 35);
    const double angle = rng.uniform(0, kTurn);
    const double half = rng.uniform(18, 50);
    const double bend = rng.uniform(-9, 9);
    const double width = rng.uniform(0.7, 1.4);
    const double depth = rng.uniform(22, 60);
    std::vector<Point> line;
    std::vector<Point> edge;
    for (int i = 0; i <= 8; ++i) {
        const double t = i / 4.0 - 1.0;
        const double side = bend * (1 - t * t);
        const Point p{middle.x + half * t * std::cos(angle) - side * std::sin(angle),
                      middle.y + half * t * std::sin(angle) + side * std::cos(angle)};
        line.push_back(p);
        edge.push_back({p.x - 1.4 * width * std::sin(angle), p.y + 1.4 * width * std::cos(angle)});
    }
    canvas.stroke(line, width, depth);
    canvas.stroke(edge, width, -0.6 * depth);
}

/// A shallow hollow: one flank in the light, the other in the shade.
void drawDent(Canvas& canvas, Rng& rng) {
    const Point at = somewhere(rng, 25);
    const double radius = rng.uniform(8, 21);
    const double stretch = rng.uniform(0.75, 1.3);
    const double light = rng.uniform(0, kTurn);
    const double depth = rng.uniform(26, 80);
    canvas.eachNear(at.x, at.y, 2.5 * radius, [&](int x, int y) {
        const double dx = (x - at.x) / (radius * stretch);
        const double dy = (y - at.y) * stretch / radius;
        const double slope = dx * std::cos(light) + dy * std::sin(light);
        canvas.add(x, y, 1.6 * depth * slope * std::exp(-(dx * dx + dy * dy)));
    });
}

/// An uneven blot that takes light away and leaves a colour, darker at its rim.
void drawStain(Canvas& canvas, Rng& rng) {
    const Point at = somewhere(rng, 25);
    const double radius = rng.uniform(13, 32);
    const double depth = rng.uniform(14, 44);
    const double warm = rng.uniform(-0.25, 0.6);
    const std::uint64_t shape = rng.next();
    canvas.eachNear(at.x, at.y, 1.8 * radius, [&](int x, int y) {
        const double uneven = 0.45 * layeredNoise(shape, x / 14.0, y / 14.0, 3);
        const double d = std::hypot(x - at.x, y - at.y) / radius + uneven;
        const double inside = 1.0 / (1.0 + std::exp(14.0 * (d - 1.0)));
        const double rim = std::exp(-40.0 * (d - 0.95) * (d - 0.95));
        const double taken = depth * (0.75 * inside + 0.35 * rim);
        float* rgb = canvas.pixel(x, y);
        rgb[0] -= float(taken * (1.0 - 0.5 * warm));
        rgb[1] -= float(taken);
        rgb[2] -= float(taken * (1.0 + warm));
    });
}

/// A jagged dark line, thinning out, with branches.
void drawCrack(Canvas& canvas, Rng& rng) {
    Point at = somewhere(rng, 40);
    double angle = rng.uniform(0, kTurn);
    const double depth = rng.uniform(26, 72);
    const double width = rng.uniform(0.7, 1.3);
    const int pieces = 7 + int(rng.below(9));
    std::vector<Point> line{at};
    for (int i = 0; i < pieces; ++i) {
        const double step = rng.uniform(4, 9);
        const double turned = angle + rng.uniform(-0.9, 0.9);
        at = {at.x + step * std::cos(turned), at.y + step * std::sin(turned)};
        angle += rng.uniform(-0.25, 0.25);
        line.push_back(at);
        if (rng.chance(0.22)) {
            const double away = turned + (rng.chance(0.5) ? 0.9 : -0.9);
            const double length = rng.uniform(5, 14);
            const Point bend{at.x + length * std::cos(away), at.y + length * std::sin(away)};
            const Point end{bend.x + 0.6 * length * std::cos(away + 0.5),
                            bend.y + 0.6 * length * std::sin(away + 0.5)};
            canvas.stroke({at, bend, end}, 0.7 * width, -0.7 * depth);
        }
    }
    canvas.stroke(line, width, -depth);
}

std::string pictureName(int number) {
    char name[16];
    std::snprintf(name, sizeof name, "%03d.png", number + 1);
    return name;
}

Result<std::string> encodePng(const Image& image) {
    quietOpenCv();
    cv::Mat mat(image.height, image.width, CV_8UC3);
    for (int y = 0; y < image.height; ++y) {
        const std::uint8_t* from = image.row(y);
        std::uint8_t* to = mat.ptr(y);
        for (int x = 0; x < image.width; ++x) {
            std::reverse_copy(from + 3 * x, from + 3 * x + 3, to + 3 * x);
        }
    }
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".png", mat, bytes)) {
        return Error{ErrorCode::Internal, "A sample picture could not be encoded.", {}, {}};
    }
    return std::string(bytes.begin(), bytes.end());
}

Status writePicture(const fs::path& path, const Image& image) {
    GRAFT_TRY(const std::string png, encodePng(image));
    std::error_code ignored;
    if (fs::file_size(path, ignored) == png.size() && !ignored) {
        const Result<std::string> old = readWholeFile(path, png.size());
        if (old && *old == png) {
            return {};
        }
    }
    return writeFileAtomically(path, png);
}

}  // namespace

const std::vector<std::string>& sampleSetClasses() {
    static const std::vector<std::string> classes{"good", "scratch", "dent", "stain", "crack"};
    return classes;
}

Image drawSamplePicture(const std::string& className, int number) {
    Rng rng("sample-" + className, {std::uint64_t(number)});
    Canvas canvas(kSize);
    drawSurface(canvas, rng);
    drawHarmlessMarks(canvas, rng);
    if (className == "scratch") {
        drawScratch(canvas, rng);
    } else if (className == "dent") {
        drawDent(canvas, rng);
    } else if (className == "stain") {
        drawStain(canvas, rng);
    } else if (className == "crack") {
        drawCrack(canvas, rng);
    }
    return canvas.toImage();
}

Status writeSampleSet(const std::string& folder) {
    try {
        for (const std::string& name : sampleSetClasses()) {
            const fs::path target = fs::path(folder) / name;
            std::error_code failed;
            fs::create_directories(target, failed);
            if (failed) {
                return fileError(failed.value(), target, "mkdir");
            }
            for (int i = 0; i < kPerClass; ++i) {
                GRAFT_CHECK(writePicture(target / pictureName(i), drawSamplePicture(name, i)));
            }
        }
        return {};
    } catch (const std::exception& exception) {
        return Error{ErrorCode::Io, "The sample pictures could not be written to " + folder + ".",
                     exception.what(), "Choose another folder."};
    }
}

}  // namespace graft
