#include "tests/bench/conv_limit.h"

#include "core/nn/fast/tensors.h"
#include "core/nn/fast/winograd_plan.h"

#include <ATen/record_function.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <tuple>

namespace graft::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

bool g_processorTime = false;

dnnl::engine& engine() {
    static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

memory zeros(const memory::desc& desc) {
    memory result(desc, engine());
    std::memset(result.get_data_handle(), 0, desc.get_size());
    return result;
}

/// The quickest of a few calls, after one that does not count.
template <class Call>
double secondsOf(Call call) {
    double best = 1e9;
    for (int round = 0; round < 4; ++round) {
        const double start = now();
        call();
        const double seconds = now() - start;
        best = round == 0 ? best : std::min(best, seconds);
    }
    return best;
}

void keep(double seconds, const std::string& name, double* best, std::string* by) {
    if (seconds > 0 && (*best == 0 || seconds < *best)) {
        *best = seconds;
        *by = name;
    }
}

template <class Primitive>
void take(const Primitive& primitive, std::unordered_map<int, memory> arguments,
          const std::string& name, double* best, std::string* by) {
    dnnl::stream stream(engine());
    const double seconds = secondsOf([&] {
        primitive.execute(stream, arguments);
        stream.wait();
    });
    keep(seconds, name, best, by);
}

struct Descs {
    memory::desc x, y, weight, gradWeight;
    memory::dims strides, padding;
};

Descs descsOf(const ConvCase& c, Tag x, Tag y) {
    const std::int64_t height = (c.height + 2 * c.padding - c.kernel) / c.stride + 1;
    const std::int64_t width = (c.width + 2 * c.padding - c.kernel) / c.stride + 1;
    memory::dims weight{c.out / c.groups, c.in / c.groups, c.kernel, c.kernel};
    if (c.groups > 1) {
        weight.insert(weight.begin(), c.groups);
    }
    const auto bf16 = memory::data_type::bf16;
    return {{{c.batch, c.in, c.height, c.width}, bf16, x},
            {{c.batch, c.out, height, width}, bf16, y},
            {weight, bf16, Tag::any},
            {weight, memory::data_type::f32, Tag::any},
            {c.stride, c.stride},
            {c.padding, c.padding}};
}

void measureIn(const ConvCase& c, Tag x, Tag y, const std::string& layout, bool forwardOnly,
               ConvTimes* best) {
    const Descs d = descsOf(c, x, y);
    const auto direct = dnnl::algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, direct, d.x, d.weight, d.y, d.strides, d.padding,
         d.padding},
        engine());
    take(dnnl::convolution_forward(forward),
         {{DNNL_ARG_SRC, zeros(forward.src_desc())},
          {DNNL_ARG_WEIGHTS, zeros(forward.weights_desc())},
          {DNNL_ARG_DST, zeros(forward.dst_desc())}},
         layout + " " + forward.impl_info_str(), &best->forward, &best->forwardBy);
    if (forwardOnly) {
        return;
    }
    const dnnl::convolution_backward_weights::primitive_desc weights(
        {direct, d.x, d.gradWeight, d.y, d.strides, d.padding, d.padding}, engine(), forward);
    take(dnnl::convolution_backward_weights(weights),
         {{DNNL_ARG_SRC, zeros(weights.src_desc())},
          {DNNL_ARG_DIFF_WEIGHTS, zeros(weights.diff_weights_desc())},
          {DNNL_ARG_DIFF_DST, zeros(weights.diff_dst_desc())}},
         layout + " " + weights.impl_info_str(), &best->weights, &best->weightsBy);
    if (c.first) {
        return;
    }
    const dnnl::convolution_backward_data::primitive_desc input(
        {direct, d.x, d.weight, d.y, d.strides, d.padding, d.padding}, engine(), forward);
    take(dnnl::convolution_backward_data(input),
         {{DNNL_ARG_DIFF_SRC, zeros(input.diff_src_desc())},
          {DNNL_ARG_WEIGHTS, zeros(input.weights_desc())},
          {DNNL_ARG_DIFF_DST, zeros(input.diff_dst_desc())}},
         layout + " " + input.impl_info_str(), &best->input, &best->inputBy);
}

std::vector<ConvCase>* g_cases = nullptr;

/// `inputs` of one aten::conv2d.
void note(c10::ArrayRef<const c10::IValue> inputs, std::vector<ConvCase>* cases) {
    const torch::Tensor x = inputs[0].toTensor();
    const torch::Tensor weight = inputs[1].toTensor();
    const ConvCase shape{x.size(0),
                         x.size(1),
                         x.size(2),
                         x.size(3),
                         weight.size(0),
                         weight.size(2),
                         inputs[3].toIntVector()[0],
                         inputs[4].toIntVector()[0],
                         inputs[6].toInt(),
                         cases->empty()};
    const auto same = std::find_if(cases->begin(), cases->end(),
                                   [&](const ConvCase& other) { return other.sameAs(shape); });
    if (same == cases->end()) {
        cases->push_back(shape);
    } else {
        ++same->count;
    }
}

