// Swin transformer as torchvision builds it: attention inside windows of 7x7 positions, which are
// shifted in every second block. Works at any size; what is missing of a window is padded.
// Source: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
// ICCV 2021.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

#include <cmath>

namespace graft {
namespace {

constexpr int kWindow = 7;
constexpr int kWindowArea = kWindow * kWindow;
constexpr int kShift = kWindow / 2;
constexpr int kHeadWidth = 32;
constexpr int kFirstWidth = 96;
constexpr double kEps = 1e-5;
constexpr double kDropPath = 0.2;  ///< of the last block; it grows from 0 in the first
constexpr double kInitSpread = 0.02;
constexpr double kBetweenRegions = -100;  ///< added before softmax where a shift made neighbours
constexpr int kDepths[] = {2, 2, 6, 2};
constexpr int kBlocks = 12;

/// A picture [N, H, W, C] whose sides are multiples of the window -> [N * windows, 49, C].
torch::Tensor toWindows(const torch::Tensor& x) {
    const std::int64_t rows = x.size(1) / kWindow;
    const std::int64_t columns = x.size(2) / kWindow;
    return x.reshape({-1, rows, kWindow, columns, kWindow, x.size(3)})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({-1, kWindowArea, x.size(3)});
}

torch::Tensor fromWindows(const torch::Tensor& windows, std::int64_t height, std::int64_t width) {
    const std::int64_t channels = windows.size(2);
    return windows.reshape({-1, height / kWindow, width / kWindow, kWindow, kWindow, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({-1, height, width, channels});
}

/// After the shift: which of three regions each row belongs to.
torch::Tensor regions(std::int64_t size, int shift, const torch::TensorOptions& options) {
    const torch::Tensor position = torch::arange(size, torch::kInt64);
    if (shift == 0) {
        return torch::zeros({size}, options);
    }
    return position.ge(size - kWindow).to(options) + position.ge(size - shift).to(options);
}

class WindowAttention : public torch::nn::Module {
 public:
    WindowAttention(int width, bool shifts) : m_heads(width / kHeadWidth), m_shifts(shifts) {
        const int distances = (2 * kWindow - 1) * (2 * kWindow - 1);
        biasTable =
            register_parameter("relative_position_bias_table", torch::zeros({distances, m_heads}));
        m_index = register_buffer("relative_position_index", pairIndex());
        m_qkv = register_module("qkv", std::make_shared<Linear>(width, 3 * width));
        m_out = register_module("proj", std::make_shared<Linear>(width, width));
    }

    /// [N, H, W, C]
    torch::Tensor forward(const torch::Tensor& x) const {
        const std::int64_t height = x.size(1);
        const std::int64_t width = x.size(2);
        const std::int64_t below = (kWindow - height % kWindow) % kWindow;
        const std::int64_t right = (kWindow - width % kWindow) % kWindow;
        torch::Tensor y = torch::constant_pad_nd(x, {0, 0, 0, right, 0, below}, 0);
        // One window needs no shift.
        const int down = m_shifts && y.size(1) > kWindow ? kShift : 0;
        const int across = m_shifts && y.size(2) > kWindow ? kShift : 0;
        if (down + across == 0) {
            y = fromWindows(attend(toWindows(y), {}), y.size(1), y.size(2));
        } else {
            const torch::Tensor mask = shiftMask(y, down, across);
            y = torch::roll(y, {-down, -across}, {1, 2});
            y = fromWindows(attend(toWindows(y), mask), y.size(1), y.size(2));
            y = torch::roll(y, {down, across}, {1, 2});
        }
        return y.slice(1, 0, height).slice(2, 0, width);
    }

    torch::Tensor biasTable;  ///< [13 * 13, heads]

 private:
    /// For each pair of positions in a window the row of the table.
    static torch::Tensor pairIndex() {
        const torch::Tensor position = torch::arange(kWindowArea, torch::kInt64);
        const torch::Tensor row = position.div(kWindow, "floor");
        const torch::Tensor column = position.remainder(kWindow);
        const auto distance = [](const torch::Tensor& along) {
            return along.unsqueeze(1) - along.unsqueeze(0) + (kWindow - 1);
        };
        return (distance(row) * (2 * kWindow - 1) + distance(column)).flatten();
    }

    /// [windows, 1, 49, 49]: forbids looking across what only the shift brought together.
    static torch::Tensor shiftMask(const torch::Tensor& x, int down, int across) {
        const torch::Tensor region = 3 * regions(x.size(1), down, x.options()).unsqueeze(1) +
                                     regions(x.size(2), across, x.options()).unsqueeze(0);
        const torch::Tensor windows = toWindows(region.unsqueeze(0).unsqueeze(3)).squeeze(2);
        const torch::Tensor differs = windows.unsqueeze(1).ne(windows.unsqueeze(2));
        return (differs.to(x.options()) * kBetweenRegions).unsqueeze(1);
    }

    torch::Tensor attend(const torch::Tensor& windows, const torch::Tensor& mask) const {
        const torch::Tensor all = m_qkv->forward(windows)
                                      .reshape({-1, kWindowArea, 3, m_heads, kHeadWidth})
                                      .permute({2, 0, 3, 1, 4});
        const torch::Tensor query = all.select(0, 0) * (1.0 / std::sqrt(double(kHeadWidth)));
        // Module::to() of another number type converts buffers, too.
        const torch::Tensor bias = biasTable.index_select(0, m_index.to(torch::kInt64))
                                       .view({kWindowArea, kWindowArea, m_heads})
                                       .permute({2, 0, 1})
                                       .to(windows.scalar_type());
        torch::Tensor weights = query.matmul(all.select(0, 1).transpose(-2, -1)) + bias;
        if (mask.defined()) {
            weights =
                (weights.reshape({-1, mask.size(0), m_heads, kWindowArea, kWindowArea}) + mask)
                    .flatten(0, 1);
        }
        const torch::Tensor mixed = torch::softmax(weights, -1).matmul(all.select(0, 2));
        return m_out->forward(mixed.transpose(1, 2).flatten(2));
    }

    int m_heads;
    bool m_shifts;
    torch::Tensor m_index;
    std::shared_ptr<Linear> m_qkv;
    std::shared_ptr<Linear> m_out;
};

class SwinBlock : public torch::nn::Module {
 public:
    SwinBlock(int width, bool shifts, double dropPath) {
        m_norm1 = register_module("norm1", std::make_shared<LayerNorm>(width, kEps));
        m_attention = register_module("attn", std::make_shared<WindowAttention>(width, shifts));
        m_drop = register_module("stochastic_depth", std::make_shared<DropPath>(dropPath));
        m_norm2 = register_module("norm2", std::make_shared<LayerNorm>(width, kEps));
        const auto mlp = register_module("mlp", std::make_shared<Group>());
        m_widen = mlp->add<Linear>("0", width, 4 * width);
        m_narrow = mlp->add<Linear>("3", 4 * width, width);
    }

    torch::Tensor forward(const torch::Tensor& x) const {
        const torch::Tensor y = x + m_drop->forward(m_attention->forward(m_norm1->forward(x)));
        const torch::Tensor wide = torch::gelu(m_widen->forward(m_norm2->forward(y)));
        return y + m_drop->forward(m_narrow->forward(wide));
    }

 private:
    std::shared_ptr<LayerNorm> m_norm1;
    std::shared_ptr<WindowAttention> m_attention;
    std::shared_ptr<DropPath> m_drop;
    std::shared_ptr<LayerNorm> m_norm2;
    std::shared_ptr<Linear> m_widen;
    std::shared_ptr<Linear> m_narrow;
};

// Inside a stage pictures are [N, H, W, C].
torch::Tensor channelsLast(const torch::Tensor& x) {
    return x.permute({0, 2, 3, 1});
}
torch::Tensor channelsFirst(const torch::Tensor& x) {
    return x.permute({0, 3, 1, 2});
}

Step stem(Group& features) {
    const auto group = features.add<Group>("0");
    const auto conv = group->add<Conv>("0", ConvShape{3, kFirstWidth, 4, 4, 0, 1, true});
    const auto norm = group->add<LayerNorm>("2", kFirstWidth, kEps);
    return [conv, norm](const torch::Tensor& x) { return norm->forwardPicture(conv->forward(x)); };
}

// Four neighbours become one position of twice the channels.
Step merging(Group& features, const std::string& name, int width) {
    const auto group = features.add<Group>(name);
    const auto reduce = group->add<Linear>("reduction", 4 * width, 2 * width, false);
    const auto norm = group->add<LayerNorm>("norm", 4 * width, kEps);
    return [reduce, norm](const torch::Tensor& x) {
        const torch::Tensor y =
            torch::constant_pad_nd(x, {0, 0, 0, x.size(2) % 2, 0, x.size(1) % 2}, 0);
        const auto corner = [&y](int row, int column) {
            return y.slice(1, row, c10::nullopt, 2).slice(2, column, c10::nullopt, 2);
        };
        const torch::Tensor four =
            torch::cat({corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)}, -1);
        return reduce->forward(norm->forward(four));
    };
}

// Stage 0 is features.1; each later one is a merging and its blocks, features.2 and features.3 ...
Stage blocksStage(Group& features, int index, int* before) {
    const int number = 2 * index + 1;
    const int width = kFirstWidth << index;
    const std::string node = "features." + std::to_string(number);
    Stage stage{node, node, "Stage " + std::to_string(index + 1), {}, {}};
    std::vector<Step> steps{channelsLast};
    if (index > 0) {
        const std::string name = std::to_string(number - 1);
        stage.path = "features." + name + "-" + std::to_string(number);
        stage.blocks.push_back({"features." + name, "Merging"});
        steps.push_back(merging(features, name, width / 2));
    }
    const auto group = features.add<Group>(std::to_string(number));
    for (int i = 0; i < kDepths[index]; ++i) {
        const double dropPath = kDropPath * (*before)++ / (kBlocks - 1);
        steps.push_back(
            stepOf(group->add<SwinBlock>(std::to_string(i), width, i % 2 == 1, dropPath)));
    }
    for (Block& block : numberedBlocks(node, kDepths[index])) {
        stage.blocks.push_back(std::move(block));
    }
    steps.push_back(channelsFirst);
    stage.run = chain(std::move(steps));
    return stage;
}

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    const auto features = root.register_module("features", std::make_shared<Group>());
    body.stages.push_back({"features.0", "features.0", "Patches", {}, stem(*features)});
    int before = 0;
    for (int i = 0; i < 4; ++i) {
        body.stages.push_back(blocksStage(*features, i, &before));
    }
    body.channels = kFirstWidth << 3;
    const auto norm =
        root.register_module("norm", std::make_shared<LayerNorm>(body.channels, kEps));
    body.stages.push_back({"norm", "norm", "Last norm", {}, [norm](const torch::Tensor& x) {
                               return norm->forwardPicture(x);
                           }});
    addOriginalHead(body, root, "head", options);
    return body;
}

void initRest(torch::nn::Module& module, at::Generator& generator) {
    if (auto* linear = module.as<Linear>()) {
        initNormal(linear->weight, kInitSpread, generator);
    } else if (auto* attention = module.as<WindowAttention>()) {
        initNormal(attention->biasTable, kInitSpread, generator);
    }
}

}  // namespace

std::vector<Family> swinFamilies() {
    Family family;
    family.info = {"swin_t",
                   "Swin Transformer Tiny",
                   "A transformer that keeps the picture's layout: exact, slow without a graphics "
                   "card.",
                   27519354,
                   224,
                   32,
                   17.1,
                   232.0 / 224.0};
    family.build = build;
    family.initConv = initConvDefault;
    family.initRest = initRest;
    return {family};
}

}  // namespace graft
