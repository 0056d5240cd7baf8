// Small pictures with known classes, written as BMP by hand so that a test needs no encoder.
#pragma once

#include "core/base/image.h"
#include "core/base/rng.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace graft::testing {

inline void writeBmp(const std::filesystem::path& path, const Image& image) {
    const int rowBytes = (image.width * 3 + 3) / 4 * 4;
    const std::uint32_t dataBytes = std::uint32_t(rowBytes * image.height);
    std::vector<std::uint8_t> file(54 + dataBytes, 0);
    const auto put32 = [&](std::size_t at, std::uint32_t value) {
        for (int i = 0; i < 4; ++i) {
            file[at + std::size_t(i)] = std::uint8_t(value >> (8 * i));
        }
    };
    file[0] = 'B';
    file[1] = 'M';
    put32(2, std::uint32_t(file.size()));
    put32(10, 54);
    put32(14, 40);
    put32(18, std::uint32_t(image.width));
    put32(22, std::uint32_t(image.height));
    put32(26, 1u | (24u << 16));  // one plane, 24 bits
    put32(34, dataBytes);
    for (int y = 0; y < image.height; ++y) {
        const std::uint8_t* from = image.row(image.height - 1 - y);  // bottom row first
        std::uint8_t* to = file.data() + 54 + std::size_t(y) * std::size_t(rowBytes);
        for (int x = 0; x < image.width; ++x) {
            to[3 * x] = from[3 * x + 2];
            to[3 * x + 1] = from[3 * x + 1];
            to[3 * x + 2] = from[3 * x];
        }
    }
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(file.data()), std::streamsize(file.size()));
}

/// Stripes whose direction tells the class (0 horizontal, 1 vertical, 2 diagonal), random in
/// phase, colour and noise.
inline Image stripes(int kind, int number, int size) {
    Rng rng("stripes", {std::uint64_t(kind), std::uint64_t(number)});
    const double phase = rng.uniform(0, 8);
    const double colour[3] = {rng.uniform(60, 200), rng.uniform(60, 200), rng.uniform(60, 200)};
    Image image = Image::blank(size, size);
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const double along = kind == 0 ? y : kind == 1 ? x : 0.7 * (x + y);
            const double wave = 50 * std::sin((along + phase) * 0.8);
            for (int c = 0; c < 3; ++c) {
                const double value = colour[c] + wave + rng.uniform(-20, 20);
                image.row(y)[3 * x + c] = std::uint8_t(std::min(255.0, std::max(0.0, value)));
            }
        }
    }
    return image;
}

/// root/<a|b|c>/NNN.bmp with `perClass` pictures in each of `classes` folders.
inline void writePictureFolder(const std::filesystem::path& root, int classes, int perClass,
                               int size) {
    for (int kind = 0; kind < classes; ++kind) {
        const auto folder = root / std::string(1, char('a' + kind));
        std::filesystem::create_directories(folder);
        for (int i = 0; i < perClass; ++i) {
            std::string name = std::to_string(i);
            name = std::string(3 - std::min<std::size_t>(3, name.size()), '0') + name + ".bmp";
            writeBmp(folder / name, stripes(kind, i, size));
        }
    }
}

}  // namespace graft::testing
