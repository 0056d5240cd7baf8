// The single changes that augmentation is made of, each a function of its picture and numbers
// without any randomness of its own, so that they can be compared with torchvision's.
// Thread: any (pure functions on the given image).
#pragma once

#include "core/base/image.h"
#include "core/base/rng.h"

#include <array>
#include <cstdint>

namespace graft::augment {

void flipHorizontal(Image& image);
void flipVertical(Image& image);

/// Row-major 3x3 map from output to input pixel centres.
using Matrix3 = std::array<double, 9>;
Matrix3 multiply(const Matrix3& a, const Matrix3& b);
/// Rotation by `degrees` (counter-clockwise on the screen), zoom by `scale`, shift in px, all about
/// the centre of a width x height picture; torchvision's affine() with the same numbers.
Matrix3 affineMap(int width, int height, double degrees, double scale, double shiftX,
                  double shiftY);
using Corners = std::array<std::array<double, 2>, 4>;
/// The map under which the `to` corners of the output show the `from` corners of the input.
Matrix3 perspectiveMap(const Corners& from, const Corners& to);
/// Bilinear, the border mirrored.
Image warp(const Image& image, const Matrix3& outputToInput);

/// Blend with black; ImageEnhance.Brightness.
void adjustBrightness(Image& image, double factor);
/// Blend with the mean of the grey picture; ImageEnhance.Contrast.
void adjustContrast(Image& image, double factor);
/// Blend with the grey picture; ImageEnhance.Color.
void adjustSaturation(Image& image, double factor);
/// `turn` as a share of the colour circle, -0.5..0.5; torchvision's adjust_hue.
void adjustHue(Image& image, double turn);

/// Gaussian, 2 ceil(3 sigma) + 1 taps, border mirrored without repeating the edge.
Image blur(const Image& image, double sigma);
void addNoise(Image& image, double sigma, Rng rng);
/// Fills a rectangle inside the picture.
void fillRect(Image& image, int x, int y, int width, int height,
              const std::array<std::uint8_t, 3>& colour);

}  // namespace graft::augment
