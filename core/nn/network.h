// Network: the bare module behind a Classifier, an ordered list of named stages and a head. Knows
// nothing of files, freezing or classes' names; families build it. A separate header so that tests
// can also build torchvision's own classifier. Includes torch; private to core/nn and tests.
// Thread: one owner.
#pragma once

#include "core/nn/layers.h"
#include "core/nn/model_spec.h"

#include <functional>
#include <memory>
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

/// Stages run in order; each takes and gives [N, F, H, W].
struct Stage {
    std::string path;  ///< of the layer tree: a parameter prefix, a range "features.4-6" or "stem"
    std::string label;
    std::vector<Block> blocks;  ///< empty where layers stand directly in the stage
    std::function<torch::Tensor(const torch::Tensor&)> run;
};

struct BuildOptions {
    bool tfSame = false;
    int originalClasses = 0;  ///< > 0: also build torchvision's classifier for so many classes
};

/// What a family gives: its modules are registered in the root.
struct Body {
    std::vector<Stage> stages;
    int channels = 0;  ///< F of the last stage
    /// Features -> logits, set when BuildOptions::originalClasses > 0.
    std::function<torch::Tensor(const torch::Tensor&)> originalHead;
};

/// One backbone: adding one is a file that fills this and a line in families/registry.cpp.
struct Family {
    BackboneInfo info;
    bool knowsTfSame = false;
    /// Beginnings of the names of torchvision's classifier, dropped when weights are read.
    std::vector<std::string> classifierPrefixes;
    std::function<Body(torch::nn::Module& root, const BuildOptions&)> build;
    std::function<void(Conv&, at::Generator&)> initConv;
};

struct NetworkOptions {
    int classCount = 0;
    HeadKind head = HeadKind::Replaced;
    bool tfSame = false;
};

class Network : public torch::nn::Module {
 public:
    /// All weights zero until initialise() or a load.
    Network(const Family& family, const NetworkOptions& options);

    /// Random weights as torchvision's; a function of the seed alone.
    void initialise(std::uint64_t seed);

    const std::vector<Stage>& stages() const { return m_body.stages; }
    int channels() const { return m_body.channels; }
    const Family& family() const { return m_family; }
    /// Stages first..last-1.
    torch::Tensor runStages(torch::Tensor x, std::size_t first, std::size_t last) const;
    /// [N, F, H, W] -> [N, F]
    static torch::Tensor pool(const torch::Tensor& features);
    /// Logits from features, without dropout.
    torch::Tensor classify(const torch::Tensor& features) const;
    /// The linear layer of a replaced head; null with the original one.
    Head* head() const { return m_head.get(); }

 private:
    const Family& m_family;  // lives in the registry
    Body m_body;
    std::shared_ptr<Head> m_head;
};

}  // namespace graft
