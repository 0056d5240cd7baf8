// How many pictures a second go through a network for answers: float32 layer by layer, float32 with
// batch norms folded into convolutions, and bf16 folded as a frozen part runs while the rest trains.
// Medians of rounds in turns. No data is read: pictures are noise.
//
//   bench_inference [BACKBONE...] [--rounds N] [--batch N]
#include "core/base/machine.h"
#include "core/nn/classifier.h"
#include "core/train/tensor_memory.h"
#include "tests/bench/median.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

using namespace graft;

namespace {

struct Way {
    const char* name;
    bool exact;
    Precision precision;
    std::vector<double> rates = {};
};

void measureRound(Classifier& classifier, Way& way, const torch::Tensor& x) {
    using Clock = std::chrono::steady_clock;
    constexpr double kSeconds = 1;
    const torch::NoGradGuard noGrad;
    classifier.setExact(way.exact);
    classifier.setPrecision(way.precision);
    classifier.setTraining(way.precision == Precision::Bf16);  // everything is frozen
    classifier.forward(x);  // prepares what later passes find ready
    const Clock::time_point start = Clock::now();
    std::int64_t pictures = 0;
    double seconds = 0;
    while (seconds < kSeconds) {
        classifier.forward(x);
        pictures += x.size(0);
        seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    way.rates.push_back(double(pictures) / seconds);
}

int measure(const std::string& backbone, int rounds, int batch) {
    ModelSpec spec;
    spec.backbone = backbone;
    spec.frozen = {"backbone"};
    const auto made = Classifier::create(spec, 10, 1);
    if (!made) {
        std::fprintf(stderr, "%s\n", made.error().text().c_str());
        return 1;
    }
    const int side = (*made)->preprocess().inputSize;
    const torch::Tensor x = torch::randn({batch, 3, side, side});
    Way ways[] = {{"fp32", true, Precision::Fp32},
                  {"fp32 folded", false, Precision::Fp32},
                  {"bf16 folded", false, Precision::Bf16}};
    for (int round = 0; round < rounds; ++round) {
        for (Way& way : ways) {
            measureRound(**made, way, x);
        }
    }
    std::printf("%-22s", backbone.c_str());
    for (const Way& way : ways) {
        std::printf("  %s %7.1f/s (%.2f)", way.name, bench::median(way.rates),
                    bench::median(way.rates) / bench::median(ways[0].rates));
    }
    std::printf("\n");
    return 0;
}

}  // namespace

int main(int count, char** words) {
    std::vector<std::string> backbones;
    int rounds = 5;
    int batch = 32;
    for (int i = 1; i < count; ++i) {
        if (!std::strcmp(words[i], "--rounds") && i + 1 < count) {
            rounds = std::atoi(words[++i]);
        } else if (!std::strcmp(words[i], "--batch") && i + 1 < count) {
            batch = std::atoi(words[++i]);
        } else {
            backbones.emplace_back(words[i]);
        }
    }
    at::set_num_threads(hardwareThreads());
    installTensorMemory();
    if (backbones.empty()) {
        backbones = {"resnet18", "mobilenet_v2", "mobilenet_v3_small", "graft_nano"};
    }
    for (const std::string& backbone : backbones) {
        if (measure(backbone, std::max(1, rounds), std::max(1, batch)) != 0) {
            return 1;
        }
    }
    return 0;
}
