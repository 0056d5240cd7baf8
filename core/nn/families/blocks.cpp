#include "core/nn/families/blocks.h"

#include "core/nn/fast/ops.h"

#include <algorithm>

namespace graft {

Step chain(std::vector<Step> steps) {
    return [steps = std::move(steps)](const torch::Tensor& x) {
        torch::Tensor y = x;
        for (const Step& step : steps) {
            y = step(y);
        }
        return y;
    };
}

Step maxPool(int kernel, int stride, int padding, bool ceilMode) {
    return [=](const torch::Tensor& x) {
        return maxPooled(x, {kernel, stride, padding, ceilMode});
    };
}

Step activation(Act act) {
    return [act](const torch::Tensor& x) { return activate(x, act); };
}

ConvNorm::ConvNorm(const ConvShape& shape, const ConvNormOptions& options) : m_act(options.act) {
    m_conv = register_module(options.convName, std::make_shared<Conv>(shape, options.tfSame));
    m_norm = register_module(options.normName, std::make_shared<Norm>(shape.out, options.norm));
}

torch::Tensor ConvNorm::forward(const torch::Tensor& x) {
    return convNorm(*m_conv, *m_norm, x, m_act);
}

torch::Tensor ConvNorm::forward(const torch::Tensor& x, const torch::Tensor& residual) {
    return convNorm(*m_conv, *m_norm, x, m_act, residual);
}

SqueezeExcite::SqueezeExcite(int channels, int squeezed, Act act, Gate gate)
    : m_act(act), m_gate(gate) {
    m_reduce = register_module(
        "fc1", std::make_shared<Conv>(ConvShape{channels, squeezed, 1, 1, 0, 1, true}));
    m_expand = register_module(
        "fc2", std::make_shared<Conv>(ConvShape{squeezed, channels, 1, 1, 0, 1, true}));
}

torch::Tensor SqueezeExcite::forward(const torch::Tensor& x) {
    if (fast::takes(x)) {
        return fast::squeezeExcite(x, {m_reduce->weight, m_reduce->bias, m_expand->weight,
                                       m_expand->bias, m_act == Act::Silu,
                                       m_gate == Gate::HardSigmoid});
    }
    const torch::Tensor squeezed = activate(m_reduce->forward(x.mean({2, 3}, true)), m_act);
    const torch::Tensor scale = m_expand->forward(squeezed);
    return x * (m_gate == Gate::Sigmoid ? torch::sigmoid(scale) : torch::hardsigmoid(scale));
}

ConvShape sameConv(int in, int out, int kernel, int stride, int groups) {
    return {in, out, kernel, stride, kernel / 2, groups};
}

int roundToEight(double channels) {
    const int rounded = std::max(8, int(channels + 4) / 8 * 8);
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

Stage makeStage(const std::string& prefix, const NumberedStage& plan,
                const std::vector<Step>& all) {
    Stage stage;
    stage.path = prefix + "." + std::to_string(plan.first);
    stage.node = prefix + "." + std::to_string(plan.last);
    stage.label = plan.label;
    if (plan.last > plan.first) {
        stage.path += "-" + std::to_string(plan.last);
        for (int n = plan.first; n <= plan.last; ++n) {
            stage.blocks.push_back(
                {prefix + "." + std::to_string(n), "Block " + std::to_string(n - plan.first + 1)});
        }
    }
    stage.run = chain({all.begin() + plan.first, all.begin() + plan.last + 1});
    return stage;
}

std::vector<Block> numberedBlocks(const std::string& path, int count) {
    std::vector<Block> blocks;
    for (int i = 0; i < count; ++i) {
        blocks.push_back({path + "." + std::to_string(i), "Block " + std::to_string(i + 1)});
    }
    return blocks;
}

void addOriginalHead(Body& body, torch::nn::Module& root, const std::string& path,
                     const BuildOptions& options) {
    if (options.originalClasses <= 0) {
        return;
    }
    const auto linear = std::make_shared<Linear>(body.channels, options.originalClasses);
    const std::size_t dot = path.find('.');
    if (dot == std::string::npos) {
        root.register_module(path, linear);
    } else {
        root.register_module(path.substr(0, dot), std::make_shared<Group>())
            ->register_module(path.substr(dot + 1), linear);
    }
    body.originalHead = [linear](const torch::Tensor& x) {
        return linear->forward(meanOverPicture(x));
    };
}

}  // namespace graft
