// Small helpers of the tests that read pictures.
#pragma once

#include "core/base/image.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace graft::testing {

inline void writeBytes(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

inline std::string readBytes(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The folder of real photos and weights, or "" where there is none.
inline std::string sharedFolder() {
    const char* named = std::getenv("GRAFT_SHARED");
    const std::filesystem::path path =
        named ? std::filesystem::path(named)
              : std::filesystem::path(GRAFT_SOURCE_DIR).parent_path() / "shared";
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored) ? path.string() : std::string();
}

/// Largest difference of any byte; 256 when the sizes differ.
inline int largestDifference(const Image& a, const Image& b) {
    if (a.width != b.width || a.height != b.height || a.rgb.size() != b.rgb.size()) {
        return 256;
    }
    int largest = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) {
        largest = std::max(largest, std::abs(int(a.rgb[i]) - int(b.rgb[i])));
    }
    return largest;
}

/// Raw RGB rows as the oracle scripts write them.
inline Image rawImage(const std::filesystem::path& path, int width, int height) {
    const std::string bytes = readBytes(path);
    Image image{width, height, {}};
    if (bytes.size() == std::size_t(width) * std::size_t(height) * 3) {
        image.rgb.assign(bytes.begin(), bytes.end());
    }
    return image;
}

}  // namespace graft::testing
