// How fast one training step is, against two measures taken in the same run: the same network under
// torch's own autocast (in float32 where that throws), and its convolutions alone. Prints medians of
// alternating rounds and where the time of a step goes. No data is read: pictures are noise.
//
//   bench_training_step [BACKBONE...] [--rounds N] [--batch N] [--steps N] [--profile] [--layers]
//                       [--threads N] [--processor-time] [--alone]
// --alone runs nothing but this program's own steps, for a profiler.
// Processor time with one thread is what to look at on a machine that others use, too.
#include "core/base/machine.h"
#include "core/nn/classifier.h"
#include "core/nn/fast/kernels.h"
#include "core/nn/fast/ops.h"
#include "core/train/tensor_memory.h"
#include "core/train/train_step.h"
#include "tests/bench/conv_limit.h"
#include "tests/bench/median.h"

#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cstdio>
#include <map>

using namespace graft;
using bench::ConvCase;
using bench::ConvTimes;

namespace {

struct Settings {
    std::vector<std::string> backbones;
    int rounds = 3;
    int batch = 32;
    int steps = 2;
    bool profile = false;
    bool layers = false;
    bool alone = false;
    int threads = 0;  ///< 0: all
};

/// One network with an optimiser and a batch of noise.
struct Trainee {
    std::shared_ptr<Classifier> classifier;
    Optimizer optimizer{Optimizer::Settings{}};
    StepInput input;

    Trainee(const std::string& backbone, Precision precision, int batch) {
        ModelSpec spec;
        spec.backbone = backbone;
        auto made = Classifier::create(spec, 10, 1);
        if (!made) {
            std::fprintf(stderr, "%s\n", made.error().text().c_str());
            std::exit(1);
        }
        classifier = *made;
        classifier->setPrecision(precision);
        const int size = classifier->preprocess().inputSize;
        torch::manual_seed(1);
        input.x = torch::randn({batch, 3, size, size});
        input.targets = torch::randint(0, 10, {batch}, torch::kInt64);
        input.rateOf = [](const std::string&) { return 1e-3; };
        input.weightDecay = 5e-4;
    }
    void step() { trainStep(*classifier, optimizer, input); }
};

/// torch's own bf16: none of this program's ops.
class TorchAutocast {
  public:
    explicit TorchAutocast(bool on) : m_on(on) {
        fast::enabled() = false;
        at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
        at::autocast::set_cpu_enabled(m_on);
    }
    ~TorchAutocast() {
        at::autocast::clear_cache();
        at::autocast::set_cpu_enabled(false);
        fast::enabled() = true;
    }

  private:
    bool m_on;
};

bool trainsUnderAutocast(Trainee& trainee) {
    try {
        const TorchAutocast autocast(true);
        trainee.step();
        return true;
    } catch (const std::exception& fault) {
        std::printf("torch's autocast: %.100s; float32 instead\n", fault.what());
        return false;
    }
}

double secondsPerStep(Trainee& trainee, int steps) {
    const double start = bench::now();
    for (int i = 0; i < steps; ++i) {
        trainee.step();
    }
    return (bench::now() - start) / steps;
}

/// Wall time inside each function, without what it calls.
struct Profile {
    std::map<std::string, double> seconds;
    std::vector<std::pair<std::string, double>> open;  // name, time inside callees
    std::vector<double> starts;
};
Profile* g_profile = nullptr;

void profileStep(Trainee& trainee, int steps) {
    Profile profile;
    g_profile = &profile;
    const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(
        [](const at::RecordFunction& call) -> std::unique_ptr<at::ObserverContext> {
            g_profile->open.emplace_back(call.name(), 0.0);
            g_profile->starts.push_back(bench::now());
            return nullptr;
        },
        [](const at::RecordFunction&, at::ObserverContext*) {
            const double whole = bench::now() - g_profile->starts.back();
            const auto [name, inside] = g_profile->open.back();
            g_profile->seconds[name] += whole - inside;
            g_profile->open.pop_back();
            g_profile->starts.pop_back();
            if (!g_profile->open.empty()) {
                g_profile->open.back().second += whole;
            }
        }));
    const double whole = secondsPerStep(trainee, steps);
    at::removeCallback(handle);
    std::vector<std::pair<double, std::string>> sorted;
    double known = 0;
    for (const auto& [name, seconds] : profile.seconds) {
        sorted.emplace_back(seconds / steps, name);
        known += seconds / steps;
    }
    std::sort(sorted.rbegin(), sorted.rend());
    std::printf("  a step of %.0f ms:\n", whole * 1e3);
    for (std::size_t i = 0; i < std::min<std::size_t>(sorted.size(), 24); ++i) {
        std::printf("    %7.1f ms  %s\n", sorted[i].first * 1e3, sorted[i].second.c_str());
    }
    std::printf("    %7.1f ms  outside\n", (whole - known) * 1e3);
}

