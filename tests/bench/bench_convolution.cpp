// Winograd's convolutions against oneDNN's direct ones, layer by layer as networks have them: in
// turns, medians in milliseconds for a batch, forward and both gradients and weights packed for
// both. Says where Winograd pays on a processor.
//
//   bench_convolution [--batch N] [--rounds N] [--float]
#include "core/base/machine.h"
#include "core/nn/fast/dnnl_plan.h"
#include "core/nn/fast/tensors.h"
#include "core/nn/fast/winograd_plan.h"
#include "core/train/tensor_memory.h"
#include "tests/bench/median.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>

using namespace graft;
using torch::Tensor;

namespace {

struct Layer {
    std::int64_t inputs, side, outputs;
};

double seconds(const std::function<void()>& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One plan with everything that it reads and writes.
class Work {
 public:
    Work(const fast::ConvShape& shape, std::shared_ptr<fast::ConvPlan> plan)
        : m_plan(std::move(plan)),
          m_x(pictures(shape.x, shape.type)),
          m_y(pictures(shape.y, shape.type)),
          m_gradX(pictures(shape.x, shape.type)),
          m_weight(torch::randn(shape.weight).contiguous(torch::MemoryFormat::ChannelsLast)),
          m_gradWeight(torch::empty_like(m_weight)),
          m_forward(m_plan->packForward(m_weight)) {
        if (shape.type == torch::kBFloat16) {
            m_backward = m_plan->packBackward(m_weight);
        }
    }

    /// What takes how long; the last three for bf16 alone.
    std::vector<std::function<void()>> steps() {
        std::vector<std::function<void()>> all{
            [this] { m_plan->forward(m_x, m_forward, {}, {}, m_y); }};
        if (m_backward.defined()) {
            all.push_back([this] { m_plan->backwardInput(m_y, m_backward, m_gradX); });
            all.push_back([this] {
                Tensor none;
                m_plan->backwardWeights(m_x, m_y, m_gradWeight, none);
            });
            all.push_back([this] {
                m_plan->packForward(m_weight);
                m_plan->packBackward(m_weight);
            });
        }
        return all;
    }

 private:
    static Tensor pictures(const std::vector<std::int64_t>& sizes, torch::ScalarType type) {
        return fast::inOrder(torch::randn(sizes), type);
    }

    std::shared_ptr<fast::ConvPlan> m_plan;
    Tensor m_x, m_y, m_gradX, m_weight, m_gradWeight, m_forward, m_backward;
};

void measure(const Layer& layer, std::int64_t batch, int rounds, torch::ScalarType type) {
    const fast::ConvShape shape{{batch, layer.inputs, layer.side, layer.side},
                                {layer.outputs, layer.inputs, 3, 3},
                                {batch, layer.outputs, layer.side, layer.side},
                                type,
                                false,
                                {1, 1, 1, 1, 1, 1},
                                {}};
    const auto direct = fast::dnnlPlan(shape);
    if (!direct) {
        std::printf("oneDNN has no such convolution for this processor.\n");
        return;
    }
    Work works[2] = {{shape, direct}, {shape, fast::winogradPlan(shape)}};
    const std::size_t count = works[0].steps().size();
    std::vector<std::vector<double>> times(2 * count);
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t which = 0; which < 2; ++which) {
            const auto steps = works[which].steps();
            for (std::size_t i = 0; i < count; ++i) {
                const double took = seconds(steps[i]);
                if (round >= 0) {
                    times[2 * i + which].push_back(took * 1e3);
                }
            }
        }
    }
    std::printf("%4lld x %3lld -> %4lld", (long long)layer.inputs, (long long)layer.side,
                (long long)layer.outputs);
    const char* names[] = {"forward", "input", "weights", "packing"};
    for (std::size_t i = 0; i < count; ++i) {
        const double before = bench::median(times[2 * i]);
        const double after = bench::median(times[2 * i + 1]);
        std::printf("   %s %6.2f %6.2f (%.2f)", names[i], before, after, before / after);
    }
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::int64_t batch = 32;
    int rounds = 15;
    auto type = torch::kBFloat16;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--float") == 0) {
            type = torch::kFloat32;
        } else if (std::strcmp(argv[i], "--batch") == 0 && i + 1 < argc) {
            batch = std::atoi(argv[++i]);
        } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = std::atoi(argv[++i]);
        }
    }
    at::set_num_threads(hardwareThreads());
    installTensorMemory();
    const torch::NoGradGuard noGrad;
    std::printf("batch %lld, %d threads, milliseconds: oneDNN, Winograd (ratio)\n",
                (long long)batch, at::get_num_threads());
    for (const Layer& layer : {Layer{64, 56, 64},
                               {128, 28, 128},
                               {256, 14, 256},
                               {512, 7, 512},
                               {32, 56, 32},
                               {128, 28, 32},
                               {128, 7, 32},
                               {64, 224, 64},
                               {512, 28, 512},
                               {96, 35, 96},
                               {16, 32, 16},
                               {64, 8, 64},
                               {256, 4, 256}}) {
        measure(layer, batch, rounds, type);
    }
    return 0;
}
