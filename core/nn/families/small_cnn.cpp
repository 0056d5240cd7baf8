// A small network of our own for training from scratch: four times convolution, norm, ReLU and
// pooling, quick enough for a CPU where no pretrained weights are at hand.
#include "core/nn/families/blocks.h"
#include "core/nn/families/registry.h"

namespace graft {
namespace {

class SmallBlock : public torch::nn::Module {
 public:
    SmallBlock(int in, int out) {
        m_conv = register_module("conv", std::make_shared<Conv>(ConvShape{in, out, 3, 1, 1}));
        m_norm = register_module("norm", std::make_shared<Norm>(out));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        return convNormMaxPooled(*m_conv, *m_norm, x, Act::Relu, {2, 2});
    }

 private:
    std::shared_ptr<Conv> m_conv;
    std::shared_ptr<Norm> m_norm;
};

Body build(torch::nn::Module& root, const BuildOptions& options) {
    Body body;
    int channels = 3;
    for (const int width : {32, 64, 128, 256}) {
        const std::string number = std::to_string(body.stages.size() + 1);
        const auto block =
            root.register_module("block" + number, std::make_shared<SmallBlock>(channels, width));
        body.stages.push_back({"block" + number,
                               "block" + number,
                               "Stage " + number,
                               {},
                               [block](const torch::Tensor& x) { return block->forward(x); }});
        channels = width;
    }
    body.channels = channels;
    addOriginalHead(body, root, "fc", options);
    return body;
}

}  // namespace

std::vector<Family> smallCnnFamilies() {
    Family family;
    family.info = {"small_cnn",
                   "Small network",
                   "Learns from scratch in minutes, without pretrained weights; less exact on "
                   "photos.",
                   388896,
                   64,
                   32,
                   0.2,
                   1.0};
    family.build = build;
    family.initConv = initKaimingNormalFanOut;
    return {family};
}

}  // namespace graft