void printLayers(const std::vector<ConvCase>& cases, const std::vector<ConvTimes>& times) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const ConvCase& c = cases[i];
        const double giga = bench::operationsOf(c) * 1e-9;
        const auto rate = [&](double seconds) { return seconds > 0 ? giga / seconds : 0; };
        std::printf("  %4ld x %3ld -> %4ld, %ldx%ld/%ld, groups %ld, %d times: GFLOP/s forward %.0f "
                    "(%s), input %.0f (%s), weights %.0f (%s)\n",
                    long(c.in), long(c.height), long(c.out), long(c.kernel), long(c.kernel),
                    long(c.stride), long(c.groups), c.count, rate(times[i].forward),
                    times[i].forwardBy.c_str(), rate(times[i].input), times[i].inputBy.c_str(),
                    rate(times[i].weights), times[i].weightsBy.c_str());
    }
}

void printAlone(const char* whose, const std::vector<ConvCase>& cases,
                const std::vector<ConvTimes>& times, double pictures, double stepSeconds) {
    double alone = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        alone += cases[i].count * (times[i].forward + times[i].input + times[i].weights);
    }
    std::printf("  %s alone: %.1f images/s, of which this is %.2f; forward %.1f\n", whose,
                pictures / alone, alone / stepSeconds,
                pictures / bench::forwardSeconds(cases, times));
}

struct Measured {
    std::vector<ConvTimes> direct, winograd;  ///< of each convolution, the best
    std::vector<double> own, torchs, ratios;  ///< seconds of a step, per round
};

Measured measureRounds(Trainee& own, Trainee& torchs, const std::vector<ConvCase>& cases,
                       bool autocast, const Settings& settings) {
    Measured all;
    all.direct.resize(cases.size());
    all.winograd.resize(cases.size());
    own.step();
    for (int round = 0; round < settings.rounds; ++round) {
        for (std::size_t i = 0; i < cases.size(); ++i) {
            bench::measureDirect(cases[i], &all.direct[i]);
            bench::measureWinograd(cases[i], &all.winograd[i]);
        }
        own.step();  // fills the memory, as the first step of a run does
        all.own.push_back(secondsPerStep(own, settings.steps));
        const TorchAutocast guard(autocast);
        all.torchs.push_back(secondsPerStep(torchs, settings.steps));
        all.ratios.push_back(all.torchs.back() / all.own.back());
    }
    return all;
}

void run(const std::string& backbone, const Settings& settings) {
    Trainee own(backbone, Precision::Bf16, settings.batch);
    Trainee torchs(backbone, Precision::Fp32, settings.batch);
    if (settings.alone) {
        own.step();
        std::printf("%s: %.1f images/s\n", backbone.c_str(),
                    settings.batch / secondsPerStep(own, settings.steps));
        return;
    }
    const std::vector<ConvCase> cases = bench::convolutionsOf(*torchs.classifier, torchs.input.x);
    const bool autocast = trainsUnderAutocast(torchs);
    const Measured all = measureRounds(own, torchs, cases, autocast, settings);
    std::vector<ConvTimes> best = all.direct;
    for (std::size_t i = 0; i < best.size(); ++i) {
        bench::takeQuicker(all.winograd[i], &best[i]);
    }
    const double n = settings.batch;
    const double seconds = bench::median(all.own);
    std::printf(
        "%s, batch %d, %d threads, kernels for %s: %.1f images/s; torch's %s %.1f (%.2f "
        "times)\n",
        backbone.c_str(), settings.batch, at::get_num_threads(), fast::kernels().name, n / seconds,
        autocast ? "autocast" : "float32", n / bench::median(all.torchs),
        bench::median(all.ratios));
    printAlone("oneDNN's convolutions", cases, all.direct, n, seconds);
    printAlone("the best, Winograd's too,", cases, best, n, seconds);
    if (settings.layers) {
        printLayers(cases, best);
    }
    if (settings.profile) {
        own.step();
        profileStep(own, settings.steps);
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 1; };
        if (flag == "--rounds") {
            settings.rounds = number();
        } else if (flag == "--batch") {
            settings.batch = number();
        } else if (flag == "--steps") {
            settings.steps = number();
        } else if (flag == "--threads") {
            settings.threads = number();
        } else if (flag == "--processor-time") {
            bench::countProcessorTime(true);
        } else if (flag == "--profile") {
            settings.profile = true;
        } else if (flag == "--alone") {
            settings.alone = true;
        } else if (flag == "--layers") {
            settings.layers = true;
        } else {
            settings.backbones.push_back(flag);
        }
    }
    if (settings.backbones.empty()) {
        settings.backbones = {"resnet18", "mobilenet_v2", "mobilenet_v3_small"};
    }
    at::set_num_threads(settings.threads > 0 ? settings.threads : hardwareThreads());
    installTensorMemory();
    for (const std::string& backbone : settings.backbones) {
        run(backbone, settings);
    }
    return 0;
}
