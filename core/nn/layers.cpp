#include "core/nn/layers.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft {
namespace {

// Drawn in row-major order whatever the memory format, so that the values depend on the seed only.
template <class Draw>
void fill(torch::Tensor& tensor, Draw draw) {
    const torch::NoGradGuard noGrad;
    const torch::Tensor values = torch::empty(tensor.sizes(), torch::kFloat32);
    draw(values);
    tensor.copy_(values);
}

void fillUniform(torch::Tensor& tensor, double bound, at::Generator& generator) {
    fill(tensor, [&](torch::Tensor values) { values.uniform_(-bound, bound, generator); });
}

double fanIn(const Conv& conv) {
    return double(conv.weight.numel() / conv.weight.size(0));
}

// Padding before and after, and whether there is any.
struct SamePadding {
    std::int64_t before = 0;
    std::int64_t after = 0;
};

SamePadding samePadding(std::int64_t size, int kernel, int stride) {
    const std::int64_t outputs = (size + stride - 1) / stride;
    const std::int64_t total = std::max<std::int64_t>((outputs - 1) * stride + kernel - size, 0);
    return {total / 2, total - total / 2};
}

}  // namespace

Conv::Conv(const ConvShape& shape, bool tfSame)
    : m_shape(shape), m_tfSame(tfSame && shape.stride > 1) {
    const torch::Tensor zeros =
        torch::zeros({shape.out, shape.in / shape.groups, shape.kernel, shape.kernelWidth()})
            .contiguous(kMemoryFormat);
    weight = shape.fixed ? register_buffer("weight", zeros) : register_parameter("weight", zeros);
    if (shape.bias) {
        bias = register_parameter("bias", torch::zeros({shape.out}));
    }
}

fast::ConvGeometry Conv::geometryFor(const torch::Tensor& x) const {
    fast::ConvGeometry geometry;
    geometry.stride = m_shape.stride;
    geometry.groups = m_shape.groups;
    if (m_tfSame) {
        const SamePadding rows = samePadding(x.size(2), m_shape.kernel, m_shape.stride);
        const SamePadding columns = samePadding(x.size(3), m_shape.kernel, m_shape.stride);
        geometry.padTop = int(rows.before);
        geometry.padBottom = int(rows.after);
        geometry.padLeft = int(columns.before);
        geometry.padRight = int(columns.after);
    } else {
        geometry.padTop = geometry.padBottom = m_shape.padding;
        geometry.padLeft = geometry.padRight = m_shape.paddingWidth();
    }
    return geometry;
}

torch::Tensor Conv::forward(const torch::Tensor& x) const {
    if (fast::takes(x)) {
        return fast::convolution(x, weight, bias, geometryFor(x), m_packed);
    }
    if (m_tfSame) {
        return forwardTfSame(x);
    }
    return torch::conv2d(x, weight, bias, m_shape.stride,
                         c10::IntArrayRef{m_shape.padding, m_shape.paddingWidth()}, 1,
                         m_shape.groups);
}

torch::Tensor Conv::forwardTfSame(const torch::Tensor& x) const {
    const SamePadding rows = samePadding(x.size(2), m_shape.kernel, m_shape.stride);
    const SamePadding columns = samePadding(x.size(3), m_shape.kernel, m_shape.stride);
    if (rows.before == rows.after && columns.before == columns.after) {
        return torch::conv2d(x, weight, bias, m_shape.stride,
                             c10::IntArrayRef{rows.before, columns.before}, 1, m_shape.groups);
    }
    const torch::Tensor padded =
        torch::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after}, 0);
    return torch::conv2d(padded, weight, bias, m_shape.stride, c10::IntArrayRef{0, 0}, 1,
                         m_shape.groups);
}

Norm::Norm(int channels, const NormSettings& settings) : m_settings(settings) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
    runningMean = register_buffer("running_mean", torch::zeros({channels}));
    runningVar = register_buffer("running_var", torch::ones({channels}));
    batchesSeen = register_buffer("num_batches_tracked", torch::zeros({}, torch::kInt64));
}

torch::Tensor Norm::forward(const torch::Tensor& x) {
    return forward(x, Act::None);
}

fast::NormTensors Norm::tensors() const {
    return {weight,        bias, runningMean, runningVar, is_training(), m_settings.momentum,
            m_settings.eps};
}

