// Vision transformer as torchvision builds it: a picture of patches, read by a class token. The
// position embedding is made for one image size and brought to another one when weights are read.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition
// at Scale", ICLR 2021.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <cmath>

namespace graft {
namespace {

constexpr int kWidth = 768;
constexpr int kHeads = 12;
constexpr int kLayers = 12;
constexpr double kEps = 1e-6;

/// Self-attention with torch.nn.MultiheadAttention's parameters.
class Attention : public torch::nn::Module {
 public:
    Attention() {
        weight = register_parameter("in_proj_weight", torch::zeros({3 * kWidth, kWidth}));
        m_bias = register_parameter("in_proj_bias", torch::zeros({3 * kWidth}));
        out = register_module("out_proj", std::make_shared<Linear>(kWidth, kWidth));
    }

    torch::Tensor forward(const torch::Tensor& x) const {
        const std::int64_t tokens = x.size(1);
        const torch::Tensor all = torch::linear(x, asIn(x, weight), asIn(x, m_bias))
                                      .reshape({-1, tokens, 3, kHeads, kWidth / kHeads})
                                      .permute({2, 0, 3, 1, 4});
        const torch::Tensor query = all.select(0, 0) / std::sqrt(double(kWidth / kHeads));
        const torch::Tensor weights =
            torch::softmax(query.matmul(all.select(0, 1).transpose(-2, -1)), -1);
        const torch::Tensor mixed = weights.matmul(all.select(0, 2));
        return out->forward(mixed.transpose(1, 2).flatten(2));
    }

    torch::Tensor weight;
    std::shared_ptr<Linear> out;

 private:
    torch::Tensor m_bias;
};

class EncoderLayer : public torch::nn::Module {
 public:
    EncoderLayer() {
        m_norm1 = register_module("ln_1", std::make_shared<LayerNorm>(kWidth, kEps));
        m_attention = register_module("self_attention", std::make_shared<Attention>());
        m_norm2 = register_module("ln_2", std::make_shared<LayerNorm>(kWidth, kEps));
        const auto mlp = register_module("mlp", std::make_shared<Group>());
        m_widen = mlp->add<Linear>("0", kWidth, 4 * kWidth);
        m_narrow = mlp->add<Linear>("3", 4 * kWidth, kWidth);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        const torch::Tensor y = x + m_attention->forward(m_norm1->forward(x));
        const torch::Tensor wide = torch::gelu(m_widen->forward(m_norm2->forward(y)));
        return y + m_narrow->forward(wide);
    }

 private:
    std::shared_ptr<LayerNorm> m_norm1;
    std::shared_ptr<Attention> m_attention;
    std::shared_ptr<LayerNorm> m_norm2;
    std::shared_ptr<Linear> m_widen;
    std::shared_ptr<Linear> m_narrow;
};

/// Holds the positions beside the layers.
class Encoder : public Group {
 public:
    explicit Encoder(int tokens) {
        positions = register_parameter("pos_embedding", torch::zeros({1, tokens, kWidth}));
    }
    torch::Tensor positions;
};

/// Patches -> tokens: the class token first, then the picture row by row.
Step patchesToTokens(torch::nn::Module& root, const Encoder& encoder, int patch) {
    const auto project = root.register_module(
        "conv_proj", std::make_shared<Conv>(ConvShape{3, kWidth, patch, patch, 0, 1, true}));
    const torch::Tensor token =
        root.register_parameter("class_token", torch::zeros({1, 1, kWidth}));
    const torch::Tensor positions = encoder.positions;
    return [project, token, positions](const torch::Tensor& x) {
        const torch::Tensor tokens = project->forward(x).flatten(2).transpose(1, 2);
        const torch::Tensor first = asIn(x, token).expand_as(tokens.slice(1, 0, 1));
        return torch::cat({first, tokens}, 1) + asIn(x, positions);
    };
}

Body build(torch::nn::Module& root, const BuildOptions& options, int patch) {
    Body body;
    const int side = options.imageSize / patch;
    const auto encoder = std::make_shared<Encoder>(1 + side * side);
    body.stages.push_back({"conv_proj+class_token+encoder.pos_embedding",
                           "encoder.dropout",
                           "Patches",
                           {},
                           patchesToTokens(root, *encoder, patch)});
    root.register_module("encoder", encoder);
    const auto layers = encoder->add<Group>("layers");
    for (int i = 0; i < kLayers; ++i) {
        const std::string name = "encoder_layer_" + std::to_string(i);
        const std::string path = "encoder.layers." + name;
        body.stages.push_back({path,
                               path,
                               "Layer " + std::to_string(i + 1),
                               {},
                               stepOf(layers->add<EncoderLayer>(name))});
    }
    body.stages.push_back({"encoder.ln",
                           "encoder.ln",
                           "Last norm",
                           {},
                           stepOf(encoder->add<LayerNorm>("ln", kWidth, kEps))});
    body.channels = kWidth;
    body.pool.run = [](const torch::Tensor& tokens) { return tokens.select(1, 0); };
    if (options.originalClasses > 0) {
        const auto heads = root.register_module("heads", std::make_shared<Group>());
        const auto linear = heads->add<Linear>("head", kWidth, options.originalClasses);
        body.originalHead = [linear](const torch::Tensor& tokens) {
            return linear->forward(tokens.select(1, 0));
        };
    }
    return body;
}

void initRest(torch::nn::Module& module, at::Generator& generator) {
    if (auto* attention = module.as<Attention>()) {
        initXavierUniform(attention->weight, generator);
    } else if (auto* linear = module.as<Linear>()) {
        initXavierUniform(linear->weight, generator);
    } else if (auto* encoder = module.as<Encoder>()) {
        initNormal(encoder->positions, 0.02, generator);
    }
}

Family vit(BackboneInfo info, int patch) {
    Family family;
    family.info = std::move(info);
    family.info.classToken = true;
    family.classifierPrefixes = {"heads."};
    family.timm = timmVisionTransformer();
    family.positions = "encoder.pos_embedding";
    family.build = [patch](torch::nn::Module& root, const BuildOptions& options) {
        return build(root, options, patch);
    };
    family.initConv = [](Conv& conv, at::Generator& generator) {
        initNormal(conv.weight, std::sqrt(1.0 / double(conv.weight[0].numel())), generator);
    };
    family.initRest = initRest;
    return family;
}

}  // namespace

std::vector<Family> vitFamilies() {
    return {vit({"vit_b_16", "Vision Transformer B/16",
                 "A transformer; very exact with good weights, heavy, weak from scratch.", 85798656,
                 224, 32, 66.9},
                16),
            vit({"vit_b_32", "Vision Transformer B/32",
                 "Larger patches than B/16: a quarter of the work, less detail.", 87455232, 224, 32,
                 16.8},
                32)};
}

}  // namespace graft
