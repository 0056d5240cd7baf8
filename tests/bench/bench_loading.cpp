// Decode + augment + batch by BatchLoader, one epoch for each line that it is told:
//   bench_loading FOLDER [--size 224] [--threads 0] [--batch 32] [--bf16] [--preset NAME]
// "first" starts with nothing in memory, "cached" goes on with what is there, "quit" ends. The answer
// is a line of JSON: images, seconds of wall clock and of CPU. See compare_loading.
#include "core/data/batch_loader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

using namespace graft;
namespace fs = std::filesystem;

namespace {

struct Wanted {
    LoaderOptions loader;
    AugmentSpec augment;
    int batchSize = 32;
};

double cpuSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

double wallSeconds() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::vector<LoaderItem> photosIn(const fs::path& folder) {
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        std::string ending = entry.path().extension().string();
        std::transform(ending.begin(), ending.end(), ending.begin(),
                       [](unsigned char c) { return char(std::tolower(c)); });
        if (ending == ".jpg") {
            paths.push_back(entry.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    std::vector<LoaderItem> items;
    for (const std::string& path : paths) {
        items.push_back({SampleId(items.size()), {path, -1}, 0});
    }
    return items;
}

/// torchvision's RandomResizedCrop and RandomHorizontalFlip as they come.
AugmentSpec usualAugment() {
    AugmentSpec spec;
    spec.cropMinArea = 0.08;
    spec.cropMaxAspect = 4.0 / 3.0;
    spec.flipHorizontal = 0.5;
    return spec;
}

bool parse(int count, char** words, Wanted& wanted) {
    std::map<std::string, std::string> values;
    for (int i = 2; i < count; ++i) {
        const std::string key = words[i];
        if (key == "--bf16") {
            wanted.loader.format = PixelFormat::Bfloat16;
        } else if (i + 1 < count) {
            values[key] = words[++i];
        }
    }
    const auto number = [&](const char* key, int usual) {
        return values.count(key) ? std::stoi(values[key]) : usual;
    };
    wanted.augment = usualAugment();
    if (values.count("--preset")) {
        const Result<AugmentSpec> preset = augmentPreset(values["--preset"]);
        if (!preset) {
            return false;
        }
        wanted.augment = *preset;
    }
    wanted.loader.preprocess.inputSize = number("--size", 224);
    wanted.loader.preprocess.resizeSize = wanted.loader.preprocess.inputSize * 8 / 7;
    wanted.loader.threads = number("--threads", 0);
    wanted.batchSize = number("--batch", 32);
    wanted.loader.cacheBytes = std::uint64_t(number("--cache-mb", 1024)) << 20;
    wanted.loader.seed = 1;
    wanted.loader.items = photosIn(words[1]);
    return !wanted.loader.items.empty();
}

void runEpoch(BatchLoader& loader, const Wanted& wanted, int epoch) {
    const double wall = wallSeconds();
    const double cpu = cpuSeconds();
    loader.start(shuffledBatches(wanted.loader.items.size(), wanted.batchSize, 1, epoch), 0, epoch,
                 wanted.augment);
    std::int64_t images = 0;
    while (const std::optional<Batch> batch = loader.next()) {
        images += batch->count;
    }
    std::cout << nlohmann::json{{"images", images},
                                {"wall", wallSeconds() - wall},
                                {"cpu", cpuSeconds() - cpu}}
                     .dump()
              << std::endl;
}

}  // namespace

int main(int count, char** words) {
    Wanted wanted;
    if (count < 2 || !parse(count, words, wanted)) {
        std::cerr << "usage: bench_loading FOLDER [--size 224] [--threads 0] [--batch 32] [--bf16] "
                     "[--cache-mb 1024] [--preset NAME]\n";
        return 2;
    }
    std::unique_ptr<BatchLoader> loader;
    int epoch = 0;
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
        if (line == "first" || !loader) {
            loader = std::make_unique<BatchLoader>(wanted.loader);
        }
        runEpoch(*loader, wanted, epoch++);
    }
    return 0;
}
