// Graft's own small backbone: a first layer that is computed instead of learnt, then four groups of
// two convolutions, each of which halves the picture.
// Sources: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, for the
// order of the layers, the whitening first layer and the start as a partial identity; Zagoruyko and
// Komodakis, "DiracNets", 2017, for the latter.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <cmath>

namespace graft {
namespace {

constexpr int kColours = 3;
constexpr int kPatchSide = 2;
constexpr int kPatchNumbers = kColours * kPatchSide * kPatchSide;
constexpr int kFirstFilters = 2 * kPatchNumbers;
/// Added to the variances: directions in which pictures hardly differ hold rounding and compression
/// noise, which is not to be blown up.
constexpr double kLeastVariance = 1e-2;

class NanoGroup : public torch::nn::Module {
 public:
    NanoGroup(int in, int out, bool first) {
        if (first) {
            ConvShape shape{in, kFirstFilters, kPatchSide};
            shape.fixed = true;
            m_whiten = register_module("whiten", std::make_shared<Conv>(shape));
            in = kFirstFilters;
        }
        m_conv1 = register_module("conv1", std::make_shared<Conv>(sameConv(in, out, 3)));
        m_norm1 = register_module("bn1", std::make_shared<Norm>(out));
        m_conv2 = register_module("conv2", std::make_shared<Conv>(sameConv(out, out, 3)));
        m_norm2 = register_module("bn2", std::make_shared<Norm>(out));
    }

    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = m_whiten ? activate(m_whiten->forward(x), Act::Relu) : x;
        y = maxPooled(m_conv1->forward(y), {2, 2});
        y = m_norm1->forward(y, Act::Relu);
        return convNorm(*m_conv2, *m_norm2, y, Act::Relu);
    }

 private:
    std::shared_ptr<Conv> m_whiten;  ///< of the first group
    std::shared_ptr<Conv> m_conv1;
    std::shared_ptr<Norm> m_norm1;
    std::shared_ptr<Conv> m_conv2;
    std::shared_ptr<Norm> m_norm2;
};

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    body.channels = kColours;
    for (const int width : {48, 96, 192, 384}) {
        const std::string number = std::to_string(body.stages.size() + 1);
        const std::string path = "layer" + number;
        const auto group = root.register_module(
            path, std::make_shared<NanoGroup>(body.channels, width, body.stages.empty()));
        body.stages.push_back({path, path, "Stage " + number, {}, stepOf(group)});
        body.channels = width;
    }
    addOriginalHead(body, root, "fc", options);
    return body;
}

/// Filters from the second moments [12, 12] of patches: the directions in which these differ, each
/// scaled to variance 1, then the same with the other sign, so that a ReLU loses nothing.
void whiten(Conv& conv, const torch::Tensor& moments) {
    const torch::NoGradGuard noGrad;
    const auto [variances, directions] = torch::linalg_eigh(moments);  // ascending; in columns
    torch::Tensor filters =
        directions.t() / torch::sqrt(variances.clamp_min(0) + kLeastVariance).unsqueeze(1);
    // The sign of a direction is the solver's whim; here its largest number is positive.
    const torch::Tensor largest = filters.gather(1, filters.abs().argmax(1, /*keepdim=*/true));
    filters = filters * torch::sign(largest);
    const torch::Tensor pair = torch::cat({filters, -filters});
    conv.weight.copy_(pair.view({kFirstFilters, kColours, kPatchSide, kPatchSide}));
}

/// What the moments are about for any photos, until there are some: neighbours and colours agree.
torch::Tensor usualMoments() {
    constexpr double kNeighbours = 0.95;
    constexpr double kColourAgreement = 0.9;
    const auto agreement = [](std::int64_t count, double value) {
        return torch::full({count, count}, value, torch::kFloat64) +
               (1 - value) * torch::eye(count, torch::kFloat64);
    };
    const torch::Tensor line = agreement(kPatchSide, kNeighbours);
    return torch::kron(agreement(kColours, kColourAgreement), torch::kron(line, line));
}

void fitToPictures(torch::nn::Module& root, const std::vector<torch::Tensor>& batches) {
    torch::Tensor moments = torch::zeros({kPatchNumbers, kPatchNumbers}, torch::kFloat64);
    std::int64_t count = 0;
    for (const torch::Tensor& x : batches) {
        const torch::Tensor patches = torch::im2col(x, {kPatchSide, kPatchSide}, {1, 1}, {0, 0},
                                                    {1, 1});  // [N, 12, places]
        moments += torch::matmul(patches, patches.transpose(1, 2)).sum(0);
        count += patches.size(0) * patches.size(2);
    }
    if (count > 0) {
        whiten(*root.named_modules()["layer1.whiten"]->as<Conv>(), moments / double(count));
    }
}

/// As torch.nn.Conv2d begins, but the first filters pass their channel on as it is.
void initPartIdentity(Conv& conv, at::Generator& generator) {
    if (conv.shape().fixed) {
        whiten(conv, usualMoments());
        return;
    }
    initConvDefault(conv, generator);
    const torch::NoGradGuard noGrad;
    const std::int64_t passed = std::min(conv.weight.size(0), conv.weight.size(1));
    torch::Tensor first = conv.weight.narrow(0, 0, passed);
    first.zero_();
    const std::int64_t middle = conv.shape().kernel / 2;
    first.select(3, middle).select(2, middle).fill_diagonal_(1);
}

}  // namespace

std::vector<Family> graftNanoFamilies() {
    Family family;
    family.info = {"graft_nano",
                   "Graft nano",
                   "Graft's own small network for pictures of about 64 px: quick anywhere, also "
                   "from scratch.",
                   2646720,
                   64,
                   32,
                   0.6,
                   1.0};
    family.classifierPrefixes = {"fc."};
    family.build = build;
    family.initConv = initPartIdentity;
    family.fitToPictures = fitToPictures;
    return {family};
}

}  // namespace graft
