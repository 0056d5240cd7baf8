// Network: the bare module behind a Classifier, an ordered list of named stages and a head. Knows
// nothing of files, freezing or classes' names; families build it. A separate header so that tests
// can also build torchvision's own classifier. Includes torch; private to core/nn and tests.
// Thread: one owner.
#pragma once

#include "core/nn/key_layouts.h"
#include "core/nn/layers.h"
#include "core/nn/model_spec.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace graft {

enum class HeadKind {
    Replaced,  ///< global average pool, dropout, scaling and linear "head": what Graft trains
    Original,  ///< torchvision's, for comparison with it ("fc", "classifier.1"); no dropout
};

struct Block {
    std::string path;   ///< parameter prefix
    std::string label;  ///< "Block 2"
};

/// Stages run in order; each takes and gives [N, F, H, W], or tokens [N, T, F] in a transformer
/// whose class token has no place in a picture.
struct Stage {
    std::string path;  ///< of the layer tree, see layerIsInside: "layer1", "features.4-6", "stem"
    std::string node;  ///< torchvision's node whose output this is ("maxpool", "features.6")
    std::string label;
    std::vector<Block> blocks;  ///< empty where layers stand directly in the stage
    std::function<torch::Tensor(const torch::Tensor&)> run;
};

struct BuildOptions {
    bool tfSame = false;
    int imageSize = 224;      ///< px; matters where positions have weights of their own
    int originalClasses = 0;  ///< > 0: also build torchvision's classifier for so many classes
};

/// What a family gives: its modules are registered in the root.
struct Body {
    std::vector<Stage> stages;
    /// Features of the last stage -> [N, F]. Without `run` it is the mean over the picture; with a
    /// path it has weights, which are the body's.
    Stage pool;
    int channels = 0;  ///< F that comes out of the pool
    /// Features -> logits, set when BuildOptions::originalClasses > 0.
    std::function<torch::Tensor(const torch::Tensor&)> originalHead;
};

/// One backbone: adding one is a file that fills this and a line in families/registry.cpp.
struct Family {
    BackboneInfo info;
    bool knowsTfSame = false;
    /// Beginnings of the names of torchvision's classifier, dropped when weights are read.
    std::vector<std::string> classifierPrefixes;
    /// The same for classifiers that only help while ImageNet is learnt.
    std::vector<std::string> auxiliaryPrefixes;
    /// Name in an older file -> today's; empty where names never changed.
    std::function<std::string(const std::string&)> currentName;
    /// timm's names for the same network, where they differ.
    KeyLayout timm;
    /// A parameter [1, 1 + n * n, F] of positions, brought to another grid when weights are read.
    std::string positions;
    /// Names that other programs give to stages ("block4_pool") -> torchvision's node.
    std::map<std::string, std::string> aliases;
    std::function<Body(torch::nn::Module& root, const BuildOptions&)> build;
    std::function<void(Conv&, at::Generator&)> initConv;
    /// For each module that is no convolution; empty where those keep what they are made with.
    std::function<void(torch::nn::Module&, at::Generator&)> initRest;
    /// Computes from pictures (batches [N, 3, S, S] float32, normalised) what is not learnt; empty
    /// where all is.
    std::function<void(torch::nn::Module& root, const std::vector<torch::Tensor>& batches)>
        fitToPictures;
};

struct NetworkOptions {
    int classCount = 0;
    HeadKind head = HeadKind::Replaced;
    bool tfSame = false;
    int imageSize = 0;  ///< px; 0 = the backbone's default
};

/// [N, F, H, W] -> [N, F]
torch::Tensor meanOverPicture(const torch::Tensor& features);

class Network : public torch::nn::Module {
 public:
    /// All weights zero until initialise() or a load.
    Network(const Family& family, const NetworkOptions& options);

    /// Random weights as torchvision's; a function of the seed alone.
    void initialise(std::uint64_t seed);

    const std::vector<Stage>& stages() const { return m_body.stages; }
    const Stage& poolStage() const { return m_body.pool; }
    int channels() const { return m_body.channels; }
    bool tfSame() const { return m_tfSame; }  ///< pads as TensorFlow does
    /// By its path, its torchvision node or an alias of the family.
    std::optional<std::size_t> stageNamed(const std::string& name) const;
    /// Where everything random while training comes from; shared with the caller.
    void setGenerator(const at::Generator& generator);
    const Family& family() const { return m_family; }
    /// Stages first..last-1.
    torch::Tensor runStages(torch::Tensor x, std::size_t first, std::size_t last) const;
    /// Features of the last stage -> [N, F].
    torch::Tensor pool(const torch::Tensor& features) const;
    /// Logits from features, without dropout.
    torch::Tensor classify(const torch::Tensor& features) const;
    /// The linear layer of a replaced head; null with the original one.
    Head* head() const { return m_head.get(); }

 private:
    const Family& m_family;  // lives in the registry
    bool m_tfSame;
    Body m_body;
    std::shared_ptr<Head> m_head;
};

}  // namespace graft