torch::Tensor Norm::forward(const torch::Tensor& x, Act act, const torch::Tensor& residual) {
    if (is_training()) {
        batchesSeen += 1;
    }
    if (fast::takes(x)) {
        return fast::normActivate(x, tensors(), act, residual);
    }
    torch::Tensor y = torch::batch_norm(x, weight, bias, runningMean, runningVar, is_training(),
                          m_settings.momentum, m_settings.eps, true);
    if (residual.defined()) {
        y += residual;
    }
    return activate(y, act);
}

torch::Tensor Norm::forwardMaxPooled(const torch::Tensor& x, Act act, const fast::PoolShape& pool) {
    if (!fast::takes(x)) {
        return maxPooled(forward(x, act), pool);
    }
    if (is_training()) {
        batchesSeen += 1;
    }
    return fast::normActivateMaxPool(x, tensors(), act, pool);
}

namespace {

bool canFold(const Norm& norm, const torch::Tensor& x) {
    return fast::folds(x) && !norm.is_training() && !torch::GradMode::is_enabled();
}

// body(x), which makes `numbers` for each picture on the way. Where those of all pictures are many,
// a few go at a time: what is made then stays in the processor's last cache, and is never in memory
// for all of them.
template <class Body>
torch::Tensor inPieces(const torch::Tensor& x, std::int64_t numbers, const Body& body) {
    constexpr std::int64_t kCached = 3'300'000;
    const std::int64_t atOnce = std::max<std::int64_t>(kCached / numbers, at::get_num_threads());
    const std::int64_t count = x.size(0);
    if (count <= 2 * atOnce) {
        return body(x);
    }
    torch::Tensor y;
    for (std::int64_t begin = 0; begin < count; begin += atOnce) {
        const torch::Tensor piece = body(x.narrow(0, begin, std::min(atOnce, count - begin)));
        if (!y.defined()) {
            std::vector<std::int64_t> sizes = piece.sizes().vec();
            sizes[0] = count;
            y = torch::empty(sizes, piece.options().memory_format(kMemoryFormat));
        }
        y.narrow(0, begin, piece.size(0)).copy_(piece);
    }
    return y;
}

}  // namespace

torch::Tensor convNormMaxPooled(const Conv& conv, Norm& norm, const torch::Tensor& x, Act act,
                                const fast::PoolShape& pool) {
    if (!canFold(norm, x)) {
        return norm.forwardMaxPooled(conv.forward(x), act, pool);
    }
    const ConvShape& shape = conv.shape();
    const std::int64_t between =
        shape.out * (x.size(2) / shape.stride + 1) * (x.size(3) / shape.stride + 1);
    return inPieces(x, between, [&](const torch::Tensor& piece) {
        return maxPooled(convNorm(conv, norm, piece, act), pool);
    });
}

torch::Tensor convNorm(const Conv& conv, Norm& norm, const torch::Tensor& x, Act act,
                       const torch::Tensor& residual) {
    if (!canFold(norm, x)) {
        return norm.forward(conv.forward(x), act, residual);
    }
    std::vector<std::int64_t> versions;
    // The counter stands for statistics that torch moves: it does not count those as changes.
    for (const torch::Tensor& tensor : {conv.weight, norm.weight, norm.bias, norm.runningMean,
                                        norm.runningVar, norm.batchesSeen}) {
        versions.push_back(std::int64_t(tensor._version()));
    }
    versions.push_back(conv.bias.defined() ? std::int64_t(conv.bias._version()) : 0);
    fast::FoldedWeights& folded = conv.m_folded;
    if (folded.versions != versions) {
        const torch::Tensor scale =
            norm.weight * torch::rsqrt(norm.runningVar + norm.settings().eps);
        folded = {conv.weight * scale.view({-1, 1, 1, 1}), norm.bias - norm.runningMean * scale,
                  {}, versions};
        if (conv.bias.defined()) {
            folded.bias += conv.bias * scale;
        }
    }
    return fast::foldedConvolution(x, folded, conv.geometryFor(x), act, residual);
}

torch::Tensor activate(torch::Tensor x, Act act) {
    return fast::takes(x) ? fast::activate(x, act) : fast::activateByTorch(x, act);
}

torch::Tensor maxPooled(const torch::Tensor& x, const fast::PoolShape& pool) {
    return fast::takes(x)
               ? fast::maxPool(x, pool)
               : torch::max_pool2d(x, pool.kernel, pool.stride, pool.padding, 1, pool.ceilMode);
}

torch::Tensor averagePooled(const torch::Tensor& x, int kernel, int stride, int padding) {
    if (fast::takes(x)) {
        // torch has no way back through this one in bf16.
        return torch::avg_pool2d(x.to(torch::kFloat32), kernel, stride, padding)
            .to(torch::kBFloat16);
    }
    return torch::avg_pool2d(x, kernel, stride, padding);
}

