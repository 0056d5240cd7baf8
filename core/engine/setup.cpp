#include "core/base/machine.h"
#include "core/engine/engine.h"

#include <opencv2/core/utility.hpp>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace graft::engine {
namespace fs = std::filesystem;

void initialize() {
    // LibTorch may default to one thread; OpenCV's own pool would compete with the loader's.
    at::set_num_threads(hardwareThreads());
    cv::setNumThreads(1);
}

std::string deviceText() {
    return "CPU, " + std::to_string(at::get_num_threads()) +
           (at::get_num_threads() == 1 ? " thread" : " threads") + ", LibTorch " + TORCH_VERSION;
}

std::string checkerProgram() {
    std::error_code failed;
    const fs::path self = fs::read_symlink("/proc/self/exe", failed);
    const fs::path beside = failed ? fs::path() : self.parent_path() / "graft-cli";
    if (!beside.empty() && fs::exists(beside, failed)) {
        return beside.string();
    }
    std::istringstream folders(std::getenv("PATH") ? std::getenv("PATH") : "");
    std::string folder;
    while (std::getline(folders, folder, ':')) {
        const fs::path candidate = fs::path(folder) / "graft-cli";
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate.string();
        }
    }
    return {};
}

}  // namespace graft::engine
