#include "core/base/machine.h"
#include "core/engine/engine.h"
#include "core/nn/device.h"
#include "core/train/tensor_memory.h"

#include <opencv2/core/utility.hpp>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace graft::engine {
namespace fs = std::filesystem;

namespace {

// As many as the user says, as every program with OpenMP does; else what the hardware has.
int computeThreads() {
    const char* wish = std::getenv("OMP_NUM_THREADS");  // "4", or a list by nesting level
    const long wished = wish ? std::strtol(wish, nullptr, 10) : 0;
    return wished > 0 ? int(std::min(wished, 1024L)) : hardwareThreads();
}

}  // namespace

void initialize() {
    installTensorMemory();
    // LibTorch may default to one thread; OpenCV's own pool would compete with the loader's.
    at::set_num_threads(computeThreads());
    cv::setNumThreads(1);
}

std::string deviceText(const std::string& device) {
    const Result<torch::Device> chosen = chooseDevice(device);
    return std::string(chosen && chosen->is_cuda() ? "Graphics card, CPU, " : "CPU, ") +
           std::to_string(at::get_num_threads()) +
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