torch::Tensor asIn(const torch::Tensor& x, const torch::Tensor& parameter) {
    return parameter.defined() && x.scalar_type() == torch::kBFloat16
               ? parameter.to(torch::kBFloat16)
               : parameter;
}

LayerNorm::LayerNorm(int channels, double eps) : m_eps(eps) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
}

torch::Tensor LayerNorm::forward(const torch::Tensor& x) const {
    if (fast::takes(x)) {
        return torch::layer_norm(x.to(torch::kFloat32), weight.sizes(), weight, bias, m_eps)
            .to(torch::kBFloat16);
    }
    return torch::layer_norm(x, weight.sizes(), weight, bias, m_eps);
}

torch::Tensor LayerNorm::forwardPicture(const torch::Tensor& x) const {
    return forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

torch::Tensor keepMask(at::IntArrayRef sizes, double keep, at::Generator generator) {
    constexpr double kSteps = 1 << 16;
    const double limit = std::clamp(std::round(keep * kSteps), 1.0, kSteps - 1);
    const std::int64_t count = c10::multiply_integers(sizes);
    const torch::Tensor bits =
        torch::empty({(count + 3) / 4}, torch::kInt64)
            .random_(std::numeric_limits<std::int64_t>::min(), c10::nullopt, generator)
            .view(torch::kInt16)
            .narrow(0, 0, count);
    const auto below = std::int64_t(limit - kSteps / 2);
    return (bits < below).to(torch::kFloat32).div_(limit / kSteps).view(sizes);
}

torch::Tensor DropPath::forward(const torch::Tensor& branch) const {
    if (!is_training() || m_probability <= 0 || !m_generator.defined()) {
        return branch;
    }
    std::vector<std::int64_t> sizes(std::size_t(branch.dim()), 1);
    sizes[0] = branch.size(0);
    return branch * keepMask(sizes, 1.0 - m_probability, m_generator).to(branch.options());
}

Linear::Linear(int in, int out, bool withBias) {
    weight = register_parameter("weight", torch::zeros({out, in}));
    if (withBias) {
        bias = register_parameter("bias", torch::zeros({out}));
    }
}

torch::Tensor Linear::forward(const torch::Tensor& x) const {
    return torch::linear(x, asIn(x, weight), asIn(x, bias));
}

Head::Head(int in, int out) : Linear(in, out) {
    inputMean = register_buffer("input_mean", torch::zeros({in}));
    inputScale = register_buffer("input_scale", torch::ones({}));
}

torch::Tensor Head::forward(const torch::Tensor& x) const {
    return Linear::forward((x - inputMean) / inputScale);
}

void Head::setScaling(const torch::Tensor& pooled) {
    const torch::NoGradGuard noGrad;
    const torch::Tensor mean = pooled.mean(0);
    const torch::Tensor spread = (pooled - mean).square().mean().sqrt();
    inputMean.copy_(mean);
    inputScale.copy_(spread.clamp_min(1e-6));
}

void initKaimingNormalFanOut(Conv& conv, at::Generator& generator) {
    const double fanOut = double(conv.weight.numel() / conv.weight.size(1));
    initNormal(conv.weight, std::sqrt(2.0 / fanOut), generator);
}

void initKaimingUniformFanIn(Conv& conv, at::Generator& generator) {
    fillUniform(conv.weight, std::sqrt(6.0 / fanIn(conv)), generator);
}

void initKaimingNormalFanIn(Conv& conv, at::Generator& generator) {
    initNormal(conv.weight, std::sqrt(2.0 / fanIn(conv)), generator);
}

void initConvDefault(Conv& conv, at::Generator& generator) {
    const double bound = 1.0 / std::sqrt(fanIn(conv));
    fillUniform(conv.weight, bound, generator);
    if (conv.bias.defined()) {
        fillUniform(conv.bias, bound, generator);
    }
}

void initNormal(torch::Tensor& tensor, double std, at::Generator& generator) {
    fill(tensor, [&](torch::Tensor values) { values.normal_(0, std, generator); });
}

void initLinear(Linear& linear, at::Generator& generator) {
    const double bound = 1.0 / std::sqrt(double(linear.weight.size(1)));
    for (torch::Tensor* tensor : {&linear.weight, &linear.bias}) {
        fillUniform(*tensor, bound, generator);
    }
}

void initXavierUniform(torch::Tensor& matrix, at::Generator& generator) {
    fillUniform(matrix, std::sqrt(6.0 / double(matrix.size(0) + matrix.size(1))), generator);
}

}  // namespace graft
