// Image: owned RGB bytes, the only pixels that cross folder borders and the only ones that reach
// the window. Thread: any (a plain value).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace graft {

/// Leaves bytes unset that are about to be written: what is decoded is touched once.
template <class T>
struct UnsetAllocator : std::allocator<T> {
    template <class U>
    void construct(U* at) {
        ::new (static_cast<void*>(at)) U;
    }
};

/// A vector of bytes that are unset where it is made with their number alone, or grows.
struct PixelBytes : std::vector<std::uint8_t, UnsetAllocator<std::uint8_t>> {
    using vector::vector;
    PixelBytes() = default;
    PixelBytes(PixelBytes&&) = default;
    PixelBytes& operator=(const PixelBytes&) = default;
    PixelBytes& operator=(PixelBytes&&) = default;
    /// At once: with such an allocator the vector would copy byte by byte.
    PixelBytes(const PixelBytes& other) : vector(other.size()) {
        std::copy_n(other.data(), other.size(), data());
    }
};

struct Image {
    int width = 0;   ///< pixels
    int height = 0;  ///< pixels
    PixelBytes rgb;  ///< height x width x 3, row-major, no padding, sRGB 0..255

    bool empty() const { return rgb.empty(); }
    std::size_t byteCount() const { return rgb.size(); }
    const std::uint8_t* row(int y) const { return rgb.data() + std::size_t(y) * width * 3; }
    std::uint8_t* row(int y) { return rgb.data() + std::size_t(y) * width * 3; }
    static Image blank(int width, int height) {
        return {width, height, PixelBytes(std::size_t(width) * height * 3, 0)};
    }
    /// For callers that write every pixel.
    static Image unset(int width, int height) {
        return {width, height, PixelBytes(std::size_t(width) * height * 3)};
    }
    bool operator==(const Image&) const = default;
};

}  // namespace graft