auto key(const ConvCase& c) {
    return std::tie(c.batch, c.in, c.height, c.width, c.out, c.kernel, c.stride, c.padding,
                    c.groups, c.first);
}

}  // namespace

std::vector<ConvCase> convolutionsOf(Classifier& classifier, const torch::Tensor& x) {
    std::vector<ConvCase> cases;
    g_cases = &cases;
    const auto handle = at::addThreadLocalCallback(
        at::RecordFunctionCallback(
            [](const at::RecordFunction& call) -> std::unique_ptr<at::ObserverContext> {
                if (std::strcmp(call.name(), "aten::conv2d") == 0) {
                    note(call.inputs(), g_cases);
                }
                return nullptr;
            })
            .needsInputs(true)
            .scopes({at::RecordScope::FUNCTION}));
    const torch::NoGradGuard noGrad;
    const bool wasExact = classifier.exact();
    classifier.setTraining(false);
    classifier.setExact(true);  // folded ones never come past torch
    classifier.features(x);
    classifier.setExact(wasExact);
    at::removeCallback(handle);
    if (cases.empty()) {
        std::fprintf(stderr, "No convolution came past torch: the limit cannot be measured.\n");
        std::exit(1);
    }
    return cases;
}

double forwardSeconds(const std::vector<ConvCase>& cases, const std::vector<ConvTimes>& times) {
    double seconds = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        seconds += cases[i].count * times[i].forward;
    }
    return seconds;
}

double now() {
    if (g_processorTime) {
        return double(std::clock()) / CLOCKS_PER_SEC;
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void countProcessorTime(bool on) {
    g_processorTime = on;
}

bool ConvCase::sameAs(const ConvCase& other) const {
    return key(*this) == key(other);
}

void measureDirect(const ConvCase& shape, ConvTimes* best, bool forwardOnly) {
    const auto in = [&](Tag x, Tag y, const char* layout) {
        try {
            measureIn(shape, x, y, layout, forwardOnly, best);
        } catch (const dnnl::error&) {
            // This oneDNN has no kernel for it.
        }
    };
    in(Tag::nhwc, Tag::nhwc, "channels last");
    in(Tag::any, Tag::any, "blocked");
    if (shape.in <= 4) {
        in(Tag::nchw, Tag::any, "planes");
    }
}

void measureWinograd(const ConvCase& c, ConvTimes* best) {
    const std::int64_t height = c.height + 2 * c.padding - c.kernel + 1;
    const std::int64_t width = c.width + 2 * c.padding - c.kernel + 1;
    const int padding = int(c.padding);
    const fast::ConvShape shape{{c.batch, c.in, c.height, c.width},
                                {c.out, c.in / c.groups, c.kernel, c.kernel},
                                {c.batch, c.out, height, width},
                                torch::kBFloat16,
                                false,
                                {int(c.stride), padding, padding, padding, padding, int(c.groups)},
                                {}};
    if (!fast::winogradPays(shape)) {
        return;
    }
    const auto plan = fast::winogradPlan(shape);
    const auto pictures = [](const std::vector<std::int64_t>& sizes) {
        return fast::emptyPictures(sizes).zero_();
    };
    const torch::Tensor x = pictures(shape.x), y = pictures(shape.y);
    torch::Tensor toX = pictures(shape.x), toY = pictures(shape.y), noBias;
    torch::Tensor weight = torch::zeros(shape.weight).contiguous(torch::MemoryFormat::ChannelsLast);
    const torch::Tensor forward = plan->packForward(weight), back = plan->packBackward(weight);
    const std::string name = "Winograd";
    keep(secondsOf([&] { plan->forward(x, forward, {}, {}, toY); }), name, &best->forward,
         &best->forwardBy);
    keep(secondsOf([&] { plan->backwardWeights(x, y, weight, noBias); }), name, &best->weights,
         &best->weightsBy);
    if (!c.first) {
        keep(secondsOf([&] { plan->backwardInput(y, back, toX); }), name, &best->input,
             &best->inputBy);
    }
}

void takeQuicker(const ConvTimes& other, ConvTimes* best) {
    keep(other.forward, other.forwardBy, &best->forward, &best->forwardBy);
    keep(other.input, other.inputBy, &best->input, &best->inputBy);
    keep(other.weights, other.weightsBy, &best->weights, &best->weightsBy);
}

double operationsOf(const ConvCase& c) {
    const std::int64_t height = (c.height + 2 * c.padding - c.kernel) / c.stride + 1;
    const std::int64_t width = (c.width + 2 * c.padding - c.kernel) / c.stride + 1;
    return 2.0 * double(c.batch * height * width * c.out * (c.in / c.groups) * c.kernel * c.kernel);
}

}  // namespace graft::bench
